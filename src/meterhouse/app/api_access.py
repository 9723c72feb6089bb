"""Who may call the API of a street: whoever has a key, or everybody on this machine while no key is made."""

from __future__ import annotations

from meterhouse.store import ApiScope, Database, SqlApiKeys

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
