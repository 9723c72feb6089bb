"""The same refusals at the street's carrier and at a gateway outside of it: nothing is weaker there (S0-86)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateways import GATEWAYS, STRANGER, Gateway
from meterhouse.app.street_trust import CONFIRM, SUPPLIER
from meterhouse.companion import objects
from meterhouse.companion.relay import Frame, Hello, Kind, Refusal, Role
from meterhouse.companion.sealed import Mandate, OrderCode, Signer, decode_envelope
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import HOUR, MINUTE, Fuel, Instant, MeterhouseError
from meterhouse.protocols import dlms
from meterhouse.simulation.attacks.fleet import NOON
from meterhouse.simulation.attacks.plain_clients import PlainClient
from meterhouse.supplier.trust import supply_content

CUT = supply_content(Fuel.ELECTRICITY, arm=False)
THIEF = KeyPair(P256, b"\5" * 32)
LATER = Instant(NOON + 2 * HOUR)


def standing(gateway: Gateway) -> tuple[object, ...]:
    return tuple((mark.meter.switch.state, mark.gate.pending, mark.gate.highest) for mark in gateway.fleet)


def other_of(gateway: Gateway) -> Gateway:
    return Gateway(next(name for name in GATEWAYS if name != gateway.carrier.name))


def forged(gateway: Gateway) -> None:
    """Signed by another key in the supplier's name: sealed, for a carrier knows no keys of parties, and refused."""
    mark = gateway.mark
    sealed = gateway.seal(gateway.fleet.forged(THIEF, mark, OrderCode.OPEN_SWITCH, CUT, NOON))
    assert isinstance(sealed, bytes)
    mark.take(sealed, NOON)


def altered(gateway: Gateway) -> None:
    """Each byte of a sealed cut changed on its way from the gateway to the meter."""
    sealed = gateway.seal(gateway.signed(gateway.mark.cut(NOON)))
    assert isinstance(sealed, bytes)
    for place in range(len(sealed)):
        gateway.mark.take(sealed[:place] + bytes((sealed[place] ^ 1,)) + sealed[place + 1 :], NOON)


def without_a_mac(gateway: Gateway) -> None:
    """Past the gateway, straight to the meter."""
    gateway.mark.take(gateway.signed(gateway.mark.cut(NOON)), NOON)


def with_a_mac_of_ones_own(gateway: Gateway) -> None:
    """By somebody who has a key-agreement key, and not the gateway's."""
    mark = gateway.mark
    gateway.mark.take(gateway.fleet.sealed_with(THIEF, mark, gateway.signed(mark.cut(NOON))), NOON)


def by_way_of_the_other_gateway(gateway: Gateway) -> None:
    """What another operator's gateway has sealed counts nowhere but behind it, and it seals nothing of ours."""
    other = other_of(gateway)
    order = gateway.signed(gateway.mark.cut(NOON))
    sealed = other.seal(order)
    if isinstance(sealed, bytes):
        gateway.mark.take(sealed, NOON)
    gateway.mark.take(other.mark.cut(NOON), NOON)
    gateway.mark.take(other.fleet.sealed_with(other.fleet.carrier_keys(), gateway.mark, order), NOON)


def unsigned(gateway: Gateway) -> None:
    """A critical order that nobody has signed."""
    assert gateway.seal(gateway.signed(gateway.mark.cut(NOON)).with_signature(b"")) is Refusal.NO_ORDER


def misrouted(gateway: Gateway) -> None:
    """Sealed for one meter, brought to the next one; and with the target written over."""
    first, second = gateway.fleet.marks
    sealed = gateway.seal(gateway.signed(first.cut(NOON)))
    assert isinstance(sealed, bytes)
    second.take(sealed, NOON)
    second.take(sealed.replace(first.device.octets, second.device.octets), NOON)
    assert gateway.seal(replace(gateway.signed(first.cut(NOON)), target=STRANGER)) is Refusal.DEVICE


def expired(gateway: Gateway) -> None:
    """After its not-after, and before its not-before."""
    mark = gateway.mark
    for window in ((-HOUR, -MINUTE), (HOUR, 2 * HOUR)):
        sealed = gateway.seal(gateway.signed(mark.cut(NOON, window)))
        assert isinstance(sealed, bytes)
        mark.take(sealed, NOON)


def of_a_wrong_role(gateway: Gateway) -> None:
    """The confirm service orders a cut, in its own name and in the supplier's; a stranger in his."""
    mark, trust = gateway.mark, gateway.fleet.trust
    assert gateway.seal(gateway.signed(mark.cut(NOON)), "confirm") is Refusal.ROLE
    mandate = Mandate(mark.unit.premises, Instant(NOON - MINUTE), Instant(NOON + HOUR))
    own = Signer(CONFIRM, gateway.fleet.keys.pair("sign", CONFIRM), trust.catalogue)
    order = own.order(mark.device, OrderCode.OPEN_SWITCH, CUT, 99, mandate)
    assert gateway.seal(order, "confirm") is Refusal.ROLE
    mark.take(gateway.fleet.sealed_with(gateway.fleet.carrier_keys(), mark, order), NOON)


def by_a_party_that_was_withdrawn(gateway: Gateway) -> None:
    """Its certificate is over: it has no role any more."""
    gateway.fleet.trust.withdrawn.add(SUPPLIER)
    assert gateway.seal(gateway.signed(gateway.mark.cut(NOON))) is Refusal.ROLE
    gateway.fleet.trust.withdrawn.clear()


