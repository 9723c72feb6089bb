"""Stolen keys, one dishonest person, a wrong registry, races: what the trust office lets happen is bounded and stated."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from tests.trust_office import CONFIRM, SUPPLIER, TEN, Office, device_of, home_of, key

from meterhouse.carrier.broker import AccessBroker, Sealing
from meterhouse.carrier.quarantine import Quarantine
from meterhouse.companion.brake import Brake, BrakeLimits, is_braked
from meterhouse.companion.release import release_by, sign_release
from meterhouse.companion.sealed import (
    CONFIRM_ANSWER,
    Accepted,
    Agreement,
    ConfirmAnswer,
    Kind,
    Mandate,
    Party,
    Role,
    Signer,
    Verifier,
    VolatileCounters,
    premises_binding,
    seal,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.model import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    AuthenticationError,
    Eui64,
    Fuel,
    Instant,
    MeterhouseError,
    NotFoundError,
    PolicyError,
)
from meterhouse.supplier.trust import Deed, NoReason, WorkState, state, supply_content

CARRIER = Eui64.parse("90B3D51F30090000")
FLEET = 10_000
CUT = supply_content(Fuel.ELECTRICITY, arm=False)


@dataclass
class Meter:
    """A device that asks back, as its own rules say: it opens only on a genuine yes to its own nonce and order."""

    office: Office
    number: int

    def __post_init__(self) -> None:
        own = device_of(self.number)
        parties = {
            SUPPLIER: Party(SUPPLIER, Role.SUPPLIER, key("supplier").public),
            CONFIRM: Party(CONFIRM, Role.CONFIRM, key("confirm").public),
        }
        self.broker = Agreement.between(key("carrier"), key(f"{own} agree").public)
        premises = self.office.premises(own)
        self.verifier = Verifier(own, premises, parties, self.broker, self.office.catalogue, VolatileCounters())
        self.off = False

    def hear(self, octets: bytes, now: Instant) -> bool:
        """Whether it is off afterwards."""
        verdict = self.verifier.verify(octets, now)
        if isinstance(verdict, Accepted):
            answer = self.office.ask(self.office.query(device_of(self.number), verdict.envelope.identity, now), now)
            self.off = answer is not None and answer.yes and answer.order == verdict.envelope.identity
        return self.off


def stolen_cut(office: Office, number: int, now: Instant, counter: int = 1):
    """A cut under the stolen key, for which nobody has raised an order."""
    own = device_of(number)
    mandate = Mandate(office.premises(own), Instant(now - MINUTE), Instant(now + HOUR))
    return Signer(SUPPLIER, key("supplier"), office.catalogue).order(own, 0x0050, CUT, counter, mandate)


@pytest.mark.requirement("S0-73")
def test_t08_a_stolen_supplier_key_cuts_nobody_and_is_told_with_the_first_order():
    office, lost, alarms = Office(FLEET), 0, []
    for number in range(200):
        meter = Meter(office, number)
        at = Instant(TEN + number * 10)
        lost += meter.hear(seal(stolen_cut(office, number, at), meter.broker).encode(), at)
        alarms += [event for event in office.confirm.events() if event.kind == "confirm.no.unknown_order"]
    assert lost == 0
    assert len(alarms) == 200
    assert alarms[0].at == TEN
    assert alarms[0].fields["device"] == str(device_of(0))
    genuine, envelope = office.sent(office.soon(TEN, 60), office.request(201))
    assert Meter(office, 201).hear(seal(envelope, Meter(office, 201).broker).encode(), genuine.not_before)


@pytest.mark.requirement("S0-73")
def test_a_real_order_that_is_played_again_or_bent_is_not_confirmed():
    office = Office(FLEET)
    order, envelope = office.sent()
    office.desk.refused(order.number, "test", "ended", order.not_before)
    meter = Meter(office, 1)
    assert not meter.hear(seal(envelope, meter.broker).encode(), order.not_before)
    assert office.confirm.said == {NoReason.ENDED: 1}


@pytest.mark.requirement("S0-54")
def test_t09_riding_on_fifty_real_orders_loses_no_home_but_theirs_and_the_brake_trips_at_its_limit():
    wide = BrakeLimits(10_000_000)
    office = Office(FLEET, B1=wide, B2=wide)
    orders = [office.sent(office.soon(TEN, number), office.request(number)) for number in range(1, 51)]
    at, lost = office.soon(orders[-1][0].not_before, 60), 0
    for number in range(51, 251):
        meter = Meter(office, number)
        lost += meter.hear(seal(stolen_cut(office, number, at), meter.broker).encode(), at)
    assert lost == 0
    for order, envelope in orders:
        at = office.soon(at)
        meter = Meter(office, int(order.home.removeprefix("home-")))
        lost += meter.hear(seal(envelope, meter.broker).encode(), at)
    assert lost == office.brakes["B4"].limits.an_hour == 5
    assert office.brakes["B4"].latched
    assert office.confirm.said[NoReason.BRAKE] == 45


class Register:
    def role_of(self, party):
        return {SUPPLIER: Role.SUPPLIER, CONFIRM: Role.CONFIRM}.get(party)

    def orders(self, party, device):
        return True

    def hub_of(self, device):
        return Eui64(bytes(8))

    def agreement(self, device):
        return Agreement.between(key("carrier"), key(f"{device} agree").public)


def carrier_brake(brake: Brake):
    """B3, as the carrier has it."""

    def may(_party, use_case, _device, now) -> bool:
        return not is_braked(use_case) or brake.ask_one(now) is None

    return may


@pytest.mark.requirement("S0-54")
def test_t10_with_supplier_and_confirm_keys_stolen_the_carriers_brake_bounds_what_is_lost():
    office, brake = Office(FLEET), Brake("B3", BrakeLimits(FLEET), ("Uma", "Vic", "Wim"))
    known = Quarantine((), HOUR, (0x0050, CONFIRM_ANSWER), lambda _hub: True)
    broker = AccessBroker(Register(), office.catalogue, known, carrier_brake(brake))
    lost = 0
    for number in range(2_000):
        at = Instant(TEN + number * SECOND)
        closed = broker.close(SUPPLIER, stolen_cut(office, number, at).encode(), at)
        if isinstance(closed, Sealing):
            meter = Meter(office, number)
            taken = meter.verifier.verify(closed.envelope.encode(), at)
            assert isinstance(taken, Accepted)
            content = ConfirmAnswer(bytes(16), taken.envelope.identity, yes=True).encode()
            mandate = Mandate(office.premises(device_of(number)), at, Instant(at + 5 * MINUTE))
            answer = Signer(CONFIRM, key("confirm"), office.catalogue).order(
                device_of(number), CONFIRM_ANSWER, content, 1, mandate
            )
            forged = broker.close(CONFIRM, answer.encode(), at)
            lost += isinstance(forged, Sealing)
    assert lost == brake.limits.an_hour == 5
    assert brake.latched
    assert (
        broker.close(SUPPLIER, stolen_cut(office, 9_999, TEN, 2).encode(), Instant(TEN + 30 * DAY)).reason.name
        == "BRAKE"
    )


@pytest.mark.requirement("S0-54")
def test_ten_thousand_cuts_in_an_hour_with_valid_credentials_stop_at_the_limit():
    """Ann and Bob are honest, or both bought; the machine stops them all the same, and says so."""
    office = Office(FLEET)
    approved, refused, held, word = 0, 0, None, None
    for number in range(1, 10_001):
        at = Instant(TEN + number * 350)
        order = held or office.raised(at, office.request(number))
        word = word if held else office.word("Bob", Deed.APPROVE, order, at)
        try:
            office.desk.approve(order.number, word, at)
        except PolicyError:
            refused += 1
        approved += office.state(order) is WorkState.APPROVED
        held = order if office.brakes["B1"].latched else None
    assert approved == 5
    assert refused > 9_000
    assert "5 may be" in office.brakes["B1"].why
    office.brakes["B1"].release("Uma")
    assert office.brakes["B1"].latched
    office.brakes["B1"].release("Vic")
    late = Instant(TEN + 2 * HOUR)
    assert office.approved(late, office.request(9_001)).state is WorkState.APPROVED


def test_t11_one_person_with_every_duty_and_the_data_base_in_hand_cuts_nobody():
    """Root may raise and approve, edits every row, owns desk and console; but has one passphrase."""
    office = Office(FLEET)
    order = office.raised(who="Root")
    own = office.word("Root", Deed.APPROVE, order, TEN)
    forged = state("Bob", key("Root"), Deed.APPROVE, order.digest, TEN)
    raised_by_bob = replace(order, raised=state("Bob", key("Root"), Deed.RAISE, order.digest, TEN))
    late = office.quarter(TEN)
    window = {"not_before": late, "not_after": Instant(late + HOUR), "state": WorkState.APPROVED}
    earlier = office.approved(office.soon(TEN, 30), office.request(2))
    paths = {
        "approves what Root raised": replace(order, approvals=(own,), **window),
        "approves twice": replace(order, approvals=(own, own), **window),
        "marks it approved": replace(order, **window),
        "writes Bob's name under it": replace(order, approvals=(replace(own, person="Bob"),), **window),
        "signs as Bob with Root's key": replace(order, approvals=(forged,), **window),
        "has Bob raise it": replace(raised_by_bob, approvals=(own,), **window),
        "takes Bob's word for another order": replace(order, approvals=earlier.approvals, **window),
        "turns another order round": replace(earlier, device=order.device, home=order.home, **window),
        "makes it a group order": replace(order, group="all", approvals=(own,), **window),
        "arms, and changes the code": replace(
            office.raised(TEN, office.request(3, arm=True), who="Root"), code=0x0050, content=CUT, **window
        ),
        "skips the cooling-off": replace(earlier, not_before=office.soon(TEN, 31), not_after=late),
    }
    for path, row in paths.items():
        with pytest.raises(MeterhouseError):
            office.signing.sign(row, late if path != "skips the cooling-off" else office.soon(TEN, 40))
        live = replace(row, state=WorkState.SENT, order_hash=b"\1" * 32, envelope=b"")
        office.records.orders = {live.number: live}
        answer = office.ask(office.query(live.device, b"\1" * 32, late), late)
        assert answer is not None, path
        assert not answer.yes, path
    office.records.orders = {f"W{number:06d}": order for number in range(1, 10)}
    genuine, envelope = office.sent(office.soon(TEN, 60), office.request(4))
    assert office.confirms(genuine, envelope, genuine.not_before).yes


def test_t12_with_wrong_rows_in_the_registry_no_other_home_is_cut():
    """One row in a hundred names another home's meter; meters know where they hang from their commissioning."""
    office, wrong_homes, found = (
        Office(FLEET, B1=BrakeLimits(10**8), B2=BrakeLimits(10**8), B4=BrakeLimits(10**8)),
        0,
        0,
    )
    swapped = {number: number + 1 if number % 200 == 0 else number - 1 for number in range(200, 2_000, 200)}
    swapped |= {partner: number for number, partner in swapped.items()}
    for number in sorted(swapped):
        told, meant = device_of(swapped[number]), home_of(number)
        at = Instant(TEN + number * SECOND)
        mistaken = premises_binding("1234567890", told, 1)
        office.homes.standing = lambda home, device, told=mistaken: replace(
            office.homes.plain(home, device), premises=told
        )
        order = office.approved(at, replace(office.request(number), device=told, home=meant))
        envelope = office.signing.sign(order, order.not_before)
        office.desk.signed(order.number, envelope, order.not_before)
        meter = Meter(office, swapped[number])
        wrong_homes += meter.hear(seal(envelope, meter.broker).encode(), order.not_before)
        found += not meter.off
    assert wrong_homes == 0
    assert found == len(swapped) > 15


