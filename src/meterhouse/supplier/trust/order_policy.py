"""When and whom an order may hit: cooling-off, the hours of the day, protected customers, four eyes (S0-54)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Protocol

from meterhouse.companion.brake import is_braked
from meterhouse.companion.sealed import Catalogue, UseCase
from meterhouse.model import HOUR, MINUTE, Duration, Eui64, Instant, PolicyError, instant_of
from meterhouse.supplier.trust.people import Deed, Duty, Staff, believe
from meterhouse.supplier.trust.work_order import WorkOrder

__all__ = ["CutHours", "HomeBook", "HomeStanding", "OrderPolicy", "WhatIf", "check_statements", "use_case_of"]

_NEVER: Final = Instant(0)
_LOOK_AHEAD: Final = 30
"""Days in which some hours for cutting must come."""


@dataclass(frozen=True, slots=True)
class HomeStanding:
    """What matters of a home before anybody thinks of cutting it.

    Attributes:
        premises: the binding of the device to supply point and tenancy.
        feeder: empty where unknown.
        protected: why it is never to be cut; empty where nothing speaks against it.
        last_paid: when somebody last paid for it; None for never.
        frozen_until: not to be cut before, after a change of credentials or supplier.
        supplier: whose home it is, where somebody has said so; empty otherwise.
        visit: who works on the installation now, in words; empty for nobody. Nothing is armed meanwhile.
    """

    premises: bytes
    feeder: str = ""
    protected: str = ""
    last_paid: Instant | None = None
    frozen_until: Instant = _NEVER
    supplier: str = ""
    visit: str = ""


class HomeBook(Protocol):
    """What the supplier knows of homes."""

    def standing(self, home: str, device: Eui64) -> HomeStanding | None:
        """How a home stands; None where that device is not in it, or the home is not ours."""


class WhatIf(Protocol):
    """Reckons what a batch of orders would do, before anybody signs it."""

    def homes_off(self, batch: Sequence[WorkOrder]) -> int:
        """How many homes will be without supply within seven days because of it, that otherwise would not."""


@dataclass(frozen=True, slots=True)
class CutHours:
    """When a supply may be cut, in local time: shops are open, and stay open tomorrow.

    Attributes:
        zone: of the homes; whoever wires it in reads it from the time zone data base.
        first: minute of the day from which; inclusive.
        last: minute of the day to which; exclusive.
        weekdays: 0 is Monday.
        holidays: days on which nothing is cut.
    """

    zone: tzinfo = UTC
    first: int = 9 * 60
    last: int = 15 * 60
    weekdays: frozenset[int] = frozenset({0, 1, 2, 3})
    holidays: frozenset[date] = field(default_factory=frozenset)

    def window(self, at: Instant) -> tuple[Instant, Instant]:
        """The first stretch of allowed time that ends after `at`: from its begin, or from `at`, to its end.

        Raises:
            PolicyError: there is none within 30 days.
        """
        today = datetime.fromtimestamp(at // 1000, UTC).astimezone(self.zone).date()
        for ahead in range(_LOOK_AHEAD):
            day = today + timedelta(days=ahead)
            if day.weekday() not in self.weekdays or day in self.holidays:
                continue
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            begin = instant_of(midnight + timedelta(minutes=self.first))
            end = instant_of(midnight + timedelta(minutes=self.last))
            if at < end:
                return max(begin, at), Instant(end - 1)
        raise PolicyError("no supply may be cut in the next 30 days", remedy="Look at the hours in the settings.")

    def allow(self, at: Instant) -> bool:
        """Whether a supply may be cut at this instant."""
        return self.window(at)[0] == at


@dataclass(frozen=True, slots=True)
class OrderPolicy:
    """The rules of one place; desk, signing daemon and confirm service each have their own.

    Attributes:
        cooling_off: ms between the last approval and the first instant of the mandate.
        lasts: ms from then that the mandate holds at most.
        unapproved: ms after which an order that nobody approved is over.
        hours: when supplies may be cut.
        group_disable: whether orders for a group of homes exist at all (C-06).
        group_approvals: officers that must approve one.
        reason_length: least length of reason and evidence each, so that nobody leaves them out with a dot.
    """

    cooling_off: Duration = 15 * MINUTE
    lasts: Duration = 6 * HOUR
    unapproved: Duration = 7 * 24 * HOUR
    hours: CutHours = field(default_factory=CutHours)
    group_disable: bool = False
    group_approvals: int = 2
    reason_length: int = 8

    def approvals_needed(self, order: WorkOrder, use_case: UseCase) -> int:
        """How many others must approve: nobody where it only leads back to supply."""
        if not is_braked(use_case):
            return 0
        return self.group_approvals if order.group else 1

    def mandate(self, use_case: UseCase, approved: Instant) -> tuple[Instant, Instant]:
        """First and last instant of the mandate of an order that was approved then.

        Raises:
            PolicyError: there are no hours for it.
        """
        if not is_braked(use_case):
            return approved, Instant(approved + self.lasts)
        first = Instant(approved + self.cooling_off)
        if use_case.effect != "supply":
            return first, Instant(first + self.lasts)
        begin, end = self.hours.window(first)
        return begin, min(end, Instant(begin + self.lasts))


def use_case_of(catalogue: Catalogue, code: int) -> UseCase:
    """The use case of a message code.

    Raises:
        PolicyError: it is not in the catalogue.
    """
    use_case = catalogue.get(code)
    if use_case is None:
        raise PolicyError(f"message code {code:#06x} is not in the catalogue")
    return use_case


def check_statements(
    order: WorkOrder, use_case: UseCase, policy: OrderPolicy, staff: Staff, *, complete: bool = True
) -> Instant:
    """Let an order pass that the right people have signed: raiser, and other approvers, each for this very order.

    Desk, signing daemon and confirm service each ask this of their own list of staff: a row that was written into the
    data base by hand has no such signatures.

    Args:
        order: the order.
        use_case: what it is.
        policy: how many must approve.
        staff: who they are.
        complete: whether all that are needed must be there.

    Returns:
        When the last of them signed.

    Raises:
        PolicyError: too few, the same person twice, a wrong duty, or a group order where there are none.
        AuthenticationError: a signature is wrong.
    """
    if order.raised is None or order.raised.deed is not Deed.RAISE:
        raise PolicyError(f"nobody has signed that order {order.number} be raised")
    if order.group and not policy.group_disable and is_braked(use_case):
        raise PolicyError(
            f"order {order.number} is for a group of homes",
            why="Group orders are off.",
            remedy="Raise an order for each home.",
        )
    raiser = believe(order.raised, order.digest, staff)
    names = {raiser.name}
    last = order.raised.at
    for approval in order.approvals:
        if approval.deed is not Deed.APPROVE:
            raise PolicyError(f"a statement to {approval.deed} is no approval")
        person = believe(approval, order.digest, staff)
        if person.name in names:
            raise PolicyError(
                f"{person.name} has signed order {order.number} already", remedy="Somebody else must approve it."
            )
        if order.group and Duty.OFFICER not in person.duties:
            raise PolicyError(f"{person.name} is no officer", why="A group order is approved by officers.")
        names.add(person.name)
        last = max(last, approval.at)
    needed = policy.approvals_needed(order, use_case)
    if complete and len(order.approvals) < needed:
        raise PolicyError(f"order {order.number} has {len(order.approvals)} approvals of {needed}")
    return last
