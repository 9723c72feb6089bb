"""The hub by its line and its keypad: a head end's client speaks real DLMS in relay frames."""

from __future__ import annotations

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from home_bench import HEAD_END_KEYS, METER_ID, PAN, HomeBench, Line, head_end_client, make_hub, token
from meterhouse.companion import objects
from meterhouse.companion.account_objects import GAS_ACCOUNT_OBJECTS
from meterhouse.companion.relay import Frame, Kind, Refusal
from meterhouse.companion.token_status import TokenVerdict, decode_status
from meterhouse.model import DAY, MINUTE, SECOND, ConfigurationError, Eui64, Instant, Machine, RefusedError
from meterhouse.premises.hub import Hub
from meterhouse.premises.hub.wan_line import WanLine
from meterhouse.premises.prepay import BALANCE_LIMIT, EnergyTariff
from meterhouse.protocols import dlms, sts

OTHER_PAN = sts.MeterPan.of_serial(99, 2)


def online(**hub: object) -> HomeBench:
    bench = HomeBench(**hub)
    bench.half_hours(2, litres=100)
    bench.line.call()
    assert bench.line.answered
    return bench


def associated(bench: HomeBench, client: dlms.Client | None = None) -> dlms.Client:
    client = client or head_end_client()
    bench.ask(client.associate())
    return client


def balance(bench: HomeBench) -> int:
    assert bench.hub.account is not None
    return bench.hub.account.balance


def deliver(bench: HomeBench, client: dlms.Client, digits: str) -> TokenVerdict:
    """As a head end does: the token, then the gateway's own word."""
    accepted = True
    try:
        bench.ask(
            client.act(
                dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 1, dlms.octet_string(digits.encode("utf-8"))
            )
        )
    except RefusedError:
        accepted = False
    verdict = decode_status(bench.ask(client.get(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 6)))
    assert accepted == (verdict is TokenVerdict.ACCEPTED)
    return verdict


def test_a_hub_is_a_machine():
    assert isinstance(make_hub(), Machine)


# tokens


@pytest.mark.requirement("S0-140")
@pytest.mark.parametrize("first_by_keypad", [True, False])
def test_one_token_by_network_and_by_keypad_counts_once_in_either_order(first_by_keypad):
    bench = online()
    client, digits, before = associated(bench), token(2_000_000), balance(bench)
    ways = [lambda: bench.key_in(digits).verdict, lambda: deliver(bench, client, digits)]
    first, second = ways if first_by_keypad else reversed(ways)
    assert first() is TokenVerdict.ACCEPTED
    assert second() is TokenVerdict.USED
    assert bench.hub.account.tokens == 1
    assert balance(bench) - before == bench.hub.account.credited


@pytest.mark.requirement("S3-107")
def test_only_the_value_of_a_payment_goes_to_the_home_and_it_reckons_the_balance_itself():
    """There is no way to send a balance: the credit object cannot be written or acted on by anyone."""
    bench = online()
    client, before = associated(bench), balance(bench)
    for attempt in (
        client.set(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 2, dlms.double_long(9_000_000)),
        client.act(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 1, dlms.double_long(9_000_000)),
        client.act(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 2, dlms.double_long(9_000_000)),
    ):
        with pytest.raises(RefusedError):
            bench.ask(attempt)
    assert balance(bench) == before
    assert deliver(bench, client, token(1_000_000)) is TokenVerdict.ACCEPTED
    shown = bench.ask(client.get(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 2)).whole()
    assert shown == balance(bench) == before + bench.hub.account.credited


@pytest.mark.parametrize(
    ("digits", "verdict"),
    [
        (token(1_000_000, pan=OTHER_PAN), TokenVerdict.WRONG),
        (token(1_000_000)[:-1] + str((int(token(1_000_000)[-1]) + 1) % 10), TokenVerdict.WRONG),
        ("1234", TokenVerdict.FORMAT),
        ("٣" * 20, TokenVerdict.FORMAT),
        ("", TokenVerdict.FORMAT),
        ("9" * 400, TokenVerdict.FORMAT),
        ("\udcff" * 20, TokenVerdict.FORMAT),
    ],
)
def test_a_token_for_another_meter_or_mistyped_is_refused_with_its_reason_both_ways(digits, verdict):
    bench = online()
    client, before = associated(bench), balance(bench)
    assert bench.key_in(digits).verdict is verdict
    wire = digits.encode("utf-8", "replace").decode()
    assert deliver(bench, client, wire) in {verdict, TokenVerdict.FORMAT, TokenVerdict.WRONG}
    assert balance(bench) == before
    assert verdict.sentence.endswith(".")