def test_t12_a_device_that_is_not_in_the_home_is_found_when_the_order_is_raised():
    office = Office()
    with pytest.raises(NotFoundError, match="not in home"):
        office.desk.draft(replace(office.request(1), device=device_of(2)), TEN)


def test_t33_nothing_is_confirmed_after_a_cancel_or_payment_at_any_moment_about_the_question():
    for offset in range(-3, 4):
        for deed in ("cancel", "pay", "brake"):
            office = Office(FLEET)
            order, envelope = office.sent()
            asked = Instant(order.not_before + 10 * SECOND)
            happens = Instant(asked + offset)

            def happen(office=office, order=order, happens=happens, deed=deed) -> None:
                if deed == "cancel":
                    office.cancelled(order, happens)
                elif deed == "pay":
                    plain = office.homes.plain(order.home, order.device)
                    office.homes.changes[order.home] = replace(plain, last_paid=happens)
                else:
                    office.brakes["B4"].trip("by hand")

            if offset <= 0:
                happen()
            answer = office.confirms(order, envelope, asked)
            assert answer is not None
            assert answer.yes is (offset > 0)
            if offset > 0 and deed != "brake":
                happen()
                again = office.confirms(order, envelope, Instant(asked + 5 * MINUTE))
                assert again is not None
                assert not again.yes


