"""What a caller sees of a home: by the privacy matrix, and by what the customer has agreed to (S3-17)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from meterhouse.model import Instant, NotFoundError, PolicyError
from meterhouse.store import Database, SqlAuditChain, SqlRegistry, SqlTrustRecords, Transaction
from meterhouse.supplier.trust import Access, DataKind, Viewer, parse_access

__all__ = ["EVERYTHING", "TOLD", "Sight", "SightError", "agreed_homes", "consent", "event_seen", "own_access"]

_CONSENT: Final = "consent"
_GIVEN: Final = "given"


@cache
def own_access() -> Access:
    """The matrices in `supplier/trust/access.toml`."""
    return parse_access(files("meterhouse.supplier.trust").joinpath("access.toml").read_text(encoding="utf-8"))


class SightError(PolicyError):
    """A caller does not see this kind of data of this home."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller sees.

    Attributes:
        viewer: as whom; None for whoever runs the street, who has its data folder anyway.
        home: of a customer, who sees no other.
        agreed: whether a home's customer has agreed that this viewer sees more.
    """

    viewer: Viewer | None = None
    home: str = ""
    agreed: Callable[[str], bool] = lambda _home: False

    def sees(self, kind: DataKind, home: str) -> bool:
        """Whether this caller sees a kind of data of a home."""
        if self.viewer is None:
            return True
        if self.viewer is Viewer.CUSTOMER and home != self.home:
            return False
        access = own_access()
        return access.shows(self.viewer, kind, consent=False) or (
            access.shows(self.viewer, kind, consent=True) and self.agreed(home)
        )

    def sees_any(self, home: str) -> bool:
        """Whether a home exists for this caller at all."""
        return any(self.sees(kind, home) for kind in DataKind)

    def require(self, home: str, *kinds: DataKind) -> None:
        """Let a look pass at all of these kinds.

        Raises:
            SightError: one of them is not for this caller.
        """
        for kind in kinds:
            if not self.sees(kind, home):
                could = self.viewer is not None and own_access().shows(self.viewer, kind, consent=True)
                mine = self.viewer is not Viewer.CUSTOMER or home == self.home
                raise SightError(
                    f"A key of the role {self.viewer} does not see {kind} of home {home[:64]}.",
                    why="Who sees which data of a home is settled in one table, for everybody.",
                    remedy="Ask the customer to agree." if could and mine else "Ask the operator for what you need.",
                )


EVERYTHING: Final = Sight()
"""Of whoever runs the street."""


TOLD: Final[Mapping[str, DataKind]] = {
    "debt.": DataKind.DEBT,
    "emergency.": DataKind.PAYMENTS,
    "gas.manual_reading": DataKind.REGISTERS,
    "low_credit": DataKind.PAYMENTS,
    "switch.no_credit": DataKind.PAYMENTS,
    "token.": DataKind.PAYMENTS,
    "valve.": DataKind.REGISTERS,
}
"""Events whose sentences tell more than that something happened, by how their kind begins."""


def event_seen(kind: str, home: str, sight: Sight) -> bool:
    """Whether a caller sees an event of a home."""
    needs = (DataKind.EVENTS, *(needed for start, needed in TOLD.items() if kind.startswith(start)))
    return all(sight.sees(needed, home) for needed in needs)


def agreed_homes(transaction: Transaction, viewer: Viewer) -> frozenset[str]:
    """Homes whose customers have agreed that a viewer sees more."""
    given = SqlTrustRecords(transaction).all(_CONSENT, [_GIVEN])
    return frozenset(body["home"] for body in given if body["viewer"] == viewer.value)


def consent(database: Database, home: str, viewer: Viewer, who: str, now: Instant, *, given: bool) -> None:
    """Note that a customer agrees that a viewer sees more of the home, or agrees no longer; it counts at once.

    Raises:
        NotFoundError: no such home.
        PolicyError: there is nothing that this viewer sees by consent.
    """
    if not own_access().consented[viewer]:
        raise PolicyError(f"the role {viewer} sees nothing by consent", remedy="Nothing needs to be agreed to.")

    def note(transaction: Transaction) -> None:
        if home not in {each.home for each in SqlRegistry(transaction).homes()}:
            raise NotFoundError(f"There is no home {home[:64]}.")
        state, body = _GIVEN if given else "withdrawn", {"home": home, "viewer": viewer.value}
        SqlTrustRecords(transaction).put(_CONSENT, f"{home}/{viewer}", state, body, now, subject=home)
        SqlAuditChain(transaction).write(now, who, f"consent.{state}", home, {"viewer": viewer.value})

    database.run(note)
