"""Attacks while homes change their supplier: by the one that loses them, and by the one that gains them too fast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Final

from meterhouse.app.street_trust import SUPPLIER
from meterhouse.companion.certificate import CertifiedRole, Domain, Identity, identity_on_chain
from meterhouse.companion.sealed import OrderCode, Party, Role
from meterhouse.crypto import P256, KeyPair, Purpose, sha256
from meterhouse.model import DAY, HOUR, MINUTE, Eui64, Fuel, Instant, MeterhouseError
from meterhouse.premises.orders import DeviceTrust
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.store import Database, SqlCentreRecords, Transaction
from meterhouse.supplier.trust import (
    Credentials,
    Device,
    HandOver,
    HandOverOffice,
    Issuer,
    LifeState,
    found_hierarchy,
    issue,
    parties_of,
    sign_hand_over,
    supply_content,
)

__all__ = ["changing_hands"]

_HOMES: Final = 1_000
_GAINER: Final = Eui64(b"\x02MH\x09\0\0\0\x11")
_OFFICE: Final = Eui64(b"\x02MH\x09\0\0\0\x12")
_FREEZE: Final = 72 * HOUR
_SOON: Final = (0, HOUR, DAY, 2 * DAY, _FREEZE - MINUTE)
"""After the hand-over; all of it is frozen."""


class _Market:
    """The security centre of a street whose homes change hands."""

    def __init__(self, fleet: Fleet, database: Database) -> None:
        self.fleet, self.database = fleet, database
        numbers = count(1)
        entropy: Callable[[int], bytes] = lambda size: sha256(next(numbers).to_bytes(8, "big"))[:size]  # noqa: E731 -- it is handed on
        keys = {each: KeyPair(P256, sha256(f"issuer {each}".encode())) for each in Issuer}
        issuers = found_hierarchy(KeyPair(P256, sha256(b"root")), keys, NOON, entropy)
        self.people: dict[Eui64, Identity] = {}
        roles = {SUPPLIER: CertifiedRole.SUPPLIER, _GAINER: CertifiedRole.SUPPLIER}
        for who, role in (roles | {_OFFICE: CertifiedRole.CHANGE_OF_SUPPLIER}).items():
            der = issue(issuers, who, role, Purpose.SIGN, fleet.keys.pair("sign", who).public, NOON, entropy)
            self.people[who] = identity_on_chain(der, issuers.chain, [issuers.root], Purpose.SIGN, NOON)
        database.run(self._enter)

    def _enter(self, tx: Transaction) -> None:
        records = SqlCentreRecords(tx)
        credentials = Credentials(records, {})
        for identity in self.people.values():
            credentials.issued(identity, "centre", NOON)
        for mark in self.fleet:
            signing = self.fleet.trust.signing(mark.device).public
            agreeing = self.fleet.trust.agreeing(mark.device).public
            device = Device(
                mark.device, "electricity-meter", Domain.UTILITY, "Acme", "1", LifeState.IN_SERVICE, signing, agreeing,
                mark.unit.home, supplier=str(SUPPLIER),
            )  # fmt: skip
            records.put_device(device, NOON, "centre", "entered")

    def hand_over(self, change: HandOver, gainer: Eui64, signers: tuple[Eui64, ...], now: Instant) -> Device:
        """By whoever has signed."""
        signatures = {who: sign_hand_over(self.fleet.keys.pair("sign", who), change) for who in signers}

        def do(tx: Transaction) -> Device:
            records = SqlCentreRecords(tx)
            office = HandOverOffice(records, Credentials(records, {}))
            args = self.people[_OFFICE], self.people[gainer], signatures, now
            return office.hand_over(change, *args).device

        return self.database.run(do)

    def slots(self, mark: Mark, device: Device) -> DeviceTrust:
        """What the meter is given then: the present supplier's party, and nobody else's of that role."""
        suppliers = {who: self.people[who] for who in (SUPPLIER, _GAINER)}
        parties = {who: party for who, party in mark.gate.trust.parties.items() if party.role is not Role.SUPPLIER}
        found: dict[Eui64, Party] = parties | parties_of(device, suppliers)
        return replace(mark.gate.trust, parties=found)

    def revoke(self, who: Eui64, now: Instant) -> None:
        """A certificate is gone by no more."""
        serial = self.people[who].certified.serial.hex()
        self.database.run(lambda tx: Credentials(SqlCentreRecords(tx), {}).revoke(serial, "stolen", "centre", now))

    def warned(self, who: Eui64) -> int:
        """How many days before its end a certificate is first listed as ending."""
        ends = self.people[who].certified.ends

        def listed(now: Instant) -> bool:
            def look(tx: Transaction) -> bool:
                credentials = Credentials(SqlCentreRecords(tx), {})
                return any(each.ends == ends for each in credentials.ending(now))

            return self.database.read(look)

        return next(days for days in range(90, -1, -1) if listed(Instant(ends - days * DAY)))


@attack("T40", "homes change their supplier; the loser goes on, the gainer cuts at once, homes are taken back")
def changing_hands(terms: Terms) -> Tally:
    """From the hand-over on the loser is nobody, what it had under way is over, and for 72 hours nobody cuts."""
    tally, fleet = Tally(), Fleet(terms.seed, terms.tries(_HOMES, 8))
    with Database("sqlite://") as database:
        market = _Market(fleet, database)
        for number, mark in enumerate(fleet):
            at = Instant(NOON + number * MINUTE)
            before = _under_way(mark, at, pending=number % 2 == 0)
            change = HandOver(mark.device, SUPPLIER, _GAINER, at)
            _taken_alone(tally, market, change, at)
            device = market.hand_over(change, _GAINER, (_OFFICE, _GAINER), at)
            mark.adopt(market.slots(mark, device), at)
            _loser_goes_on(tally, mark, before, at)
            _gainer_is_hasty(tally, mark, at)
            _taken_back(tally, market, mark, change, at)
            later = Instant(at + _FREEZE + MINUTE)
            tally.must(_cut_by(mark, _GAINER, later), f"{mark.device}: the gainer's cut after the freeze")
            mark.take(_arm(mark, SUPPLIER, later), later)
            tally.tried(mark.gate.armed, f"{mark.device}: the loser armed it")
            mark.take(_arm(mark, _GAINER, later), later)
            tally.must(mark.meter.press_button(later), f"{mark.device}: the gainer's arm, and a hand")
        tally.figures["days of warning before a certificate ends"] = market.warned(_GAINER)
        _bad_certificates(tally, market, fleet.marks[0])
    tally.figures["homes"] = len(fleet.marks)
    tally.figures["frozen, hours"] = _FREEZE // HOUR
    return tally


def _under_way(mark: Mark, at: Instant, *, pending: bool) -> list[bytes]:
    """What the loser has sent or kept: orders to cut, and the confirm service's yes to one that is pending."""
    kept = [mark.cut(at).encode(), mark.arm(at).encode()]
    if pending:
        order = mark.cut(at)
        mark.take(order, at)
        kept += [mark.answer(query, at).encode() for query in mark.queries()]
        kept.append(order.encode())
    return kept


