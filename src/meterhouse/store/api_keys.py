"""Keys of the REST API: each has a name, a scope and a role in which it looks at homes; only its hash is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select

from meterhouse.model import NotFoundError, StateError, UsageError
from meterhouse.store.schema import api_keys
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.trust.access import Viewer

__all__ = ["ApiGrant", "ApiScope", "SqlApiKeys"]

_TOKEN: Final = 32
"""Random bytes in a token: no salt and no slow hash are needed where nobody can guess."""
_PREFIX: Final = "mh_"

_BY_HASH: Final = select(api_keys).where(api_keys.c.hash == bindparam("digest"))
_ALL: Final = select(api_keys).order_by(api_keys.c.name)
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


_USUAL: Final[Mapping[ApiScope, Viewer | None]] = {
    ApiScope.READ: Viewer.OPERATOR,
    ApiScope.VEND: Viewer.COUNTER,
    ApiScope.ADMIN: None,
}


@dataclass(frozen=True, slots=True)
class ApiGrant:
    """What a key is for.

    Attributes:
        scope: what it may do.
        viewer: in which role it looks at homes; None: all, for whoever runs the street.
        home: of a customer's key: the one home that it sees.
    """

    scope: ApiScope
    viewer: Viewer | None
    home: str = ""


class SqlApiKeys:
    """The keys within one transaction."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, name: str, scope: ApiScope, random: bytes, viewer: Viewer | None = None, home: str = "") -> str:
        """Make a key.

        Args:
            name: who uses it; each name has one key.
            scope: what it may do.
            random: 32 bytes.
            viewer: in which role it looks at homes; None: operator for reading, counter for selling.
            home: of a customer's key.

        Returns:
            The token. It is shown this once: only its hash is kept.

        Raises:
            StateError: the name has a key.
            UsageError: too few random bytes, no name, or a role that does not go with the scope.
        """
        _check(scope, viewer, home)
        if len(random) < _TOKEN or not name:
            raise UsageError(f"a key needs a name and {_TOKEN} random bytes")
        if self._transaction.first(_BY_NAME, {"named": name}) is not None:
            raise StateError(f"'{name}' has a key already", remedy="Remove it first, or choose another name.")
        token = _PREFIX + random.hex()
        row = {"hash": _hash(token), "name": name, "scope": scope.value, "viewer": viewer or "", "home": home}
        self._transaction.execute(insert(api_keys), row)
        return token

    def scope(self, token: str) -> ApiScope | None:
        """What a token may do; None where it is not one of ours."""
        grant = self.grant(token)
        return None if grant is None else grant.scope

    def grant(self, token: str) -> ApiGrant | None:
        """What a token is for; None where it is not one of ours."""
        row = self._transaction.first(_BY_HASH, {"digest": _hash(token)})
        return None if row is None else _grant(row)

    def grants(self) -> dict[str, ApiGrant]:
        """Every name with what its key is for."""
        return {row.name: _grant(row) for row in self._transaction.rows(_ALL)}

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


def _grant(row: Any) -> ApiGrant:
    scope = ApiScope(row.scope)
    return ApiGrant(scope, Viewer(row.viewer) if row.viewer else _USUAL[scope], row.home)


def _check(scope: ApiScope, viewer: Viewer | None, home: str) -> None:
    if viewer is not None and scope is not ApiScope.READ and viewer is not _USUAL[scope]:
        raise UsageError(
            f"a key of scope {scope} does not look as {viewer}",
            why="Who sells sees what a counter sees; who may do all sees all.",
            remedy="Make a key of scope read.",
        )
    if (viewer is Viewer.CUSTOMER) != bool(home):
        raise UsageError("a customer's key, and no other, is for one home")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