def test_a_token_that_would_lift_the_balance_over_its_limit_stays_good_for_later():
    bench = online(balance=BALANCE_LIMIT - 100_000)
    digits = token(1_000_000)
    assert bench.key_in(digits).verdict is TokenVerdict.OVER_LIMIT
    bench.hub.account.balance -= 5_000_000
    assert bench.key_in(digits).verdict is TokenVerdict.ACCEPTED


def test_five_wrong_tokens_lock_the_keypad_for_five_minutes_and_never_the_network():
    bench = online()
    client, good = associated(bench), token(1_000_000)
    for number in range(5):
        assert bench.key_in(f"{number:020d}").verdict is TokenVerdict.WRONG
    assert bench.key_in(good).verdict is TokenVerdict.LOCKED
    assert deliver(bench, client, token(1_000_000, tid=6_000_050)) is TokenVerdict.ACCEPTED
    bench.run(bench.now + 5 * MINUTE - SECOND)
    assert bench.key_in(good).verdict is TokenVerdict.LOCKED
    bench.run(bench.now + SECOND)
    assert bench.key_in(good).verdict is TokenVerdict.ACCEPTED


def test_four_wrong_tokens_and_a_right_one_start_the_count_anew_and_a_restart_does_not():
    bench = online()
    for number in range(4):
        bench.key_in(f"{number:020d}")
    bench.key_in(token(1_000_000))
    for number in range(4):
        assert bench.key_in(f"{number:020d}").verdict is TokenVerdict.WRONG
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    bench.key_in("0" * 19 + "9")
    assert bench.key_in(token(1_000_000, tid=6_000_100)).verdict is TokenVerdict.LOCKED


def test_what_the_network_is_told_of_its_token_is_not_what_the_keypad_did_meanwhile():
    """Between a delivery and its verdict somebody types another token: the supplier hears about its own."""
    bench = online()
    client = associated(bench)
    wrong = dlms.octet_string(token(1_000_000, pan=OTHER_PAN).encode())
    with pytest.raises(RefusedError):
        bench.ask(client.act(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 1, wrong))
    assert bench.key_in(token(1_000_000)).verdict is TokenVerdict.ACCEPTED
    verdict = decode_status(bench.ask(client.get(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 6)))
    assert verdict is TokenVerdict.WRONG


@pytest.mark.requirement("S0-124")
@pytest.mark.requirement("S3-23")
def test_with_the_network_down_for_a_week_a_keyed_token_counts_at_once_and_only_once_when_it_is_back():
    bench = online(balance=3_000_000)
    digits = token(2_000_000)
    bench.line.cut()
    bench.half_hours(2 * 48, litres=20)
    before = balance(bench)
    assert bench.key_in(digits).verdict is TokenVerdict.ACCEPTED
    assert balance(bench) - before == bench.hub.account.credited > 0
    bench.half_hours(5 * 48, litres=20)
    bench.line.mend()
    bench.run(bench.now + 20 * MINUTE)
    assert bench.hub.online
    bench.line.call()
    assert deliver(bench, associated(bench), digits) is TokenVerdict.USED
    assert bench.hub.account.tokens == 1


def test_a_home_on_credit_takes_no_token():
    bench = online(prepay=False)
    assert bench.key_in(token(1_000_000)).verdict is TokenVerdict.NO_ACCOUNT
    client = associated(bench)
    with pytest.raises(RefusedError):
        bench.ask(client.act(dlms.TOKEN_GATEWAY, GAS_ACCOUNT_OBJECTS.token_gateway, 1, dlms.octet_string(b"1" * 20)))


# the objects


def _tariff(*numbers: int) -> dlms.CosemData:
    return dlms.structure(*(dlms.double_long_unsigned(number) for number in numbers))


@pytest.mark.requirement("S0-33")
def test_a_tariff_by_cosem_sends_nothing_to_the_gas_meter_but_a_new_cutoff():
    bench = online()
    client = associated(bench)
    telegrams, cutoff = len(bench.telegrams_down), bench.gas.cutoff_l
    bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff, 2, _tariff(14_740, 29_110, 39_500)))
    assert len(bench.telegrams_down) == telegrams
    assert bench.ask(client.get(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff, 2)) == _tariff(14_740, 29_110, 39_500)
    written = bench.kinds("gas_meter").count("cutoff.written")
    bench.half_hours(2, litres=10)
    sent = len(bench.telegrams_down) - telegrams
    assert sent == 2
    assert bench.kinds("gas_meter").count("cutoff.written") - written == sent
    assert bench.gas.cutoff_l < cutoff


