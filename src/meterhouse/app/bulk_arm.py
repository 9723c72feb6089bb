"""Many supplies armed again after a malfunction: each meter gets an order, in batches, gone on with at any time.

What was raised is in the data base, under the name of the recovery; nothing else is kept. So whoever says the same
again goes on where the last one stopped, and a meter that was not reached gets another order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from meterhouse.app.keys import StreetKeys
from meterhouse.app.sign_client import Signing
from meterhouse.app.sign_daemon import WORDS_AT_ONCE
from meterhouse.app.work_orders import WorkOrders, open_work_orders
from meterhouse.companion.arm_code import arm_code
from meterhouse.companion.sealed import SealedError
from meterhouse.model import DAY, Eui64, Fuel, Instant, MeterhouseError, NotFoundError, PolicyError, StateError
from meterhouse.store import Database, SqlHomeBook, Transaction
from meterhouse.supplier.trust import ARM_SUPPLY, Deed, OrderDesk, OrderRequest, WorkOrder, WorkState, supply_content

__all__ = ["ArmLine", "ArmRecovery", "ArmStanding", "open_recovery"]

_ON_ALREADY: Final = ("refused: state", "(state)")
"""How an arm of a supply that is on ends: there is nothing to arm."""


class ArmStanding(StrEnum):
    """How far a recovery has come at one meter."""

    ARMED = "armed"
    ON = "on already"
    UNDER_WAY = "under way"
    NOT_RAISED = "not raised"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class ArmLine:
    """One line of the report.

    Attributes:
        home: as it was asked for.
        device: its meter; None where none is known.
        standing: how far it has come.
        order: number of its newest order; empty where there is none.
        why: in words, where it was not reached.
    """

    home: str
    device: Eui64 | None
    standing: ArmStanding
    order: str = ""
    why: str = ""


class ArmRecovery(WorkOrders):
    """Work orders, and the arming of many homes by one person: no brake, approval or cooling-off holds it back."""

    def arm_homes(
        self, name: str, homes: Iterable[str], fuel: Fuel, reason: str, person: str, passphrase: str
    ) -> Iterator[tuple[ArmLine, ...]]:
        """Raise an order for each meter of that fuel that has none under way and is not armed; a batch at a time.

        Args:
            name: of the recovery; the same name goes on with it.
            homes: which.
            fuel: whose supplies.
            reason: in words for the customers.
            person: who raises them.
            passphrase: that person's.

        Yields:
            After each batch, which is durable then, how the meters of it stand.

        Raises:
            PolicyError: the person may not raise orders.
            LinkError: the signing daemon is away; what was raised before stays.
        """
        done = self._newest(name)
        for batch in _batches(self._meters(homes, fuel)):
            wanted, lines, now = [], [], self.now()
            for home, device in batch:
                line = _line(home, device, done.get(device) if device else None, now)
                if device is None or line.standing not in {ArmStanding.NOT_RAISED, ArmStanding.NOT_REACHED}:
                    lines.append(line)
                    continue
                code, content = ARM_SUPPLY[fuel], supply_content(fuel, arm=True)
                wanted.append(OrderRequest(device, home, code, content, reason, "", name))
            raised = self._raise_all(wanted, person, passphrase) if wanted else []
            for request, came in zip(wanted, raised, strict=True):
                lines.append(_came(request, came))
            yield tuple(lines)

    def report(self, name: str, homes: Iterable[str], fuel: Fuel) -> tuple[ArmLine, ...]:
        """How every meter of a recovery stands now, in the order of the homes."""
        done, now = self._newest(name), self.now()
        return tuple(
            _line(home, device, done.get(device) if device else None, now) for home, device in self._meters(homes, fuel)
        )

    def tell_code(
        self, home: str, number: int, keys: StreetKeys, reason: str, person: str, passphrase: str
    ) -> tuple[WorkOrder, str]:
        """The code that arms the electricity meter of a home on the spot, for whoever tells the number that it shows.

        It is an arm like any other: raised by a person, on record, and sent as well, should the network be back.

        Raises:
            NotFoundError: the home has no electricity meter.
            UsageError: no meter shows that number.
            PolicyError: the person may not raise orders, or the home is not to be armed.
            LinkError: the signing daemon is away.
        """
        device = next((device for _, device in self._meters([home], Fuel.ELECTRICITY)), None)
        if device is None:
            raise NotFoundError(f"home {home} has no electricity meter", remedy="Look at the registry.")
        code, content = ARM_SUPPLY[Fuel.ELECTRICITY], supply_content(Fuel.ELECTRICITY, arm=True)
        digits = arm_code(keys.arm_codes(device), device, number)
        evidence = f"a code was told for number {number:04d}"
        request = OrderRequest(device, home, code, content, reason, evidence)
        return self.raise_order(request, person, passphrase, self.now()), digits

    # inside ----------------------------------------------------------------------------------------------------------

    def _newest(self, name: str) -> Mapping[Eui64, WorkOrder]:
        """The newest order of a recovery for each device."""
        return {order.device: order for order in self.list() if order.group == name}

    def _meters(self, homes: Iterable[str], fuel: Fuel) -> Iterator[tuple[str, Eui64 | None]]:
        for home in dict.fromkeys(homes):
            found = self._database.read(partial(_meters_of, home))
            meters: list[Eui64 | None] = [device for device, of in found if of is fuel]
            yield from ((home, device) for device in meters or [None])

    def _raise_all(
        self, requests: Sequence[OrderRequest], person: str, passphrase: str
    ) -> list[WorkOrder | MeterhouseError]:
        now = self.now()
        drafted = self._act(lambda desk: [_or_why(partial(desk.draft, each, now)) for each in requests], now)
        good = [each for each in drafted if isinstance(each, WorkOrder)]
        said = self._signing.write_all(person, passphrase, Deed.RAISE, [each.digest for each in good]) if good else []
        words = dict(zip((each.number for each in good), said, strict=True))

        def keep(desk: OrderDesk) -> list[WorkOrder | MeterhouseError]:
            kept: list[WorkOrder | MeterhouseError] = []
            for each in drafted:
                if isinstance(each, WorkOrder):
                    word = words[each.number]
                    kept.append(_or_why(partial(desk.raise_order, each, word, max(now, word.at))))
                else:
                    kept.append(each)
            return kept

        return self._act(keep, now)


def open_recovery(database: Database, trust: Path, signing: Signing | None = None) -> ArmRecovery:
    """See `open_work_orders`."""
    return open_work_orders(database, trust, signing, made=ArmRecovery)


def _batches(meters: Iterator[tuple[str, Eui64 | None]]) -> Iterator[list[tuple[str, Eui64 | None]]]:
    """As many at a time as one passphrase speaks for."""
    while batch := list(islice(meters, WORDS_AT_ONCE)):
        yield batch


def _meters_of(home: str, transaction: Transaction) -> tuple[tuple[Eui64, Fuel], ...]:
    return SqlHomeBook(transaction).meters(home)


def _or_why(act: Callable[[], WorkOrder]) -> WorkOrder | MeterhouseError:
    """What comes of an act about one order of many: the others are not stopped by it."""
    try:
        return act()
    except (PolicyError, NotFoundError, SealedError, StateError) as error:
        return error


def _came(request: OrderRequest, came: WorkOrder | MeterhouseError) -> ArmLine:
    if isinstance(came, MeterhouseError):
        return ArmLine(request.home, request.device, ArmStanding.NOT_RAISED, "", came.sentence())
    return ArmLine(request.home, request.device, ArmStanding.UNDER_WAY, came.number)


def _line(home: str, device: Eui64 | None, order: WorkOrder | None, now: Instant) -> ArmLine:
    """How a meter stands by the newest order for it."""
    if device is None:
        return ArmLine(home, None, ArmStanding.NOT_RAISED, "", "no such meter is registered for this home")
    if order is None:
        return ArmLine(home, device, ArmStanding.NOT_RAISED)
    if order.state is WorkState.DONE:
        # An arm dies after a day: whoever asks again later wants another.
        old = now - order.raised_at > DAY
        standing, why = (ArmStanding.NOT_REACHED, "armed more than a day ago") if old else (ArmStanding.ARMED, "")
        return ArmLine(home, device, standing, order.number, why)
    if order.state in {WorkState.REFUSED, WorkState.EXPIRED, WorkState.CANCELLED}:
        on = order.why.endswith(_ON_ALREADY)
        return ArmLine(home, device, ArmStanding.ON if on else ArmStanding.NOT_REACHED, order.number, order.why)
    return ArmLine(home, device, ArmStanding.UNDER_WAY, order.number)