@pytest.mark.requirement("S0-54")
def test_t34_while_the_service_is_down_nothing_is_confirmed_and_afterwards_the_order_goes_on():
    office = Office(FLEET)
    order, envelope = office.sent()
    office.confirm.receive("carrier", b"", order.not_before)
    assert list(office.confirm.outgoing()) == []
    assert office.confirm.deadline() == order.not_before + 5 * SECOND
    office.confirm.elapse(Instant(order.not_before + 5 * SECOND))
    assert len(list(office.confirm.outgoing())) == 1
    answer = office.confirms(order, envelope, Instant(order.not_before + MINUTE))
    assert answer is not None
    assert answer.yes


# layers ---------------------------------------------------------------------------------------------------------------

ROLES = [*Role]


def test_t07_the_keys_of_one_meter_are_good_for_nothing_at_another():
    """Its signature key, its agreement key and its secret with the carrier, against 200 others."""
    office, taken = Office(FLEET), 0
    own = device_of(0)
    for number in range(1, 201):
        other = Meter(office, number)
        mandate = Mandate(office.premises(device_of(number)), TEN, Instant(TEN + HOUR))
        for originator in (own, SUPPLIER, CONFIRM):
            order = Signer(originator, key(f"{own} sign"), office.catalogue).order(
                device_of(number), 0x0050, CUT, 1, mandate
            )
            for agreement in (Meter(office, 0).broker, Agreement.between(key(f"{own} agree"), key("carrier").public)):
                taken += isinstance(other.verifier.verify(seal(order, agreement).encode(), TEN), Accepted)
        assert office.ask(office.query(device_of(number), bytes(32), TEN, pair=key(f"{own} sign")), TEN) is None
    assert taken == 0


