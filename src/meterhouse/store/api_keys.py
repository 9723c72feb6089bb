"""Keys of the REST API: each has a name and a scope, and only its hash is kept."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import Final

from sqlalchemy import bindparam, delete, insert, select

from meterhouse.model import NotFoundError, StateError, UsageError
from meterhouse.store.schema import api_keys
from meterhouse.store.transaction import Transaction

__all__ = ["ApiScope", "SqlApiKeys"]

_TOKEN: Final = 32
"""Random bytes in a token: no salt and no slow hash are needed where nobody can guess."""
_PREFIX: Final = "mh_"

_BY_HASH: Final = select(api_keys.c.scope).where(api_keys.c.hash == bindparam("digest"))
_ALL: Final = select(api_keys.c.name, api_keys.c.scope).order_by(api_keys.c.name)
_BY_NAME: Final = select(api_keys.c.name).where(api_keys.c.name == bindparam("named"))


class ApiScope(StrEnum):
    """What a key may do; each may do what those before it may."""

    READ = "read"
    VEND = "vend"
    ADMIN = "admin"

    def covers(self, wanted: ApiScope) -> bool:
        """Whether a key of this scope may do what `wanted` is needed for."""
        order = list(ApiScope)
        return order.index(self) >= order.index(wanted)


class SqlApiKeys:
    """The keys within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, name: str, scope: ApiScope, random: bytes) -> str:
        """Make a key.

        Args:
            name: who uses it; each name has one key.
            scope: what it may do.
            random: 32 bytes.

        Returns:
            The token. It is shown this once: only its hash is kept.

        Raises:
            StateError: the name has a key.
            UsageError: too few random bytes, or no name.
        """
        if len(random) < _TOKEN or not name:
            raise UsageError(f"a key needs a name and {_TOKEN} random bytes")
        if self._transaction.first(_BY_NAME, {"named": name}) is not None:
            raise StateError(f"'{name}' has a key already", remedy="Remove it first, or choose another name.")
        token = _PREFIX + random.hex()
        self._transaction.execute(insert(api_keys), {"hash": _hash(token), "name": name, "scope": scope.value})
        return token

    def scope(self, token: str) -> ApiScope | None:
        """What a token may do; None where it is not one of ours."""
        row = self._transaction.first(_BY_HASH, {"digest": _hash(token)})
        return None if row is None else ApiScope(row.scope)

    def all(self) -> dict[str, ApiScope]:
        """Every name with what its key may do."""
        return {row.name: ApiScope(row.scope) for row in self._transaction.rows(_ALL)}

    def remove(self, name: str) -> None:
        """Let a key do nothing any more.

        Raises:
            NotFoundError: the name has no key.
        """
        if self._transaction.execute(delete(api_keys).where(api_keys.c.name == name)).rowcount == 0:
            raise NotFoundError(f"'{name}' has no key")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
