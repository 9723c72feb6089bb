"""A home changes its supplier: the new one uses what stands there, and the old one is out of all of it (S3-58)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fakes.sealed_world import GAINER, SealedWorld, gainer_of, sealed_world
from meterhouse.app.device_clients import DeviceClients
from meterhouse.app.site import HomeSite
from meterhouse.companion import objects
from meterhouse.companion.relay import Refusal
from meterhouse.companion.sealed import Mandate, OrderCode, Reason, Signer, decode_envelope, seal
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import (
    DAY,
    HOUR,
    AuthenticationError,
    Eui64,
    Fuel,
    Instant,
    Money,
    PolicyError,
    RefusedError,
)
from meterhouse.premises.electricity_meter import ElectricityMeter
from meterhouse.premises.hub import Hub
from meterhouse.protocols import dlms
from meterhouse.protocols.dlms.requests import Access, SetRequest, Target, encode_request
from meterhouse.supplier.headend import OrderPort, SealedOrder
from meterhouse.supplier.trust import ARM_SUPPLY, OrderRequest, supply_content
from meterhouse.supplier.vending import PaymentRequest

ARM = supply_content(Fuel.ELECTRICITY, arm=True)
_COUNTERS = iter(range(1_000, 2_000))


def port(channel: int) -> OrderPort:
    parts = (objects.DOWNLINK, objects.LAST_UPLINK, objects.PORT_STATUS)
    return OrderPort(*(objects.sealed_port(channel, part) for part in parts))


def load_limit(watts: int) -> bytes:
    target = Target(71, dlms.Obis.parse("0-0:17.0.0.255"), 4)
    return encode_request(SetRequest(0xC1, Access(target), dlms.double_long_unsigned(watts)))


def order_of(held: SealedWorld, papers, site: HomeSite, code: int, content: bytes):
    """An order to the electricity meter under a supplier's key."""
    trust, device = held.street.sealed.trust, site.names.electricity
    now = held.world.now
    mandate = Mandate(trust.units[device].premises, now, Instant(now + 2 * HOUR))
    signer = Signer(papers.eui, papers.signing, trust.catalogue)
    return signer.order(device, code, content, next(_COUNTERS), mandate)


def pay(second, account: str, amount: str, request: str, now: Instant):
    return second.books.pay(PaymentRequest(request, account, Money.parse(amount), "other shop"), now)


def loser_reads(held: SealedWorld, server: Eui64, connection: dlms.ServerConnection) -> None:
    """With every key that the loser has, and nobody between it and the device."""
    clients = DeviceClients(held.keys, held.street.books, held.world.entropy("loser"))
    client = clients.client(server)
    talk = client.associate()
    try:
        apdu = next(talk)
        while True:
            apdu = talk.send(connection.receive(objects.HEAD_END_SAP, 1, apdu, held.world.now))
    except StopIteration:
        return


@pytest.fixture
def held(tmp_path):
    with sealed_world(tmp_path) as world:
        world.minutes(90)
        yield world


def sealed_order(second, site: HomeSite, signed, order: str, now: Instant) -> None:
    to = SealedOrder(order, site.names.hub, site.names.electricity, port(0), signed.encode(), Instant(now + 2 * HOUR))
    second.head_end.sealed.submit(to, now)


def tokens_are_the_gainers(held: SealedWorld, site: HomeSite, second, unused: str) -> None:
    """The new supplier's count, each once; the old one's never again, by hand or by network."""
    street, hub, world = held.street, site.hub, held.world
    balance, consumed = hub.account.balance, hub.account.consumed
    sold = pay(second, site.account, "20.00", "first", world.now)
    world.call(second.head_end, second.carry_orders)
    held.minutes(15)
    assert [second.books.vend(one)[1][-1].name for one in ("too early", "first")] == ["accepted", "accepted"]
    carried = sum(second.books.vend(one)[0].value.amount for one in ("too early", "first"))
    assert hub.account.balance + hub.account.consumed - balance - consumed == carried, "to the last unit"
    assert hub.account.tokens == 2
    assert street.key_in("01", unused).why == TokenVerdict.WRONG.sentence
    assert not street.key_in("01", sold.token).accepted
    refused = street.pay(site.account, Money.parse("7.00"), "after the change", "shop")
    held.minutes(30)
    assert hub.account.tokens == 2
    assert street.books.vend(refused.request_id)[1][-1].name != "accepted"


def orders_are_the_gainers(held: SealedWorld, site: HomeSite, second) -> None:
    """The loser's are refused by the carrier, and by the meter itself where the carrier helps him."""
    meter, world, sealed = site.electricity, held.world, held.street.sealed
    mine = order_of(held, second.papers, site, OrderCode.SET_LOAD_LIMIT, load_limit(5_000))
    world.call(second.head_end, lambda now: sealed_order(second, site, mine, "limit", now))
    held.minutes(70)  # the brake lets three orders of that kind pass in an hour, the two changes among them
    assert meter.load_limit_w == 5_000
    device = site.names.electricity
    asked = OrderRequest(device, "01", ARM_SUPPLY[Fuel.ELECTRICITY], ARM, "a test of the switch", "case 4711 of 2026")
    theirs = sealed.works.raise_order(asked, "Operator", "Operator's words", world.now)
    held.minutes(70)
    ended = sealed.works.show(theirs.number).order
    assert (ended.state.value, ended.why) == ("refused", Refusal.NOT_ALLOWED.sentence)
    carried = seal(decode_envelope(ended.envelope), sealed.trust.agreement(device)).encode()
    assert meter.gate.take(carried, world.now) is Reason.ORIGINATOR