def _arm(mark: Mark, who: Eui64, at: Instant) -> bytes:
    return mark.order(OrderCode.ARM_SWITCH, supply_content(Fuel.ELECTRICITY, arm=True), at, who=who).encode()


def _cut_by(mark: Mark, who: Eui64, at: Instant) -> bool:
    """A cut with the confirm service's yes; whether the supply is off."""
    order = mark.order(OrderCode.OPEN_SWITCH, supply_content(Fuel.ELECTRICITY, arm=False), at, who=who)
    mark.take(order, at)
    for query in mark.queries():
        if query.order == order.identity:
            mark.take(mark.answer(query, at), at)
    return not mark.on


def _loser_goes_on(tally: Tally, mark: Mark, before: list[bytes], at: Instant) -> None:
    for octets in before:
        mark.take(octets, at)
        tally.tried(not mark.on or mark.gate.pending, f"{mark.device}: what the loser had under way")
    tally.tried(_cut_by(mark, SUPPLIER, at), f"{mark.device}: the loser's new cut")
    mark.take(_arm(mark, SUPPLIER, at), at)
    tally.tried(SUPPLIER in mark.gate.trust.parties, f"{mark.device}: the loser is still in a slot")


def _gainer_is_hasty(tally: Tally, mark: Mark, at: Instant) -> None:
    for after in _SOON:
        now = Instant(at + after)
        tally.tried(_cut_by(mark, _GAINER, now), f"{mark.device}: cut {after // MINUTE} min after it changed hands")
        mark.power_cut(now)
        tally.tried(_cut_by(mark, _GAINER, now), f"{mark.device}: the same after a power cut")


def _refused(market: _Market, change: HandOver, gainer: Eui64, signers: tuple[Eui64, ...], now: Instant) -> bool:
    try:
        market.hand_over(change, gainer, signers, now)
    except MeterhouseError:
        return True
    return False


def _taken_alone(tally: Tally, market: _Market, change: HandOver, at: Instant) -> None:
    for signers in ((_GAINER,), (_OFFICE,), (SUPPLIER, _GAINER), ()):
        tally.tried(not _refused(market, change, _GAINER, signers, at), f"{change.device}: taken by {signers}")
    stale = replace(change, at=Instant(at - 2 * DAY))
    tally.tried(not _refused(market, stale, _GAINER, (_OFFICE, _GAINER), at), f"{change.device}: taken by old words")


def _taken_back(tally: Tally, market: _Market, mark: Mark, change: HandOver, at: Instant) -> None:
    again = Instant(at + HOUR)
    back = HandOver(mark.device, _GAINER, SUPPLIER, again)
    tally.tried(not _refused(market, back, SUPPLIER, (SUPPLIER,), again), f"{mark.device}: taken back alone")
    tally.tried(not _refused(market, change, _GAINER, (_OFFICE, _GAINER), again), f"{mark.device}: taken twice")


def _bad_certificates(tally: Tally, market: _Market, mark: Mark) -> None:
    """The loser would have it back by the book, but a certificate was revoked, or is over."""
    now = Instant(NOON + 10 * DAY)
    back = HandOver(mark.device, _GAINER, SUPPLIER, now)
    late = Instant(market.people[SUPPLIER].certified.ends + DAY)
    over = replace(back, at=late)
    tally.tried(not _refused(market, over, SUPPLIER, (_OFFICE, SUPPLIER), late), "taken with an ended certificate")
    market.revoke(SUPPLIER, now)
    tally.tried(not _refused(market, back, SUPPLIER, (_OFFICE, SUPPLIER), now), "taken with a revoked certificate")
