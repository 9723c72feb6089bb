"""What a hub writes down for the one that takes its place: both fuels, each token once, and nothing believed blindly."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from home_bench import START, HomeBench, electricity_setup, electricity_token, head_end_client, make_hub, token
from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.companion.utrn import UtrnKey, UtrnValue, make_utrn
from meterhouse.model import HALF_HOUR, UNIT, Eui64, Fuel, HalfHour, Instant, MalformedError, RefusedError
from meterhouse.premises.hub import ElectricitySetup, read_account_record
from meterhouse.premises.hub.objects import mirror_objects
from meterhouse.premises.prepay import COMING_LIMIT, CreditLimits, EnergyTariff, account_objects
from meterhouse.protocols import dlms

GAS_UTRN = UtrnKey(bytes(range(32)), Eui64(b"\1" * 8), Eui64(b"\2" * 8))
ELECTRICITY_UTRN = UtrnKey(bytes(range(1, 33)), Eui64(b"\1" * 8), Eui64(b"\3" * 8))
ELECTRICITY = Fuel.ELECTRICITY


def hub_of(*, gas=True, codes=False, now=START, **setup):
    terms = {"utrn_key": ELECTRICITY_UTRN} if codes else {}
    if codes and gas:
        setup["utrn_key"] = GAS_UTRN
    return make_hub(gas=gas, electricity=ElectricitySetup(144, electricity_setup(**terms)), now=now, **setup)


def used_hub(*, gas=True, codes=False):
    """One that has charged a day of electricity and credited tokens of all that it takes."""
    hub = hub_of(gas=gas, codes=codes)
    account = hub.electricity_account
    account.settle(1_000, (), START)
    rows = [HalfHour(Instant(START + n * HALF_HOUR), 1_000 + 100 * n) for n in range(1, 49)]
    account.settle(5_800, rows, Instant(START + 48 * HALF_HOUR))
    account.account.debt_note = 1_200_000
    keyed = [electricity_token(10_000)]
    if gas:
        keyed.append(token(20_000))
        hub.mirror.log.append(HalfHour(Instant(START + HALF_HOUR), 300))
    if codes:
        keyed.append(make_utrn(ELECTRICITY_UTRN, 1, UtrnValue.of(5 * UNIT)).digits)
    for digits in keyed:
        assert hub.key_in(digits, START).verdict is TokenVerdict.ACCEPTED
    return hub, keyed


def placed(record, rows=(), tokens=(), **setup):
    new = hub_of(**setup)
    new.take_place(read_account_record(record), rows, tokens)
    return new


@pytest.mark.requirement("S0-98")
@pytest.mark.parametrize("codes", [False, True])
@pytest.mark.parametrize("gas", [True, False])
def test_the_next_hub_goes_on_with_the_account_of_electricity_and_knows_every_used_token(gas, codes):
    old, keyed = used_hub(gas=gas, codes=codes)
    new = placed(old.account_record(), gas=gas, codes=codes)
    assert new.electricity_account.account.state() == old.electricity_account.account.state()
    assert new.electricity_account.account.fuel is ELECTRICITY
    assert new.electricity_account.account.debt_note == 1_200_000
    if gas:
        assert new.account.state() == old.account.state()
        assert len(new.mirror.log) == 1
    for digits in keyed:
        assert new.key_in(digits, START).verdict is TokenVerdict.USED
    fresh = new.key_in(electricity_token(10_000, tid=6_000_100), START)
    assert (fresh.verdict, fresh.fuel) == (TokenVerdict.ACCEPTED, ELECTRICITY)
    assert new.electricity_account.account.balance == old.electricity_account.account.balance + 10_000


@pytest.mark.requirement("S0-98")
def test_half_hours_that_the_record_does_not_know_are_charged_once_and_those_that_it_knows_never_again():
    old, _ = used_hub()
    new = placed(old.account_record())
    account, before = new.electricity_account, old.electricity_account.account.balance
    rows = [HalfHour(Instant(START + n * HALF_HOUR), 1_000 + 100 * n) for n in range(1, 59)]
    account.settle(6_800, rows, Instant(START + 58 * HALF_HOUR))
    assert account.account.balance == before - 1_000 * 28_340 // 1_000
    assert account.account.charged == 6_800


def test_tokens_that_the_books_know_and_the_record_does_not_go_each_to_its_own_account_once():
    old, keyed = used_hub()
    later = [electricity_token(10_000, tid=6_000_100), token(10_000, tid=6_000_100)]
    new = placed(old.account_record(), tokens=[*keyed, *later, *later, "0" * 20, "not a token"])
    assert new.electricity_account.account.balance == old.electricity_account.account.balance + 10_000
    assert new.account.balance == old.account.balance + 10_000
    assert [event.kind for event in new.events() if event.kind.startswith("token")] == []
    for digits in later:
        assert new.key_in(digits, START).verdict is TokenVerdict.USED


def test_a_record_of_gas_alone_is_of_the_first_version_still_and_a_hub_with_both_fuels_reads_it():
    bench = HomeBench()
    bench.key_in(token(20_000))
    bench.half_hours(3, litres=100)
    record = bench.hub.account_record()
    assert json.loads(record)["version"] == 1
    new = placed(record)
    assert new.account.state() == bench.hub.account.state()
    assert new.electricity_account.account.balance == 1_000_000, "as it was opened"
    assert new.key_in(electricity_token(10_000), START).fuel is ELECTRICITY


def test_a_hub_without_an_account_of_electricity_takes_of_a_record_what_is_its_own():
    old, _ = used_hub()
    new = make_hub()
    new.take_place(read_account_record(old.account_record()), tokens=[electricity_token(10_000)])
    assert new.account.state() == old.account.state()
    assert new.electricity_account is None


def test_a_home_that_paid_for_gas_by_bill_gives_its_next_hub_no_used_tokens_to_trip_over():
    old = hub_of(prepay=False)
    assert json.loads(old.account_record())["gas"]["used"] == {}
    new = placed(old.account_record())
    assert new.key_in(token(20_000), START).verdict is TokenVerdict.ACCEPTED


def test_a_record_of_either_scheme_is_understood_by_a_hub_that_takes_one_or_both():
    both, keyed = used_hub(codes=True)
    new = placed(both.account_record())
    assert new.key_in(keyed[0], START).verdict is TokenVerdict.USED
    of_one, keyed = used_hub()
    new = placed(of_one.account_record(), codes=True)
    assert [new.key_in(digits, START).verdict for digits in keyed] == [TokenVerdict.USED] * 2


@pytest.mark.requirement("S0-98")
def test_the_head_end_reads_the_record_of_a_home_without_gas_and_nobody_reads_one_where_no_account_stands():
    bench = HomeBench(gas=False, electricity=ElectricitySetup(144, electricity_setup()))
    bench.line.call()
    client = head_end_client()
    bench.ask(client.associate())
    told = bench.ask(client.get(dlms.DATA, objects.GAS_ACCOUNT_RECORD, 2)).octets()
    record = read_account_record(told)
    assert record.gas is None
    assert record.electricity.account == bench.hub.electricity_account.account.state()
    assert bench.hub.settings.electricity.prepay.token_key.octets.hex().encode() not in told
    plain = HomeBench(gas=False)
    assert plain.hub.account_record() == b""
    plain.line.call()
    client = head_end_client()
    plain.ask(client.associate())
    with pytest.raises(RefusedError):
        plain.ask(client.get(dlms.DATA, objects.GAS_ACCOUNT_RECORD, 2))


def test_the_record_holds_no_key_of_either_fuel():
    hub, _ = used_hub(codes=True)
    told = hub.account_record()
    for setup in (hub.settings.gas.prepay, hub.settings.electricity.prepay):
        assert setup.token_key.octets.hex().encode() not in told
        assert setup.utrn_key.secret.hex().encode() not in told


# what was tampered with

WHOLE, _ = used_hub(codes=True)
TOLD = json.loads(WHOLE.account_record())
_ABSURD = [
    None,
    True,
    -1,
    1.5,
    float("inf"),
    float("nan"),
    10**30,
    "1",
    "",
    [],
    [[]],
    {},
    {"x": 1},
    [None] * 7,
    ["1"] * 96,
]


def places(told, way=()):
    """Every place in a record that has a name, and the first of each row."""
    if isinstance(told, dict):
        for name, value in told.items():
            yield (*way, name)
            yield from places(value, (*way, name))
    elif isinstance(told, list) and told:
        yield (*way, 0)
        yield from places(told[0], (*way, 0))


def with_value(way, value):
    told = json.loads(json.dumps(TOLD))
    inner = told
    for step in way[:-1]:
        inner = inner[step]
    inner[way[-1]] = value
    return told


def go_on(octets):
    """Take a record that was not refused, and use what it gave: nothing but a `MalformedError` may come of it."""
    try:
        record = read_account_record(octets)
    except MalformedError:
        return False
    new = hub_of(codes=True)
    new.take_place(record, [HalfHour(Instant(START + HALF_HOUR), 400)], [electricity_token(10_000, tid=6_000_900)])
    for digits in (token(10_000, tid=6_000_901), electricity_token(10_000, tid=6_000_902), "0" * 20):
        new.key_in(digits, START)
    new.electricity_account.settle(9_000, [HalfHour(Instant(START + 49 * HALF_HOUR), 6_000)], START)
    for account in (new.account, new.electricity_account.account):
        account.cutoff()
        account.friendly_at(START)
        assert isinstance(account.price_now, int)
    assert read_account_record(new.account_record()).electricity is not None
    gas = [*account_objects(new.account, new.slot, new._tell), *mirror_objects(new.mirror, new.account)]
    for part in (*new.electricity_account.objects(), *gas):
        for number, read in part.read.items():
            if part.interface is not dlms.PROFILE_GENERIC or number != 2:
                dlms.encode_data(read(None, START))
    return True


@pytest.mark.parametrize("way", sorted(set(places(TOLD)), key=str), ids=lambda way: ".".join(map(str, way)))
def test_a_value_of_another_kind_anywhere_is_refused_or_can_be_gone_on_with(way):
    refused = sum(not go_on(json.dumps(with_value(way, value)).encode()) for value in _ABSURD)
    assert refused >= len(_ABSURD) // 2, "most of these are nonsense anywhere"


@pytest.mark.parametrize("way", [way for way in places(TOLD) if isinstance(way[-1], str) and len(way) > 1], ids=str)
def test_a_record_that_lacks_something_is_refused_or_can_be_gone_on_with(way):
    told = json.loads(json.dumps(TOLD))
    inner = told
    for step in way[:-1]:
        inner = inner[step]
    del inner[way[-1]]
    go_on(json.dumps(told).encode())


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_octets_that_are_cut_changed_or_made_up_are_refused_by_one_error_only(data):
    whole = WHOLE.account_record()
    kind = data.draw(st.sampled_from(["cut", "changed", "made up"]))
    if kind == "cut":
        octets = whole[: data.draw(st.integers(0, len(whole) - 1))]
    elif kind == "changed":
        at = data.draw(st.integers(0, len(whole) - 1))
        octets = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    else:
        octets = data.draw(st.binary(max_size=60))
    went_on = go_on(octets)
    assert not (went_on and kind != "changed")


def test_octets_without_end_and_of_another_version_are_refused():
    for octets in (b"[" * 200_000, b"1" * 5_000, b" " * (1 << 19), b'{"version":3}', b'{"version":2}', b"null", b"{}"):
        with pytest.raises(MalformedError):
            read_account_record(octets)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_record_in_another_encoding_is_refused_and_not_left_for_whoever_keeps_it_as_text(encoding):
    whole = WHOLE.account_record()
    with pytest.raises(MalformedError):
        read_account_record(whole.decode("ascii").encode(encoding))
    with pytest.raises(MalformedError):
        read_account_record(whole[:-1] + ',"note":"é"}'.encode())


def set_tariff(account, price, now):
    steps = (1_000 + price, 2_000 + price, 9_000 + price)
    prices = tuple(range(price, price + 16)) if price % 5 else (0,) * 16
    account.set_tariff(EnergyTariff(prices, (0, 1, 2, 3) * 24, steps, price, account.cv), now)


def set_calorific_value(account, amount, now, _register):
    if account.fuel is Fuel.GAS:
        account.set_cv(30_000 + amount, now)


_HAPPENS = {
    "use": lambda account, _amount, now, register: account.charge([HalfHour(now, register)]),
    "fall": lambda account, amount, now, register: account.charge([HalfHour(now, max(0, register - 30_000 - amount))]),
    "credit": lambda account, amount, _now, _register: account.credit(amount + 1),
    "tariff": lambda account, amount, now, _register: set_tariff(account, amount, now),
    "limits": lambda account, amount, _now, _register: setattr(
        account, "limits", CreditLimits(amount * 100, 10_000_000, amount)
    ),
    "emergency": lambda account, _amount, _now, _register: account.offer_emergency() and account.select_emergency(),
    "note": lambda account, amount, _now, _register: setattr(account, "debt_note", amount),
    "keyed reading": lambda account, amount, now, register: account.provide(register + amount, now),
    "calorific value": set_calorific_value,
}
_ACTS = st.lists(st.tuples(st.sampled_from(sorted(_HAPPENS)), st.integers(0, 9_000)), max_size=25)


@given(_ACTS, st.booleans())
@settings(max_examples=120, deadline=None)
def test_no_record_that_a_hub_can_write_is_refused(acts, exact):
    """A record that is refused is an account that is lost, so every state that use can lead to must be believed."""
    hub = hub_of(exact_blocks=exact)
    now, registers = START, {Fuel.GAS: 50_000, ELECTRICITY: 50_000}
    accounts = (hub.account, hub.electricity_account.account)
    hub.account.begin(50_000, now)
    hub.electricity_account.settle(50_000, (), now)
    for act, amount in acts:
        now = Instant(now + HALF_HOUR)
        for account in accounts:
            if act == "use":
                registers[account.fuel] += amount
            _HAPPENS[act](account, amount, now, registers[account.fuel])
    record = read_account_record(hub.account_record())
    assert record.account == json.loads(json.dumps(hub.account.state()))
    assert record.electricity.account == json.loads(json.dumps(hub.electricity_account.account.state()))


def part_of(hub, obis):
    return next(part for part in hub.electricity_account.objects() if part.obis == obis)


@pytest.mark.parametrize("note", [dlms.double_long(-1), dlms.long64_unsigned(1 << 32)], ids=["below", "beyond"])
def test_a_debt_that_no_record_and_no_display_could_say_is_refused(note):
    hub = hub_of()
    told = part_of(hub, ACCOUNT_OBJECTS[ELECTRICITY].debt_note)
    with pytest.raises(dlms.AccessRefusedError):
        told.write[2](note, START)
    told.write[2](dlms.double_long_unsigned(2**32 - 1), START)
    assert told.read[2](None, START).whole() == 2**32 - 1
    assert read_account_record(hub.account_record()).electricity is not None


def test_tariffs_to_come_are_refused_before_there_are_more_than_a_record_can_say():
    hub = hub_of()
    for fuel, account in ((Fuel.GAS, hub.account), (ELECTRICITY, hub.electricity_account.account)):
        parts = account_objects(account, hub.slot, hub._tell)
        matrix = next(part for part in parts if part.obis == ACCOUNT_OBJECTS[fuel].tariff_matrix)
        prices = [part for part in parts if part.obis in {matrix.obis, objects.GAS_CV}]
        for part in prices:
            value = part.read[2](None, START)
            for number in range(COMING_LIMIT):
                part.write[2](begun_at(value, number), START)
            part.write[2](begun_at(value, 3), START)  # in place of the one for that time
            with pytest.raises(dlms.AccessRefusedError):
                part.write[2](begun_at(value, COMING_LIMIT), START)
    record = read_account_record(hub.account_record())
    assert len(record.account["coming"]) == len(record.account["coming_cv"]) == COMING_LIMIT


def begun_at(value, number):
    at = dlms.octet_string(dlms.encode_date_time(Instant(START + (number + 1) * HALF_HOUR)))
    return dlms.structure(at, *value.value[1:])


def test_the_untampered_record_is_gone_on_with():
    assert go_on(WHOLE.account_record())
    assert replace(read_account_record(WHOLE.account_record())).electricity is not None
