"""Whoever may set a hub up cannot make credit: value has keys of its own (S3-18)."""

from __future__ import annotations

import pytest

from home_bench import HEAD_END_KEYS, METER_ID, PAN, HomeBench, head_end_client, token
from meterhouse.app.keys import StreetKeys
from meterhouse.companion import objects
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.token_status import TokenVerdict, decode_status
from meterhouse.model import Eui64, MeterhouseError
from meterhouse.protocols import dlms, sts

OBJECTS = sorted({name: obis for name, obis in vars(objects).items() if isinstance(obis, dlms.Obis)}.items())
CLASSES = (
    dlms.DATA,
    dlms.EXTENDED_REGISTER,
    dlms.CREDIT,
    dlms.TOKEN_GATEWAY,
    dlms.DISCONNECT_CONTROL,
)
MUCH = 90_000_000
VALUES = (
    dlms.double_long(MUCH),
    dlms.double_long_unsigned(MUCH),
    dlms.octet_string(b"1" * 20),
    dlms.boolean(value=True),
    dlms.structure(dlms.double_long(MUCH)),
)


def fresh() -> tuple[HomeBench, dlms.Client]:
    bench = HomeBench()
    bench.half_hours(2, litres=100)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    return bench, client


def attempt(bench: HomeBench, procedure) -> bool:
    """Whether the hub said yes."""
    try:
        bench.ask(procedure)
    except MeterhouseError:
        return False
    return True


def deliver(bench: HomeBench, client: dlms.Client, digits: str) -> TokenVerdict:
    attempt(
        bench, client.act(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 1, dlms.octet_string(digits.encode()))
    )
    return decode_status(bench.ask(client.get(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 6)))


@pytest.mark.requirement("S3-18")
@pytest.mark.parametrize("interface", CLASSES, ids=lambda interface: str(interface.class_id))
def test_no_setting_and_no_action_of_the_manager_s_role_at_any_object_gives_credit(interface):
    bench, client = fresh()
    account = bench.hub.account
    before, tried = account.balance, 0
    for _, obis in OBJECTS:
        for attribute in range(1, 8):
            for value in VALUES:
                attempt(bench, client.set(interface, obis, attribute, value))
                attempt(bench, client.act(interface, obis, attribute, value))
                tried += 2
                assert (account.credited, account.tokens) == (0, 0), (obis, attribute)
                assert account.balance <= before, (obis, attribute)
    assert tried > 500
    assert deliver(bench, client, token(1_000_000)) is TokenVerdict.ACCEPTED, "the same session carries a true token"


@pytest.mark.requirement("S3-18")
@pytest.mark.parametrize("secret", [HEAD_END_KEYS.encryption, HEAD_END_KEYS.authentication], ids=["encrypt", "sign"])
def test_a_token_made_with_the_keys_that_manage_the_hub_is_worth_nothing(secret):
    bench, client = fresh()
    for vending_key in (secret + bytes(4), bytes(4) + secret):
        key = sts.derive_dkga04(vending_key, pan=PAN, supply_group="600451", algorithm=sts.EncryptionAlgorithm.EA11)
        for octets in (key.octets, secret):
            forged = sts.DecoderKey(
                octets, key.algorithm, key.key_type, key.key_revision, key.tariff_index, key.supply_group, key.base_date
            )
            credit = sts.CreditSubclass.GAS_CURRENCY
            made = sts.encode_currency_credit(forged, credit, tid=6_000_000, amount_money5=1_000_000)
            assert deliver(bench, client, made.digits) is TokenVerdict.WRONG
    assert bench.hub.account.credited == 0


@pytest.mark.requirement("S3-18")
def test_no_vending_key_is_a_key_of_any_association_or_link():
    keys = StreetKeys(bytes(range(32)))
    vending = keys.vending("600451")
    devices = [Eui64(bytes([number]) * 8) for number in range(1, 20)] + [METER_ID]
    others = [
        getattr(keys.association(client, device), half)
        for client in ("head end", "hub", "manager")
        for device in devices
        for half in ("encryption", "authentication")
    ]
    others += [keys.gas_link(device) for device in devices]
    assert len(set(others)) == len(others)
    assert not any(other[:8] in vending or vending[:8] in other for other in others)
