"""the schema's steps forward, numbered, never changed once released"""

from meterhouse.store.migrations.m0001_first import STATEMENTS as _FIRST
from meterhouse.store.migrations.m0002_scheme import STATEMENTS as _SCHEME
from meterhouse.store.migrations.m0003_counter import STATEMENTS as _COUNTER
from meterhouse.store.migrations.m0004_unpaid_vends import STATEMENTS as _UNPAID_VENDS
from meterhouse.store.migrations.m0005_refusals import STATEMENTS as _REFUSALS
from meterhouse.store.migrations.m0006_signed_words import STATEMENTS as _SIGNED_WORDS
from meterhouse.store.migrations.m0007_trust import STATEMENTS as _TRUST
from meterhouse.store.migrations.m0008_visits import STATEMENTS as _VISITS
from meterhouse.store.migrations.m0009_viewers import STATEMENTS as _VIEWERS
from meterhouse.store.migrations.migrate import migrate, version_of

__all__ = ["MIGRATIONS", "migrate", "version_of"]

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _SCHEME,
    _COUNTER,
    _UNPAID_VENDS,
    _REFUSALS,
    _SIGNED_WORDS,
    _TRUST,
    _VISITS,
    _VIEWERS,
)
"""Version n is made by the first n; a new one goes to the end."""