def from_a_line_that_nobody_vouched_for(gateway: Gateway) -> None:
    """A hello without a certificate behind it gets no line."""
    said = gateway.say("thief", Hello(Role.HEAD_END, SUPPLIER).frame(), Frame(Kind.SEAL, 9, b"\0"))
    assert all(frame.kind is not Kind.WELCOME for _, frame in said)
    assert all(frame.kind is not Kind.SEALED for _, frame in said)
    asked = Frame(Kind.SEAL, 9, gateway.signed(gateway.mark.cut(NOON)).encode())
    assert all(frame.kind is not Kind.SEALED for _, frame in gateway.say("hub0", asked))


def unconfirmed(gateway: Gateway) -> None:
    """A genuine cut of which the meter hears no yes: no answer at all, a no, a yes of another, a yes to another."""
    first, second = gateway.fleet.marks
    sealed = gateway.seal(gateway.signed(first.cut(NOON)))
    assert isinstance(sealed, bytes)
    first.take(sealed, NOON)
    [query] = first.queries()
    foreign = replace(gateway.signed(first.answer(query, NOON)), originator=SUPPLIER)
    assert gateway.seal(foreign) is Refusal.ROLE
    second.take(first.answer(query, NOON), NOON)
    first.take(first.answer(replace(query, nonce=bytes(16)), NOON), NOON)
    assert first.on
    first.take(first.answer(query, NOON, yes=False), NOON)
    first.meter.elapse(LATER)
    assert first.on
    assert not first.gate.pending
    assert second.on


def by_plain_writes(gateway: Gateway) -> None:
    """A direct DLMS line to the meter, as whoever has its associations' keys: no switch and no control mode moves."""
    control = dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT
    refused = 0
    for number, sap in enumerate((objects.HEAD_END_SAP, objects.HUB_SAP), 1):
        client = PlainClient(gateway.mark, sap, number, NOON)
        tries = [client.client.act(*control, method, dlms.integer(0)) for method in (1, 2)]
        tries += [client.client.set(*control, 4, dlms.enum(mode)) for mode in range(8)]
        for procedure in tries:
            try:
                client.run(procedure, NOON)
            except MeterhouseError:
                refused += 1
    assert refused == 20


def rearmed_without_a_hand(gateway: Gateway) -> None:
    """The most that an order can do is to arm: nothing closes a supply from afar."""
    mark = gateway.mark
    assert gateway.cut(mark)
    sealed = gateway.seal(gateway.signed(mark.arm(NOON)))
    assert isinstance(sealed, bytes)
    mark.take(sealed, NOON)
    mark.meter.elapse(LATER)
    assert not mark.on
    assert mark.meter.press_button(LATER)


UNCHANGED: tuple[Callable[[Gateway], None], ...] = (
    forged,
    altered,
    without_a_mac,
    with_a_mac_of_ones_own,
    by_way_of_the_other_gateway,
    unsigned,
    misrouted,
    expired,
    of_a_wrong_role,
    by_a_party_that_was_withdrawn,
    from_a_line_that_nobody_vouched_for,
    by_plain_writes,
)


@pytest.mark.requirement("S0-86")
@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("attack", UNCHANGED, ids=lambda attack: attack.__name__)
def test_at_every_gateway_the_same_attack_changes_nothing_and_a_genuine_cut_still_goes(
    attack: Callable[[Gateway], None], name: str
) -> None:
    gateway = Gateway(name)
    before = standing(gateway)
    attack(gateway)
    assert standing(gateway) == before
    for mark in gateway.fleet:
        assert gateway.cut(mark)


@pytest.mark.requirement("S0-86")
@pytest.mark.parametrize("name", GATEWAYS)
@pytest.mark.parametrize("attack", [unconfirmed, rearmed_without_a_hand], ids=lambda attack: attack.__name__)
def test_at_every_gateway_nothing_is_cut_unconfirmed_or_closed_from_afar(
    attack: Callable[[Gateway], None], name: str
) -> None:
    gateway = Gateway(name)
    attack(gateway)
    assert all(mark.on for mark in gateway.fleet)


@pytest.mark.requirement("S0-86")
@pytest.mark.parametrize("name", GATEWAYS)
def test_at_every_gateway_what_was_done_once_is_not_done_again(name: str) -> None:
    gateway = Gateway(name)
    mark = gateway.mark
    sealed = gateway.seal(gateway.signed(mark.cut(NOON)))
    assert isinstance(sealed, bytes)
    mark.take(sealed, NOON)
    [query] = mark.queries()
    answer = gateway.seal(gateway.signed(mark.answer(query, NOON)), "confirm")
    assert isinstance(answer, bytes)
    mark.take(answer, NOON)
    assert not mark.on
    assert mark.genuine_return(NOON)
    before = standing(gateway)
    for octets in (sealed, answer, sealed):
        mark.take(octets, NOON)
    mark.power_cut(NOON)
    for octets in (sealed, answer):
        mark.take(octets, NOON)
    assert standing(gateway)[0][0] == before[0][0]  # type: ignore[index]
    assert mark.on
    assert gateway.cut(gateway.fleet.marks[1])


@pytest.mark.requirement("S0-86")
def test_two_gateways_share_no_key_and_no_identity() -> None:
    central, outside = (Gateway(name) for name in GATEWAYS)
    assert central.identity != outside.identity
    ours, theirs = central.fleet.trust, outside.fleet.trust
    assert ours.parties.carrier_agreeing.public != theirs.parties.carrier_agreeing.public
    assert ours.parties.supplier_key != theirs.parties.supplier_key
    assert ours.signing_key(central.mark.device) != theirs.signing_key(outside.mark.device)
    order = decode_envelope(central.seal(central.signed(central.mark.cut(NOON))))  # type: ignore[arg-type]
    assert outside.seal(order) is Refusal.NO_ORDER
