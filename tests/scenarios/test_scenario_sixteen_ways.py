"""Two suppliers, two payment networks, two encryption services, two meter families: all sixteen ways vend (S3-60).

Nothing but the meter's record says which service makes a token; no network knows which it was.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from counter_street import NOW, hub_of, meter_of
from meterhouse.companion.utrn import UtrnKey, UtrnReader
from meterhouse.crypto import P256, KeyPair, shared_secret
from meterhouse.model import Eui64, Fuel, Instant, Money
from meterhouse.protocols.sts import IEC_SAMPLE_TABLES, CreditSubclass, Decoder, MeterPan
from meterhouse.store import Database, HomeRecord, RegisteredMeter, SqlRegistry, Till, take_batch, verify
from meterhouse.store.openpaygo_service import OpenPaygoService, device_key
from meterhouse.supplier.vending import (
    EA07_DKGA04,
    AccountRecord,
    EncryptionSchemes,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    OtherSupplierError,
    PaymentRequest,
    StsFamily,
    StsService,
    UtrnService,
)

SUPPLIERS = ("North Energy", "South Energy")
NETWORKS = ("shops", "post")
SERVICES = ("sts", "utrn")
FAMILIES = (Fuel.ELECTRICITY, Fuel.GAS)
DEVICE = KeyPair(P256, bytes(range(1, 33)))
_STS_OF = {Fuel.ELECTRICITY: "sts-ea07", Fuel.GAS: "sts"}
"""Electricity meters of the one family reckon with EA07, gas hubs of the other with EA11."""
_FAMILY = {"sts": StsFamily(), "sts-ea07": EA07_DKGA04(IEC_SAMPLE_TABLES)}
_SUBCLASS = {Fuel.ELECTRICITY: CreditSubclass.ELECTRICITY_CURRENCY, Fuel.GAS: CreditSubclass.GAS_CURRENCY}


class Supplier:
    """A supplier with keys, meters and a till of its own."""

    def __init__(self, name: str) -> None:
        self.name, self.number = name, SUPPLIERS.index(name)
        self.originator = Eui64(bytes([0x90, *bytes(6), self.number]))
        self.agreement = bytes(range(2 + self.number, 34 + self.number))
        tokens, agreed = KeyName("123457", 1), KeyName("utrn", 1)
        self.keys = MemoryKeyStore({tokens: bytes(range(self.number, 20 + self.number)), agreed: self.agreement})
        services = {scheme: StsService(self.keys, family) for scheme, family in _FAMILY.items()}
        utrn = UtrnService(self.keys, self.originator, lambda _meter: DEVICE.public.octets)
        self.meters: dict[str, MeterRecord] = {}
        self.database = Database("sqlite://")
        self.till = Till(self.database, EncryptionSchemes({**services, "utrn": utrn}), bytes)
        self.database.run(self._register)

    def _register(self, tx):
        registry = SqlRegistry(tx)
        for number, (service, fuel) in enumerate((service, fuel) for service in SERVICES for fuel in FAMILIES):
            scheme = _STS_OF[fuel] if service == "sts" else "utrn"
            pan = MeterPan.of_serial(1, number).digits
            group = "123457" if service == "sts" else "utrn"
            record = MeterRecord(meter_of(number), fuel, hub_of(number), pan, group, scheme=scheme)
            registry.add_home(HomeRecord(str(number), record.hub))
            registry.add_meter(RegisteredMeter(str(number), pan, record))
            account = f"{service}-{fuel.value}"
            owed = AccountRecord(account, str(number), Money.parse("10.00"), 2000, supplier=self.name)
            registry.open_account(owed, record.meter, NOW)
            self.meters[account] = record

    def sell(self, network: str, account: str, turn: str) -> str:
        """The digits of a payment of 20.00 by a shop's call or by a batch file."""
        at = Instant(NOW + 120_000 * int(turn))
        if network == "shops":
            asked = PaymentRequest(f"shops/{turn}", account, Money.parse("20.00"), network, self.name)
            return self.till.pay(asked, at).token.replace(" ", "")
        date = datetime.fromtimestamp(NOW / 1000, UTC).date()
        lines = (f"H,{network},{turn},{date},GBP", f"P,{turn},{account},20.00", "T,1,20.00")
        assert take_batch(self.till, "\n".join(lines).encode(), at).taken == 1
        return self.till.last_response(f"{network}/{turn}").token.replace(" ", "")

    def meter(self, account: str):
        """The meter's own side: takes digits, says the money that it credited, or None."""
        record = self.meters[account]
        if record.scheme == "utrn":
            public = KeyPair(P256, self.agreement).public
            reader = UtrnReader(UtrnKey(shared_secret(DEVICE, public), self.originator, record.meter))

            def enter_code(digits):
                taken = reader.enter(digits)
                return taken.money5 if taken.refusal is None else None

            return enter_code
        key = StsService(self.keys, _FAMILY[record.scheme]).decoder_key(record)
        decoder = Decoder(key, MeterPan(record.pan), credits=[_SUBCLASS[record.fuel]])

        def enter(digits):
            taken = decoder.enter(digits, NOW)
            return taken.amount_money5 if taken.ok else None

        return enter