@pytest.mark.parametrize(
    "value",
    [
        _tariff(500_001, 0, 39_500),
        _tariff(7_370, 2_000_001, 39_500),
        _tariff(7_370, 0, 29_999),
        _tariff(7_370, 0, 50_001),
        _tariff(7_370, 0),
        _tariff(7_370, 0, 39_500, 1),
        dlms.octet_string(b"cheap"),
        dlms.structure(dlms.double_long(-1), dlms.double_long(0), dlms.double_long(39_500)),
    ],
)
def test_an_absurd_tariff_is_refused_and_changes_nothing(value):
    bench = online()
    client = associated(bench)
    with pytest.raises(RefusedError):
        bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff, 2, value))
    assert bench.hub.account.tariff == EnergyTariff.flat(7_370, 29_110, 39_500)
    assert "access.refused" in bench.kinds("hub")


@pytest.mark.parametrize("value", [(0, 0, 30_000), (500_000, 2_000_000, 50_000)])
def test_the_ends_of_the_tariffs_range_are_taken(value):
    bench = online()
    bench.ask(associated(bench).set(dlms.DATA, GAS_ACCOUNT_OBJECTS.tariff, 2, _tariff(*value)))
    assert bench.hub.account.tariff == EnergyTariff.flat(*value)


@pytest.mark.requirement("S0-31")
def test_reading_the_mirror_a_hundred_times_wakes_the_gas_meter_not_once():
    bench = online()
    client = associated(bench)
    wakes, telegrams = len(bench.telegrams_up), len(bench.telegrams_down)
    for _ in range(100):
        assert bench.ask(client.get(dlms.EXTENDED_REGISTER, objects.GAS_VOLUME, 2)).whole() == 200
        bench.ask(client.get(dlms.DISCONNECT_CONTROL, objects.GAS_VALVE, 3))
    assert (len(bench.telegrams_up), len(bench.telegrams_down)) == (wakes, telegrams)


@pytest.mark.requirement("S3-88")
def test_the_debt_that_is_left_is_shown_and_never_reckoned_with():
    bench = online()
    client, before = associated(bench), balance(bench)
    bench.ask(client.set(dlms.DATA, GAS_ACCOUNT_OBJECTS.debt_note, 2, dlms.double_long_unsigned(1_234_500)))
    assert bench.hub.account.debt_note == 1_234_500
    assert balance(bench) == before


@pytest.mark.parametrize("method", [1, 2])
def test_nobody_can_open_or_close_the_gas_valve_over_the_network(method):
    bench = online()
    client = associated(bench)
    with pytest.raises(RefusedError):
        bench.ask(client.act(dlms.DISCONNECT_CONTROL, objects.GAS_VALVE, method, dlms.integer(0)))
    bench.half_hours(2)
    assert {"valve.opened", "valve.closed", "valve.open_ordered"}.isdisjoint(bench.kinds())


def test_the_public_client_sees_the_hubs_clock_and_name_only():
    bench = online()
    plain = dlms.Client(dlms.ClientSettings(client_sap=objects.PUBLIC_SAP))
    exchange = lambda apdu: bench.line.exchange(apdu, objects.PUBLIC_SAP)  # noqa: E731
    dlms.converse(plain.associate(), exchange)
    assert dlms.converse(plain.get(dlms.DATA, objects.LOGICAL_DEVICE_NAME, 2), exchange).octets() == b"MTHH00000001"
    for obis, interface in ((GAS_ACCOUNT_OBJECTS.credit, dlms.CREDIT), (objects.GAS_VOLUME, dlms.EXTENDED_REGISTER)):
        with pytest.raises(RefusedError):
            dlms.converse(plain.get(interface, obis, 2), exchange)


def test_a_client_with_the_wrong_key_is_believed_nothing():
    bench = online()
    wrong = dlms.Keys(bytes(16), HEAD_END_KEYS.authentication)
    state = json.dumps(bench.hub.account.state())
    client = head_end_client(keys=wrong)
    with pytest.raises(Exception, match=r".+"):
        associated(bench, client)
    assert not client.associated
    assert json.dumps(bench.hub.account.state()) == state
    assert "access.refused" in bench.kinds("hub")


# the line


