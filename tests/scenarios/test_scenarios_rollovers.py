"""Nights on which clocks have stopped before: a whole home lives through each, and nothing happens."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from home_bench import METER_ID, HomeBench, head_end_client
from meterhouse.companion import objects
from meterhouse.companion.gas import ValveState
from meterhouse.model import DAY, HALF_HOUR, MINUTE, Instant, Quality, UsageError, parse_instant
from meterhouse.protocols import dlms
from meterhouse.protocols.wmbus import TelegramError, decode_date, decode_moment, encode_date, encode_moment

NIGHTS = {
    "28 February of a common year": "2027-02-28T12:00:00Z",
    "28 February of a leap year": "2028-02-28T12:00:00Z",
    "29 February": "2028-02-29T12:00:00Z",
    "year end": "2026-12-31T12:00:00Z",
    "clocks go forward": "2027-03-27T18:00:00Z",
    "clocks go back": "2026-10-24T18:00:00Z",
    "31 bits of seconds are full": "2038-01-18T18:00:00Z",
    "32 bits of seconds are full": "2106-02-06T18:00:00Z",
    "the century's end": "2099-12-31T12:00:00Z",
    "28 February of 2100, which has no 29th": "2100-02-28T12:00:00Z",
}
STEPS = 48
LITRES = 30
WATT_HOURS = 250
QUIET = {"report.missed", "link.failed", "gas_link.failed", "telegram.dropped", "telegram.refused", "gas_link.refused"}


def live_through(start: Instant) -> HomeBench:
    """A day and a half of both fuels on credit; every litre and watt hour asked for must flow."""
    bench = HomeBench(start=start, balance=5_000_000)
    for _ in range(STEPS):
        assert bench.electricity.use(WATT_HOURS, bench.now) == WATT_HOURS
        assert bench.half_hours(1, LITRES) == LITRES
        assert bench.gas.valve is ValveState.OPEN
    return bench


def calendar(at: Instant) -> datetime:
    """An instant by the standard library's calendar, reckoned without ours."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)


@pytest.mark.requirement("S0-82")
@pytest.mark.parametrize("night", NIGHTS)
def test_both_fuels_and_every_log_pass_through(night):
    start = parse_instant(NIGHTS[night])
    bench = live_through(start)
    assert QUIET.isdisjoint(bench.kinds())
    ends = [start + number * HALF_HOUR for number in range(1, STEPS + 1)]
    for log, step in (
        (bench.gas.backlog.log, LITRES),
        (bench.hub.mirror.log, LITRES),
        (bench.electricity.log, WATT_HOURS),
    ):
        rows = log.between(Instant(start + 1), Instant(ends[-1]))
        assert [row.end for row in rows] == ends, "each half hour once, UTC, none twice in the night that has 25 hours"
        assert {after.register - before.register for before, after in pairwise(rows)} == {step}
        assert {row.quality for row in rows} == {Quality.MEASURED}
    midnights = sum(end % DAY == 0 for end in ends)
    charged = 5_000_000 - bench.hub.account.balance
    used = bench.hub.mirror.report.half_hours[-1].register
    assert charged == bench.exact_cost(used, midnights), "one standing charge for each day that ended"
    assert 0 <= bench.now - bench.hub.mirror.report.clock <= MINUTE, "type F has no seconds"


@pytest.mark.requirement("S0-82")
@pytest.mark.parametrize("night", NIGHTS)
def test_the_head_end_reads_the_right_dates_over_cosem(night):
    start = parse_instant(NIGHTS[night])
    bench = live_through(start)
    bench.line.call()
    period = dlms.Range(Instant(start + HALF_HOUR), Instant(start + STEPS * HALF_HOUR))
    for client, profile, meter in (
        (head_end_client(), objects.GAS_PROFILE, False),
        (head_end_client(METER_ID), objects.ELECTRICITY_PROFILE, True),
    ):
        bench.ask(client.associate(), meter=meter)
        octets = bench.ask(client.get(dlms.CLOCK, dlms.Obis.parse("0-0:1.0.0.255"), 2), meter=meter).octets()
        shown = calendar(bench.now)
        fields = (shown.year >> 8, shown.year & 0xFF, shown.month, shown.day, shown.isoweekday())
        assert tuple(octets[:8]) == (*fields, shown.hour, shown.minute, shown.second)
        assert octets[9:11] == b"\0\0", "deviation 0: UTC, summer or winter"
        assert not octets[11] & 0x80, "no daylight saving in force, ever"
        rows = bench.ask(client.profile(profile, period), meter=meter)
        assert [end for end, _, _ in rows] == [start + number * HALF_HOUR for number in range(1, STEPS + 1)]


def type_f(moment: datetime) -> int:
    """EN 13757-3 Annex A type F, written out a second time: minute, century and hour, year and day, year and month."""
    short, century = moment.year % 100, (moment.year - 1900) // 100
    octets = bytes(
        (
            moment.minute,
            century << 5 | moment.hour,
            (short & 7) << 5 | moment.day,
            (short >> 3) << 4 | moment.month,
        )
    )
    return int.from_bytes(octets, "little")


@pytest.mark.requirement("S0-82")
def test_every_day_to_2199_is_said_with_its_century_and_read_back():
    day = parse_instant("2026-01-01")
    while day < parse_instant("2200-01-01"):
        for at in (Instant(day), Instant(day + DAY - HALF_HOUR)):
            field = encode_moment(at)
            assert field == type_f(calendar(at))
            assert decode_moment(field) == at
        day = Instant(day + 17 * DAY)


@pytest.mark.parametrize(("day", "month"), [(30, 2), (29, 2), (31, 4), (0, 1), (1, 0), (1, 13)])
def test_what_no_calendar_has_is_no_date(day, month):
    """29 February of 2100 among them."""
    field = 2 << 13 | day << 16 | month << 24
    with pytest.raises(TelegramError):
        decode_moment(field)


@pytest.mark.requirement("S0-82")
def test_a_bare_date_has_two_digits_for_its_year_and_refuses_the_next_century():
    """Type G ends with 2099: it is used for nothing that a gas meter of ours sends (type F has century bits)."""
    assert decode_date(encode_date(date(2099, 12, 31))) == date(2099, 12, 31)
    with pytest.raises(UsageError, match="2000 to 2099"):
        encode_date(date(2100, 1, 1))


@pytest.mark.requirement("S0-82")
@pytest.mark.parametrize("night", ["29 February", "31 bits of seconds are full", "the century's end"])
def test_a_hub_restarted_and_a_link_lost_at_that_hour_recover_all_half_hours(night):
    start = parse_instant(NIGHTS[night])
    bench = HomeBench(start=start, balance=5_000_000)
    midnight = Instant(start - start % DAY + DAY)
    while bench.now < midnight - 3 * HALF_HOUR:
        bench.half_hours(1, LITRES)
    bench.up = bench.down = False
    bench.half_hours(3, LITRES)
    bench.restart_hub()
    bench.half_hours(3, LITRES)
    bench.up = bench.down = True
    bench.half_hours(3, LITRES)
    assert bench.gas.valve is ValveState.OPEN
    rows = bench.hub.mirror.log.between(Instant(midnight - 3 * HALF_HOUR), Instant(midnight + 3 * HALF_HOUR))
    assert [row.end for row in rows] == [midnight + step * HALF_HOUR for step in range(-3, 4)]
    assert {after.register - before.register for before, after in pairwise(rows)} == {LITRES}
