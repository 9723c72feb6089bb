"""Attacks from inside the supplier: one person who may do everything, and books that are wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from meterhouse.app.street_trust import SUPPLIER
from meterhouse.companion.release import release_by, sign_release
from meterhouse.companion.sealed import Reason
from meterhouse.model import HOUR, MINUTE, SECOND, Fuel, Instant, MeterhouseError
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.office import OFFICERS, Office, person_key
from meterhouse.supplier.trust import CUT_SUPPLY, Deed, WorkOrder, WorkState, state, supply_content

__all__ = ["one_person", "wrong_books"]

_HOMES: Final = 10_000
_WRONG_IN: Final = 100
"""One row of so many is wrong."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """What Root has to begin with: an order of his own, one of honest people, an arm of his own, and when."""

    own: WorkOrder
    honest: WorkOrder
    arm: WorkOrder
    late: Instant

    def tampered(self, office: Office) -> Iterator[tuple[str, WorkOrder]]:
        """Rows that he writes into the books."""
        own, honest, arm = self.own, self.honest, self.arm
        assert own.raised is not None
        at: dict[str, Any] = {
            "not_before": self.late,
            "not_after": Instant(self.late + HOUR),
            "state": WorkState.APPROVED,
        }
        word = office.word("Root", Deed.APPROVE, own, NOON)
        forged = state("Bob", person_key("Root"), Deed.APPROVE, own.digest, NOON)
        by_bob = state("Bob", person_key("Root"), Deed.RAISE, own.digest, NOON)
        code, content = CUT_SUPPLY[Fuel.ELECTRICITY], supply_content(Fuel.ELECTRICITY, arm=False)
        yield "approves what he raised", replace(own, approvals=(word,), **at)
        yield "approves twice", replace(own, approvals=(word, word), **at)
        yield "marks it approved", replace(own, **at)
        yield "marks it sent", replace(own, **(at | {"state": WorkState.SENT}))
        yield "writes another's name under his word", replace(own, approvals=(replace(word, person="Bob"),), **at)
        yield "signs in another's name", replace(own, approvals=(forged,), **at)
        yield "lets another have raised it", replace(own, raised=by_bob, approvals=(word,), **at)
        yield "calls his word to raise it an approval", replace(own, approvals=(own.raised,), **at)
        yield "takes an approval of another order", replace(own, approvals=honest.approvals, **at)
        yield "turns an approved order to another home", replace(honest, device=own.device, home=own.home, **at)
        yield "gives an approved order another number", replace(honest, number="W999999", device=own.device, **at)
        yield "makes it a group's", replace(own, group="all", approvals=(word,), **at)
        yield "arms, and makes a cut of it", replace(arm, code=code, content=content, **at)
        yield "arms, and writes a cut's content", replace(arm, content=content, **at)
        yield "says that no home goes off", replace(own, homes_off=0, approvals=(word,), **at)


@attack("T11", "one person with every duty, desk, console and data base, but one passphrase, tries to cut a home")
def one_person(terms: Terms) -> Tally:
    """What he writes is put before the signing daemon, the confirm service and the meter, each by itself."""
    tally, fleet = Tally(), Fleet(terms.seed, 5)
    office = Office(fleet, _HOMES)
    mark, other, third, again, genuine = fleet.marks
    honest = office.approved(office.request(other), Instant(NOON + MINUTE))
    own = office.raised(office.request(mark), NOON, "Root")
    arm = office.raised(office.request(third, arm=True), NOON, "Root")
    rows = _Rows(own, honest, arm, Instant(NOON + 30 * MINUTE))
    books = dict(office.records.orders)
    paths = []
    for path, row in rows.tampered(office):
        paths.append(path)
        target = next(one for one in fleet if one.device == row.device)
        tally.tried(_signs(office, row, rows.late), f"{path}: signed")
        tally.tried(_confirmed(office, row, target, rows.late), f"{path}: confirmed, and off")
        office.records.orders = dict(books)
    early = Instant(honest.not_before - MINUTE)
    for path, done in _deeds(office, own, honest, early).items():
        paths.append(path)
        tally.tried(done, path)
    tally.figures["paths"] = len(paths)
    tally.figures["tried"] = paths
    tally.tried(not all(one.on for one in fleet), "a supply is off")
    tally.must(office.genuine(genuine, Instant(NOON + HOUR)), "a cut that two people have signed")
    tally.must(again.on, "nobody else's supply is off")
    return tally


def _signs(office: Office, row: WorkOrder, at: Instant) -> bool:
    try:
        office.signing.sign(row, at)
    except MeterhouseError:
        return False
    return True


def _confirmed(office: Office, row: WorkOrder, mark: Mark, at: Instant) -> bool:
    """With the supplier's key, too, by whatever way he has it; the question is then what the books make of it."""
    try:
        bare = mark.order(row.code, row.content, at)
    except MeterhouseError:  # no key signs what its code cannot hold
        return False
    office.records.put(replace(row, state=WorkState.SENT, envelope=bare.encode(), order_hash=bare.identity))
    return office.deliver(mark, office.sealed(bare), at)