def test_a_lost_line_is_dialled_again_with_growing_pauses_and_a_welcome_starts_them_anew():
    hub = make_hub()
    dialled = []
    now = Instant(hub.deadline())
    for _ in range(12):
        hub.elapse(now)
        assert [port for port, _ in hub.outgoing() if port == "wan"] == ["wan"]
        dialled.append(now)
        hub.receive("wan", b"", now)
        at = hub._wan.deadline()
        assert at is not None
        now = at
    pauses = [later - earlier for earlier, later in itertools.pairwise(dialled)]
    assert pauses == sorted(pauses)
    assert 5 * SECOND <= pauses[0] <= 10 * SECOND
    assert 15 * MINUTE <= pauses[-1] <= 30 * MINUTE


def test_hubs_that_lost_the_line_together_do_not_dial_together():
    """A carrier that restarts with a million hubs gets them over seconds, not in one."""

    def nothing(*_words: object, **_fields: object) -> None:
        pass

    dialled = set()
    for number in range(100):
        line = WanLine(Eui64(number.to_bytes(8, "big")), None, None, nothing, nothing, nothing)
        line.elapse(Instant(1_000))
        line.receive(Frame(Kind.WELCOME).encode(), Instant(1_100))
        line.down(Instant(2_000))
        dialled.add(line.deadline())
    assert len(dialled) > 60
    assert all(7_000 <= at <= 12_000 for at in dialled)


def test_a_silent_line_is_pinged_and_at_last_given_up():
    bench = HomeBench()
    bench.half_hours(2)
    pings = [frame for frame in bench.line.frames if frame.kind is Kind.PING]
    assert pings
    hub, sent = bench.hub, len(bench.line.frames)
    hub._out.clear()
    closed = False
    until = bench.now + 3 * 60 * MINUTE
    while not closed and (at := hub._wan.deadline()) is not None and at < until:
        hub._wan.elapse(at)
        closed = ("wan", b"") in hub._out
    assert closed
    assert not hub.online
    assert len(bench.line.frames) == sent


def test_a_second_call_is_refused_busy_and_after_the_hang_up_the_next_is_answered():
    bench = online()
    bench.line.send(Frame(Kind.CALL, 77, b"\0" * 8))
    assert bench.line.frames[-1] == Frame(Kind.REFUSED, 77, bytes([Refusal.BUSY]))
    bench.line.call()
    assert bench.line.answered


def test_data_of_another_session_or_after_the_hang_up_is_not_answered():
    bench = online()
    aarq = next(head_end_client().associate())
    framed = dlms.wrapper.encode(objects.HEAD_END_SAP, objects.MANAGEMENT_DEVICE, aarq)
    sent = len(bench.line.frames)
    bench.line.send(Frame(Kind.DATA, bench.line.session + 1, framed))
    bench.line.send(Frame(Kind.HANG_UP, bench.line.session))
    bench.line.send(Frame(Kind.DATA, bench.line.session, framed))
    assert len(bench.line.frames) == sent


def test_a_hung_up_association_is_gone_with_its_session():
    bench = online()
    client = associated(bench)
    bench.line.call()
    answer = bench.line.exchange(next(client.get(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 2)))
    assert answer is not None
    assert answer[0] == 0xD8  # exception-response: there is no association


# the wire


def test_the_head_end_reaches_the_electricity_meter_through_the_prefix():
    bench = online()
    client = head_end_client(METER_ID)
    bench.ask(client.associate(), meter=True)
    assert bench.ask(client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2), meter=True).whole() == 0


def test_a_prefix_of_another_network_or_device_ends_the_session_with_a_reason():
    bench = online()
    prefixed = dlms.gateway.Prefixed(7, b"\x09", b"\xc0")
    framed = dlms.wrapper.encode(objects.HEAD_END_SAP, objects.MANAGEMENT_DEVICE, dlms.gateway.wrap(prefixed))
    bench.line.send(Frame(Kind.DATA, bench.line.session, framed))
    assert bench.line.frames[-1].kind is Kind.HANG_UP
    assert "session.ended" in bench.kinds("hub")


def test_nobody_may_speak_to_the_meter_in_the_hubs_own_name():
    bench = online()
    assert bench.line.exchange_meter(b"\x60\x00", objects.HUB_SAP) is None
    assert bench.line.frames[-1].kind is Kind.HANG_UP


def test_the_wire_unplugged_is_told_and_plugged_again_is_read_again():
    bench = online()
    assert bench.hub.electricity == (0, 1)
    bench.wire.unplug()
    bench.electricity.use(750, bench.now)
    bench.half_hours(3)
    assert bench.hub.electricity_link[0] is False
    assert bench.kinds("hub").count("m_link.failed") == 1
    assert bench.hub.mirror.link_failed is False  # the gas link does not care
    bench.wire.plugged = True
    bench.run(bench.now + 2 * MINUTE)
    assert bench.hub.electricity_link[0] is True
    assert bench.hub.electricity == (750, 1)
    assert bench.kinds("hub").count("m_link.up") == 1


