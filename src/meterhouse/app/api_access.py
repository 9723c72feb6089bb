"""Who may call the API of a street, and what he sees: whoever has a key, or all on this machine while none is made."""

from __future__ import annotations

from meterhouse.app.sight import EVERYTHING, Sight, agreed_homes
from meterhouse.store import ApiScope, Database, SqlApiKeys
from meterhouse.supplier.trust import Viewer

__all__ = ["ApiAccess"]


class ApiAccess:
    """Asks the books at each call, so that a key counts, and a revoked one counts no more, while the street runs.

    Attributes:
        guarded: whether calls need a key. It never goes back while the street runs: who revokes the last key does not
            open the door.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.guarded = bool(database.read(lambda tx: SqlApiKeys(tx).all()))

    def scope_of(self, token: str) -> ApiScope | None:
        """What a caller with this token may do; the empty token stands for none."""
        if not self.guarded:
            self.guarded = bool(self._database.read(lambda tx: SqlApiKeys(tx).all()))
        if not self.guarded:
            return ApiScope.ADMIN
        return self._database.read(lambda tx: SqlApiKeys(tx).scope(token)) if token else None

    def console_sight(self, viewer: Viewer | None) -> Sight:
        """What a console of a role sees of homes; a consent counts as soon as it is noted."""
        if viewer is None:
            return EVERYTHING
        return Sight(viewer, "", lambda home: home in self._database.read(lambda tx: agreed_homes(tx, viewer)))

    def sight_of(self, token: str) -> Sight | None:
        """What a caller with this token sees of homes; None for nothing, as where its key was just revoked."""
        if self.scope_of(token) is None:
            return None
        if not self.guarded:
            return EVERYTHING
        grant = self._database.read(lambda tx: SqlApiKeys(tx).grant(token))
        if grant is None:
            return None
        viewer = grant.viewer
        if viewer is None:
            return EVERYTHING
        agreed = self._database.read(lambda tx: agreed_homes(tx, viewer))
        return Sight(viewer, grant.home, agreed.__contains__)