@pytest.mark.requirement("S3-58")
def test_the_new_supplier_uses_what_stands_there_and_the_old_one_is_out_of_it(tmp_path, held):
    site, street, world = held.street.sites["01"], held.street, held.world
    meter, hub, both = site.electricity, site.hub, (site.names.electricity, site.names.gas)
    papers = gainer_of(held.trust, tmp_path / "gainer")
    second = held.second_supplier(papers, *both)

    # Before: the gainer is nobody here, the loser is at home.
    early = pay(second, site.account, "5.00", "too early", world.now)
    world.call(second.head_end, second.carry_orders)
    held.minutes(30)
    assert second.books.vend("too early")[1][-1].name != "accepted"
    assert street.key_in("01", early.token).why == TokenVerdict.WRONG.sentence
    loser_reads(held, site.names.electricity, meter._server.connection())
    loser_reads(held, site.names.hub, hub._wan._server.connection())
    unused = street.books.pay(
        PaymentRequest("never used", site.account, Money.parse("6.00"), "shop"), world.now
    ).token  # sold, and on no way to the home: the customer has it on paper
    titles = site.electricity.settings.identity, hub.settings.identity, meter.serial

    for device in both:
        held.hand_over(papers, device)
    assert street.sealed.centre.standing(both[0]).value == "in-service"
    held.minutes(20)
    assert [held.change(device).state for device in both] == ["done", "done"]

    tokens_are_the_gainers(held, site, second, unused)
    for server, machine in ((site.names.electricity, meter._server), (site.names.hub, hub._wan._server)):
        with pytest.raises((AuthenticationError, RefusedError)):  # with all its keys, and the carrier's help
            loser_reads(held, server, machine.connection())
    orders_are_the_gainers(held, site, second)

    # What stands there is what stood there: no device, radio or key of its own was changed.
    assert titles == (site.electricity.settings.identity, hub.settings.identity, meter.serial)
    held.days(2)
    for device in both:
        days = [Instant(held.street.plan.start + back * DAY) for back in (0, 1)]
        assert all(second.books.day(device, day).complete for day in days)
        assert street.books.day(device, days[1]) is None, "the loser reads nothing any more"
    at_home = (meter.register_wh, site.gas.volume_l)
    last = [second.books.day(device, days[1]).rows[-1].register for device in both]
    assert all(0 <= there - read <= 96 * 200 for there, read in zip(at_home, last, strict=True))
    assert not second.books.breaches()


def test_a_home_may_change_one_fuel_only(tmp_path, held):
    site, street = held.street.sites["02"], held.street
    papers = gainer_of(held.trust, tmp_path / "gainer")
    second = held.second_supplier(papers, site.names.electricity)
    held.hand_over(papers, site.names.electricity)
    held.days(2)
    day = Instant(street.plan.start + DAY)
    assert second.books.day(site.names.electricity, day).complete
    assert street.books.day(site.names.gas, day).complete
    assert street.books.day(site.names.electricity, day) is None
    assert second.books.day(site.names.gas, day) is None


def test_a_device_that_lost_its_power_stays_with_its_new_supplier(tmp_path, held):
    site, world = held.street.sites["01"], held.world
    papers = gainer_of(held.trust, tmp_path / "gainer")
    for device in (site.names.electricity, site.names.gas):
        held.hand_over(papers, device)
    held.minutes(20)
    meter = ElectricityMeter(site.electricity.settings, world.entropy("reborn"), world.now)
    meter.restore(site.electricity.state())
    assert meter.gate.trust.supplier == GAINER
    hub = Hub(site.hub.settings, world.entropy("reborn"), world.now)
    hub.restore(site.hub.state())
    assert hub.orders.gate.trust.supplier == GAINER
    for server, machine in ((site.names.electricity, meter._server), (site.names.hub, hub._wan._server)):
        with pytest.raises((AuthenticationError, RefusedError)):
            loser_reads(held, server, machine.connection())
    # Killed between the change and the next checkpoint: the record alone is enough.
    late = Hub(site.hub.settings, world.entropy("reborn"), world.now)
    late.restore({**late.state(), "orders": {"gate": site.hub.orders.gate.state(), "post": {}}})
    assert late.orders.gate.trust.supplier == GAINER
    sold = pay(held.second_supplier(papers, site.names.gas), site.account, "5.00", "typed", world.now)
    assert late.key_in(sold.token, world.now).amount > 0


def test_neither_the_gainer_nor_the_office_can_move_a_home_alone(tmp_path, held):
    device = held.street.sites["01"].names.electricity
    papers = gainer_of(held.trust, tmp_path / "gainer")
    stranger = replace(papers, signing=KeyPair(P256, bytes(31) + b"\x07"))
    with pytest.raises(AuthenticationError):
        held.hand_over(stranger, device)
    assert held.street.sealed.trust.supplier_of(device) != GAINER
    held.hand_over(papers, device)
    held.minutes(20)
    assert held.change(device).state == "done"
    other = replace(papers, identity=replace(papers.identity, eui=Eui64(bytes(7) + b"\x09")))
    with pytest.raises(PolicyError, match="less than a day ago"):
        held.hand_over(other, device)