def test_a_meter_that_falls_silent_is_given_up_and_read_again_later():
    bench = online()
    take, bench.wire.take = bench.wire.take, lambda _data: None
    bench.half_hours(1)
    assert bench.hub.electricity_link[0] is False
    bench.wire.take = take
    bench.run(bench.now + 3 * MINUTE)
    assert bench.hub.electricity_link[0] is True


def test_a_late_answer_of_the_meter_does_not_reach_the_next_session():
    bench = online()
    late: list[bytes] = []
    take, bench.wire.take = bench.wire.take, late.append
    same = head_end_client(METER_ID).settings
    aarq = next(dlms.Client(same).associate())
    assert bench.line.exchange_meter(aarq) is None
    bench.line.call()
    bench.wire.take = take
    assert late[-1] == b""  # the connection has ended, and with it what was under way
    for data in late:
        bench.wire.take(data)
    bench.settle()
    assert bench.line.answers == []
    bench.ask(dlms.Client(same).associate(), meter=True)


# memory


def test_a_hub_refuses_another_hubs_snapshot():
    state = make_hub().state()
    state["serial"] = "MTHH00000002"
    with pytest.raises(ConfigurationError):
        make_hub().restore(state)


def test_a_restarted_hub_is_reached_again_with_counters_that_only_rise():
    bench = online()
    settings_of_client = head_end_client().settings
    client = dlms.Client(settings_of_client)
    bench.ask(client.associate())
    bench.restart_hub(json.loads(json.dumps(bench.hub.state())))
    bench.line.session = 0
    bench.run(bench.now + 20 * SECOND)
    bench.line.call()
    again = dlms.Client(settings_of_client)
    bench.ask(again.associate())
    assert bench.ask(again.get(dlms.CREDIT, GAS_ACCOUNT_OBJECTS.credit, 2)).whole() == balance(bench)


# garbage


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["wan", "m_bus", "gas_radio", "keypad", ""]), st.binary(max_size=80)), max_size=8
    )
)
def test_bytes_of_any_kind_on_any_port_never_raise_and_never_change_account_or_valve(noise):
    bench = _NOISY
    before = (balance(bench), bench.gas.valve, bench.electricity.switch.state)
    for port, data in noise:
        bench.hub.receive(port, data, bench.now)
        list(bench.hub.outgoing())
        list(bench.hub.events())
    assert (balance(bench), bench.gas.valve, bench.electricity.switch.state) == before


@settings(max_examples=60)
@given(st.data())
def test_framed_garbage_inside_a_session_never_raises_and_never_changes_the_account(data):
    bench = _NOISY
    bench.line.mend()
    bench.run(bench.now + 2 * 60 * MINUTE) if not bench.line.standing else None
    bench.line.call()
    before = json.dumps(bench.hub.account.state()), bench.hub.account.balance
    inner = data.draw(
        st.one_of(
            st.binary(max_size=60),
            st.binary(max_size=40).map(lambda tail: dlms.wrapper.encode(1, 1, (tail or b"\x00"))),
        )
    )
    kind = data.draw(st.sampled_from(Kind))
    bench.line.send(Frame(kind, bench.line.session, inner))
    assert (json.dumps(bench.hub.account.state()), bench.hub.account.balance) == before


_NOISY = HomeBench()
_NOISY.half_hours(2)


def test_a_line_can_be_noisy_and_serve_again_afterwards():
    bench = online()
    for junk in (b"\x00", b"\xff" * 70, b"GET / HTTP/1.1\r\n\r\n", bytes(300)):
        bench.line.standing = False
        bench.hub.receive("wan", junk, bench.now)
        bench.settle()
    bench.line._reader = type(bench.line._reader)()
    bench.run(bench.now + DAY // 24)
    bench.line.session = 0
    bench.line.call()
    assert bench.line.answered
    associated(bench)


def test_the_bench_itself_is_honest():
    """The line is what a carrier sees: nothing but frames, and no session without a call."""
    bench = HomeBench()
    assert isinstance(bench.line, Line)
    assert isinstance(bench.hub, Hub)
    assert bench.line.calls == 0
    assert {frame.session for frame in bench.line.frames} == {0}
    assert str(PAN) != str(OTHER_PAN)