@pytest.mark.parametrize("role", ROLES)
def test_the_key_of_each_role_moves_a_device_only_by_its_own_use_cases(role):
    """Every role against every use case at a device that has a slot for each: every cell of the matrix."""
    office, own = Office(FLEET), device_of(1)
    identities = {each: Eui64((0x90B3D51F31000000 + number).to_bytes(8, "big")) for number, each in enumerate(ROLES)}
    parties = {identities[each]: Party(identities[each], each, key(f"party {each}").public) for each in ROLES}
    broker = Agreement.between(key("carrier"), key(f"{own} agree").public)
    mandate = Mandate(office.premises(own), TEN, Instant(TEN + HOUR))
    for code, use_case in sorted(office.catalogue.items()):
        content = _content(code)
        if content is None:
            continue
        device = Verifier(own, office.premises(own), parties, broker, office.catalogue, VolatileCounters())
        for claimed in ROLES:
            made = _order(identities[claimed], own, code, content, mandate)
            forged = seal(signed(made, key(f"party {role}")), broker).encode()
            accepted = isinstance(device.verify(forged, TEN), Accepted)
            assert accepted is (claimed is role and role in use_case.roles), (code, claimed)


def test_a_partys_key_neither_approves_an_order_nor_releases_a_brake_nor_confirms():
    office = Office(FLEET)
    order = office.raised()
    for stolen in ("supplier", "confirm", "carrier", "party recovery"):
        word = state("Bob", key(stolen), Deed.APPROVE, order.digest, TEN)
        with pytest.raises(AuthenticationError):
            office.desk.approve(order.number, word, TEN)
        brake = office.brakes["B2"]
        brake.trip("test")
        keys = {name: office.staff[name].public for name in office.staff}
        with pytest.raises(AuthenticationError):
            release_by(brake, "Uma", sign_release(key(stolen), "B2", brake.trips), keys)
    for name in ("Ann", "Bob"):
        with pytest.raises(PolicyError):
            release_by(brake, name, sign_release(key(name), "B2", brake.trips), keys)


def _order(originator: Eui64, target: Eui64, code: int, content: bytes, mandate: Mandate):
    from meterhouse.companion.sealed import Envelope

    return Envelope(Kind.COMMAND, 1, originator, target, code, content, mandate.encode())


def _content(code: int) -> bytes | None:
    """Content that a use case takes; None where this test makes none for it."""
    arms = {0x0050: (Fuel.ELECTRICITY, False), 0x0051: (Fuel.ELECTRICITY, True), 0x0081: (Fuel.GAS, False)}
    arms[0x0085] = (Fuel.GAS, True)
    if code in arms:
        fuel, arm = arms[code]
        return supply_content(fuel, arm=arm)
    if code == CONFIRM_ANSWER:
        return ConfirmAnswer(bytes(16), bytes(32), yes=True).encode()
    if code == 0xF013:
        from meterhouse.companion.sealed import encode_cancel

        return encode_cancel(bytes(32))
    return None