def _deeds(office: Office, own: WorkOrder, honest: WorkOrder, early: Instant) -> dict[str, bool]:
    """What he tries at desk, daemon, brakes and line, and whether it was done."""
    root = person_key("Root")
    brake = office.brakes["B2"]
    brake.trip("tried by hand")
    keys = {name: person.public for name, person in office.staff.items()}
    word = office.word("Root", Deed.APPROVE, own, NOON)
    tries: dict[str, Callable[[], object]] = {
        "approves at the desk": lambda: office.desk.approve(own.number, word, NOON),
        "has the daemon sign before it has cooled off": lambda: office.signing.sign(honest, early),
        "writes with another's name at the daemon": lambda: office.signing.write(
            "Bob", root, Deed.APPROVE, own.digest, NOON
        ),
        "releases a tripped brake": lambda: release_by(brake, "Root", sign_release(root, "B2", brake.trips), keys),
        "releases it in an officer's name": lambda: release_by(
            brake, OFFICERS[0], sign_release(root, "B2", brake.trips), keys
        ),
        "has the daemon sign while its brake has tripped": lambda: office.signing.sign(honest, honest.not_before),
    }
    done = {}
    for path, deed in tries.items():
        try:
            deed()
        except MeterhouseError:
            done[path] = False
        else:
            done[path] = True
    done["opens the brake with all that"] = not brake.latched
    office.release("B2")
    return done


@attack("T12", "one row of a hundred in the supplier's registry is wrong: meters swapped between homes, tenants of old")
def wrong_books(terms: Terms) -> Tally:
    """Every home of the registry with a wrong row is cut in good faith. A meter knows from the spot where it hangs."""
    rows = terms.tries(_HOMES, 800)
    wrong = rows // _WRONG_IN
    tally, fleet = Tally(), Fleet(terms.seed, 2 * wrong)
    office = Office(fleet, rows, wide=("B1", "B2", "B3", "B4"))
    broken, right = fleet.marks[:wrong], fleet.marks[wrong:]
    _confuse(office, broken)
    found = 0
    for number, mark in enumerate(broken):
        at = Instant(NOON + number * SECOND)
        device, supply_number, tenancy = office.registry.rows[mark.unit.home]
        told = next(one for one in broken if one.device == device)
        found += _found(office, told, supply_number, tenancy, at)
        request = replace(office.request(mark), device=device)
        order = office.approved(request, at)
        envelope = office.signed(order)
        office.deliver(told, office.sealed(envelope), order.not_before)
        told.meter.elapse(Instant(order.not_before + 16 * MINUTE))
        tally.tried(
            not told.on, f"{told.device}, which hangs in home {told.unit.home}, is off for home {mark.unit.home}"
        )
    for number, mark in enumerate(right):
        tally.must(office.genuine(mark, Instant(NOON + HOUR + number * SECOND)), f"a cut of home {mark.unit.home}")
    tally.figures["rows"] = rows
    tally.figures["wrong rows"] = wrong
    tally.figures["found by a harmless order at commissioning, permille"] = found * 1000 // wrong
    return tally


def _confuse(office: Office, broken: list[Mark]) -> None:
    """Half of the wrong rows have each other's meter, half the tenant before or after."""
    registry = office.registry.rows
    half = len(broken) // 4 * 2
    for left, right in zip(broken[:half:2], broken[1:half:2], strict=True):
        one, two = registry[left.unit.home], registry[right.unit.home]
        registry[left.unit.home], registry[right.unit.home] = (two[0], *one[1:]), (one[0], *two[1:])
    for mark in broken[half:]:
        device, number, tenancy = registry[mark.unit.home]
        registry[mark.unit.home] = device, number, tenancy + 1


def _found(office: Office, told: Mark, supply_number: str, tenancy: int, at: Instant) -> bool:
    """An arm of a supply that is on changes nothing; but its meter says whether the books have its home right."""
    unit = replace(told.unit, supply_number=supply_number, tenancy=tenancy)
    trusted, told.unit = told.unit, unit
    order = told.arm(at)
    told.unit = trusted
    closed = office.carried(SUPPLIER, order, at)
    if closed is None:
        return False
    return told.gate.take(closed.encode(), at) is Reason.PREMISES
