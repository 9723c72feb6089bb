"""One layer's key is good for nothing in another: each stolen key is tried at every door of the house (S3-64)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from tests.trust_office import CONFIRM, SUPPLIER, TEN, Office, device_of, key

from meterhouse.companion.brake import Brake, BrakeLimits
from meterhouse.companion.certificate import CertifiedRole, Domain
from meterhouse.companion.limits import FieldRange, Limits, Tightening, sign_tightening
from meterhouse.companion.release import release_by, sign_release
from meterhouse.companion.sealed import (
    CHANGE_SUPPLIER,
    CONFIRM_ANSWER,
    Agreement,
    Mandate,
    Party,
    Reason,
    Refused,
    Role,
    Signer,
    Verifier,
    VolatileCounters,
    premises_binding,
    seal,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.crypto import Purpose
from meterhouse.model import Eui64, Fuel, Instant, MeterhouseError
from meterhouse.protocols.sts import EncryptionAlgorithm, MeterPan, decode_token, derive_dkga04, encode_extended_set
from meterhouse.protocols.wmbus import MasterKey
from meterhouse.store import Database, SqlCentreRecords, Transaction
from meterhouse.supplier.trust import (
    CUT_SUPPLY,
    Credentials,
    Device,
    LifeState,
    Product,
    SecurityCentre,
    ask_rotation,
    attest,
    supply_content,
)

METER, CHANGES = device_of(1), device_of(200)
PAN = MeterPan("600727000000000009")
VECTOR = bytes(16)
LAYERS = {
    "orders: the supplier": "supplier",
    "confirmation": "confirm",
    "wide area: the carrier": "carrier",
    "market: change of supplier": "changes",
    "people: an officer": "Uma",
    "people: an operator": "Ann",
    "utility network: the meter": str(METER),
    "utility network: another meter": str(device_of(2)),
    "utility network: the hub": "hub",
    "gas link": "gas link",
    "vending": "vending",
    "wide area: a head end's line": "head end",
    "consumer's device": "consumer's device",
    "third party's device": "third party's device",
}
"""Layer to the name of its key."""


def raw(name: str, size: int) -> bytes:
    """A layer's secret where a door takes bytes and no point: whoever stole it tries it there too."""
    return sha256(name.encode()).digest()[:size]


def heard(code: int, originator: Eui64, name: str, *, closed_by: str = "carrier") -> bool:
    """Whether the meter believes who signed and who closed a message; what it says is not the question here."""
    office = Office()
    parties = {
        SUPPLIER: Party(SUPPLIER, Role.SUPPLIER, key("supplier").public),
        CONFIRM: Party(CONFIRM, Role.CONFIRM, key("confirm").public),
        CHANGES: Party(CHANGES, Role.CHANGE_OF_SUPPLIER, key("changes").public),
    }
    agreement = Agreement.between(key("carrier"), key("meter agrees").public)
    premises = premises_binding("1234567890", METER, 0)
    verifier = Verifier(METER, premises, parties, agreement, office.catalogue, VolatileCounters())
    cut = supply_content(Fuel.ELECTRICITY, arm=False)
    mandate = Mandate(premises, TEN, Instant(TEN + 60_000))
    order = Signer(SUPPLIER, key("supplier"), office.catalogue).order(
        METER, CUT_SUPPLY[Fuel.ELECTRICITY], cut, 1, mandate
    )
    order = replace(order, code=code, originator=originator)
    closing = Agreement.between(key(closed_by), key("meter agrees").public)
    verdict = verifier.verify(seal(signed(order, key(name)), closing).encode(), TEN)
    return not (
        isinstance(verdict, Refused)
        and verdict.reason in {Reason.SIGNATURE, Reason.MAC, Reason.ORIGINATOR, Reason.ROLE}
    )


def released(name: str) -> bool:
    brake = Brake("B1", BrakeLimits(100), ("Uma", "Vic", "Wim"))
    brake.trip("test")
    release_by(
        brake, "Uma", sign_release(key(name), "B1", brake.trips), {each: key(each).public for each in ("Uma", "Vic")}
    )
    return True


