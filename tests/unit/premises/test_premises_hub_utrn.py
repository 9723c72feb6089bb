"""A hub that takes GB codes beside STS tokens: one keypad, one line, each code once."""

from __future__ import annotations

import json

import pytest

from home_bench import HomeBench, head_end_client, make_hub, token
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.token_status import TokenVerdict, decode_status
from meterhouse.companion.utrn import UtrnKey, UtrnLimits, UtrnValue, make_utrn
from meterhouse.model import UNIT, Eui64, RefusedError
from meterhouse.protocols import dlms

KEY = UtrnKey(bytes(range(32)), Eui64(b"\1" * 8), Eui64(b"\2" * 8))
LIMITS = UtrnLimits(credit_money5=100 * UNIT)


def code(counter, pounds=20, key=KEY):
    return make_utrn(key, counter, UtrnValue.of(pounds * UNIT)).digits


def online():
    bench = HomeBench(utrn_key=KEY, utrn_limits=LIMITS)
    bench.half_hours(2, litres=100)
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    return bench, client


def deliver(bench, client, digits):
    try:
        bench.ask(
            client.act(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 1, dlms.octet_string(digits.encode()))
        )
        accepted = True
    except RefusedError:
        accepted = False
    verdict = decode_status(bench.ask(client.get(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 6)))
    assert accepted == (verdict is TokenVerdict.ACCEPTED)
    return verdict


@pytest.mark.requirement("S0-140")
@pytest.mark.parametrize("first_by_keypad", [True, False])
def test_one_code_by_network_and_by_keypad_counts_once_in_either_order(first_by_keypad):
    bench, client = online()
    digits, before = code(1), bench.hub.account.balance
    ways = [lambda: bench.key_in(digits).verdict, lambda: deliver(bench, client, digits)]
    first, second = ways if first_by_keypad else reversed(ways)
    assert first() is TokenVerdict.ACCEPTED
    assert second() is TokenVerdict.USED
    assert bench.hub.account.balance - before == 20 * UNIT


@pytest.mark.requirement("S0-143")
def test_a_further_scheme_at_the_hub_leaves_the_gas_meter_its_radio_and_the_first_scheme_as_they_were():
    with_codes, without = HomeBench(utrn_key=KEY), HomeBench()
    for bench in (with_codes, without):
        bench.half_hours(2, litres=100)
        assert bench.key_in(token(2_000_000)).verdict is TokenVerdict.ACCEPTED
        bench.half_hours(2, litres=100)
    assert with_codes.telegrams_down == without.telegrams_down
    assert with_codes.telegrams_up == without.telegrams_up
    assert with_codes.telegrams_down
    assert with_codes.hub.account.balance == without.hub.account.balance


def test_a_code_at_a_hub_that_is_not_set_up_for_codes_is_no_token():
    bench = HomeBench()
    assert bench.key_in(code(1)).verdict is TokenVerdict.FORMAT


@pytest.mark.parametrize(
    ("digits", "verdict"),
    [
        (code(1, key=UtrnKey(bytes(32), KEY.originator, KEY.target)), TokenVerdict.WRONG),
        (code(1)[:-1] + str((int(code(1)[-1]) + 1) % 10), TokenVerdict.WRONG),
        (code(1)[:-1], TokenVerdict.FORMAT),
    ],
)
def test_a_code_of_another_key_or_mistyped_is_refused_with_its_reason(digits, verdict):
    bench, _ = online()
    before = bench.hub.account.balance
    assert bench.key_in(digits).verdict is verdict
    assert bench.hub.account.balance == before


@pytest.mark.requirement("S0-71")
def test_an_authentic_code_above_the_limit_of_one_code_is_refused():
    bench, client = online()
    before = bench.hub.account.balance
    assert bench.key_in(code(1, pounds=101)).verdict is TokenVerdict.OVER_LIMIT
    assert deliver(bench, client, code(1, pounds=101)) is TokenVerdict.OVER_LIMIT
    assert bench.hub.account.balance == before
    assert bench.key_in(code(1, pounds=100)).verdict is TokenVerdict.ACCEPTED


def test_a_commissioning_code_is_accepted_and_changes_no_money():
    bench, client = online()
    before = bench.hub.account.balance
    assert deliver(bench, client, code(1, pounds=0)) is TokenVerdict.ACCEPTED
    assert bench.hub.account.balance == before
    assert bench.key_in(code(1, pounds=0)).verdict is TokenVerdict.USED


def test_used_codes_stay_used_through_a_restart_and_a_hub_that_knew_only_sts_goes_on_with_both():
    bench, _ = online()
    assert bench.key_in(code(1)).verdict is TokenVerdict.ACCEPTED
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    assert bench.key_in(code(1)).verdict is TokenVerdict.USED
    old = HomeBench()
    assert old.key_in(token(2_000_000)).verdict is TokenVerdict.ACCEPTED
    new = make_hub(utrn_key=KEY, now=old.now)
    new.restore(json.loads(json.dumps(old.hub.state())))
    assert new.key_in(token(2_000_000), old.now).verdict is TokenVerdict.USED
    assert new.key_in(code(1), old.now).verdict is TokenVerdict.ACCEPTED