@pytest.fixture(scope="module")
def suppliers():
    both = {name: Supplier(name) for name in SUPPLIERS}
    yield both
    for one in both.values():
        assert one.database.read(verify) == ()
        one.database.close()


@pytest.mark.requirement("S3-60")
@pytest.mark.parametrize("family", FAMILIES, ids=lambda fuel: fuel.value)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("supplier", SUPPLIERS)
def test_every_way_vends_what_its_meter_takes_once_and_no_other_meter_takes(
    suppliers, supplier, network, service, family, request
):
    account = f"{service}-{family.value}"
    turn = str(1 + list(request.node.session.items).index(request.node))
    digits = suppliers[supplier].sell(network, account, turn)
    receipt = suppliers[supplier].till.last_response(f"{network}/{turn}")
    enter = suppliers[supplier].meter(account)
    credited = enter(digits)
    assert credited is not None
    assert 0 <= credited - receipt.in_token.amount < 100
    assert enter(digits) is None, "once"
    others = [
        (name, other) for name in SUPPLIERS for other in suppliers[name].meters if (name, other) != (supplier, account)
    ]
    for name, other in others:
        assert suppliers[name].meter(other)(digits) is None, (name, other)


@pytest.mark.requirement("S3-60", "S3-90")
def test_a_payment_meant_for_the_other_supplier_is_refused_by_both_networks(suppliers):
    north = suppliers["North Energy"]
    asked = PaymentRequest("astray", "sts-gas", Money.parse("20.00"), "shops", "South Energy")
    with pytest.raises(OtherSupplierError):
        north.till.pay(asked, NOW)


@pytest.mark.requirement("S3-60")
@pytest.mark.parametrize("network", NETWORKS)
def test_a_third_service_that_the_port_was_not_made_for_vends_by_both_networks(network):
    openpaygo = pytest.importorskip("openpaygo", reason="the extra 'openpaygo' is not installed: OpenPAYGO NOT proved")
    north = Supplier("North Energy")
    record = MeterRecord(meter_of(50), Fuel.ELECTRICITY, hub_of(50), "device 50", "123457", scheme="openpaygo")
    service = OpenPaygoService(north.keys, Money.parse("0.25"))
    till = Till(north.database, EncryptionSchemes({"openpaygo": service}), bytes)
    north.till = till

    def register(tx):
        registry = SqlRegistry(tx)
        registry.add_home(HomeRecord("50", record.hub))
        registry.add_meter(RegisteredMeter("50", "D50", record))
        account = AccountRecord("solar", "50", Money.parse("10.00"), 2000, supplier=north.name)
        registry.open_account(account, record.meter, NOW)

    north.database.run(register)
    digits = north.sell(network, "solar", "1")
    key = device_key(north.keys, record).hex()
    days, kind, _, _ = openpaygo.OpenPAYGOTokenDecoder.decode_token(digits, key, 1)
    assert (days, kind) == (64, openpaygo.TokenType.ADD_TIME), "16.00 at 0.25 a day"
    north.database.close()