def tightened(name: str) -> bool:
    word = sign_tightening(key(name), "x", FieldRange(2, 3))
    Limits({"x": FieldRange(1, 4)}).tightened(
        Tightening("x", FieldRange(2, 3), "Uma", word), {"Uma": key("Uma").public}
    )
    return True


def answered(name: str) -> bool:
    """Whether the confirm service takes a question as the meter's."""
    office = Office()
    order, envelope = office.sent()
    return office.confirms(order, envelope, order.not_before, pair=key(name)) is not None


def installed(act: Callable[[SqlCentreRecords], object]) -> bool:
    """The meter as the security centre has it before it is registered."""
    keys = key(str(METER)).public, key("meter agrees").public
    role, domain = CertifiedRole.ELECTRICITY_METER.value, Domain.UTILITY
    device = Device(METER, role, domain, "Acme E1", "1", LifeState.INSTALLED, *keys, home="home-1")

    def whole(transaction: Transaction) -> None:
        records = SqlCentreRecords(transaction)
        records.put_product(Product("Acme E1", "1", LifeState.TYPE_TESTED), TEN, "x", "")
        records.put_device(device, TEN, "x", "")
        act(records)

    with Database("sqlite://") as database:
        database.run(whole)
    return True


def registered(name: str) -> bool:
    """Whether a unit that answers the security centre's challenge with this key is taken for the meter."""
    answer = attest(key(name), METER, VECTOR)
    return installed(lambda records: SecurityCentre(records).register(METER, VECTOR, answer, "x", TEN))


def rekeyed(name: str) -> bool:
    new = key("new").public
    word = ask_rotation(key(name), METER, Purpose.SIGN, new)
    return installed(lambda records: Credentials(records, {}).rotate(METER, Purpose.SIGN, new, word, "x", TEN))


def gas_read(name: str) -> bool:
    telegram = MasterKey(raw("gas link", 16)).encipher_static(VECTOR, b"\x2f\x2f" + bytes(14))
    MasterKey(raw(name, 16)).decipher_static(VECTOR, telegram)
    return True


def token_taken(name: str) -> bool:
    def decoder(secret: str):
        return derive_dkga04(raw(secret, 20), pan=PAN, supply_group="123457", algorithm=EncryptionAlgorithm.EA11)

    decode_token(decoder("vending"), encode_extended_set(decoder(name), tid=7, index=1, value=1, rnd=5))
    return True


CUT = CUT_SUPPLY[Fuel.ELECTRICITY]
DOORS: dict[str, tuple[Callable[[str], bool], str]] = {
    "cut a supply": (lambda name: heard(CUT, SUPPLIER, name), "supplier"),
    "say yes to a cut": (lambda name: heard(CONFIRM_ANSWER, CONFIRM, name), "confirm"),
    "close an order": (lambda name: heard(CUT, SUPPLIER, "supplier", closed_by=name), "carrier"),
    "move a device to another supplier": (lambda name: heard(CHANGE_SUPPLIER, CHANGES, name), "changes"),
    "release a brake": (released, "Uma"),
    "tighten a limit": (tightened, "Uma"),
    "speak as the meter": (answered, str(METER)),
    "register as the meter": (registered, str(METER)),
    "give the meter another key": (rekeyed, str(METER)),
    "send as the gas meter": (gas_read, "gas link"),
    "make a token": (token_taken, "vending"),
}
"""What can be done, and the one key that can."""


@pytest.mark.requirement("S3-64")
@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("deed", DOORS)
def test_each_key_does_what_its_own_layer_does_and_nothing_in_another(deed: str, layer: str) -> None:
    door, own = DOORS[deed]
    name = LAYERS[layer]
    try:
        opened = door(name)
    except MeterhouseError:
        opened = False
    assert opened is (name == own)


def test_every_deed_has_a_layer_and_every_layer_of_the_house_is_tried() -> None:
    assert {own for _, own in DOORS.values()} <= set(LAYERS.values())
    assert len(set(LAYERS.values())) == len(LAYERS)
