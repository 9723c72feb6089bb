"""Reading a served meter: every way to it, every refusal in words, counters that never repeat."""

from __future__ import annotations

import asyncio
import itertools
import json
import os

import pytest
from typer.testing import CliRunner

from dlms_meter import KEYS, NOW, PROFILE, REGISTER, ROWS, Meter
from meterhouse.app.reading import (
    CounterFile,
    MeterQuirks,
    Target,
    iso_or_text,
    parse_item,
    parse_target,
    parts_of,
    read_quirks,
)
from meterhouse.app.reading.units import scaled
from meterhouse.cli import app
from meterhouse.model import (
    DAY,
    HALF_HOUR,
    SECOND,
    ConfigurationError,
    Instant,
    StateError,
    StorageError,
    UsageError,
    isoformat,
)
from meterhouse.protocols.dlms import (
    CosemData,
    Obis,
    Range,
    Rights,
    Tag,
    data_object,
    double_long_unsigned,
    hdlc,
    octet_string,
)
from served_meter import ServedMeter

COUNTER = Obis.parse("0-0:43.1.0.255")


async def meterhouse(*words, **environment):
    """Run the verb in a thread of its own, with the loop left free for the meter."""
    words = [str(word) for word in words]
    runner = CliRunner(env={"NO_COLOR": "1", "COLUMNS": "200", **environment})
    return await asyncio.to_thread(runner.invoke, app, ["read", *words])


@pytest.fixture
def keys(tmp_path):
    file = tmp_path / "keys.toml"
    file.write_text(
        f'encryption_key = "{KEYS.encryption.hex()}"\nauthentication_key = "{KEYS.authentication.hex()}"\n',
        encoding="utf-8",
    )
    file.chmod(0o600)
    return ["--client", 1, "--auth", "gmac", "--key-file", file, "--state", tmp_path / "counters"]


WAYS = ["tcp", "hdlc+tcp", "serial", "serial mode-e"]


class Way:
    def __init__(self, meter, kind):
        self.served = ServedMeter(meter.server, NOW)
        self.kind = kind

    async def __aenter__(self):
        if self.kind.startswith("serial"):
            mode_e = self.kind.endswith("mode-e")
            self.context = self.served.on_terminal(mode_e=mode_e)
            path = await self.context.__aenter__()
            return f"serial://{path}?baud=9600{'&mode-e' if mode_e else ''}"
        self.context = self.served.on_tcp(over_hdlc=self.kind != "tcp")
        return f"{self.kind}://127.0.0.1:{await self.context.__aenter__()}"

    async def __aexit__(self, *about):
        await self.context.__aexit__(*about)


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("proved", [False, True])
async def test_register_clock_objects_and_profile_come_by_every_way(kind, proved, keys):
    start, end = ROWS[5][0], ROWS[5 + 48 * 9][0]
    options = [*keys, "--invocation-counter", 100] if proved else []
    async with Way(Meter(), kind) as target:
        words = [
            REGISTER,
            "--clock",
            "--objects",
            "--profile",
            PROFILE,
            "--from",
            isoformat(start),
            "--to",
            isoformat(end),
        ]
        done = await meterhouse(target, *words, "--json", *options)
    assert done.exit_code == 0, done.stderr
    read = json.loads(done.stdout)
    assert read["clock"]["time"] == isoformat(NOW)
    assert read["values"] == [
        {
            "obis": str(REGISTER),
            "class": 3,
            "attribute": 2,
            "value": ROWS[-1][2],
            "text": f"{ROWS[-1][2]} Wh",
            "scaler": 0,
            "unit": "Wh",
        }
    ]
    assert {one["obis"] for one in read["objects"]} >= {str(REGISTER), str(PROFILE), "0-0:40.0.0.255"}
    assert read["profile"]["rows"] == [[isoformat(at), status, value] for at, status, value in ROWS[5 : 6 + 48 * 9]]


@pytest.mark.asyncio
async def test_a_table_for_people_shows_unit_time_and_range(keys):
    async with Way(Meter(), "tcp") as target:
        words = [
            REGISTER,
            "--clock",
            "--profile",
            PROFILE,
            "--from",
            isoformat(ROWS[0][0]),
            "--to",
            isoformat(ROWS[3][0]),
        ]
        done = await meterhouse(target, *words)
    assert done.exit_code == 0, done.stderr
    assert f"{ROWS[-1][2]} Wh" in done.stdout
    assert f"clock {isoformat(NOW)}, " in done.stdout
    assert isoformat(ROWS[3][0]) in done.stdout
    assert "4 rows" in done.stderr


@pytest.mark.asyncio
async def test_without_anything_wanted_the_clock_is_read():
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(target)
    assert done.stdout.startswith("clock ")


@pytest.mark.asyncio
async def test_a_wrong_key_says_authentication_failed_and_nothing_else(keys):
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(
            target, REGISTER, *keys, "--invocation-counter", 100, METERHOUSE_ENCRYPTION_KEY="00" * 16
        )
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "authentication failed" in done.stderr
    assert "Check the keys" in done.stderr
    assert "00" * 16 not in done.stderr


@pytest.mark.asyncio
async def test_a_wrong_password_says_authentication_failed():
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(target, REGISTER, "--client", 2, "--auth", "lls", METERHOUSE_PASSWORD="87654321")
        assert "authentication failed" in done.stderr
        done = await meterhouse(target, REGISTER, "--client", 2, "--auth", "lls", METERHOUSE_PASSWORD="12345678")
    assert done.exit_code == 0


@pytest.mark.asyncio
async def test_secrets_on_the_command_line_are_taken_with_a_warning():
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(target, REGISTER, "--client", 2, "--auth", "lls", "--password", "12345678")
    assert done.exit_code == 0
    assert "seen by every user" in done.stderr


@pytest.mark.asyncio
async def test_what_the_meter_does_not_have_is_told_with_what_was_tried():
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(target, "1-0:99.99.99.255")
    assert done.exit_code == 3
    assert "has no attribute 2" in done.stderr
    assert "--objects" in done.stderr


@pytest.mark.asyncio
async def test_a_connection_that_breaks_in_a_profile_is_made_anew_and_no_row_is_lost_or_doubled():
    meter = Meter()
    served = ServedMeter(meter.server, NOW)
    served.drop_after = 4000
    async with served.on_tcp() as port:
        words = ["--profile", PROFILE, "--from", isoformat(ROWS[0][0]), "--to", isoformat(ROWS[1000][0]), "--json"]
        done = await meterhouse(f"tcp://127.0.0.1:{port}", *words)
    assert done.exit_code == 0, done.stderr
    assert served.dropped == 1
    assert [row[2] for row in json.loads(done.stdout)["profile"]["rows"]] == [row[2] for row in ROWS[:1001]]


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["tcp", "hdlc+tcp"])
async def test_a_meter_that_is_not_there_is_told_in_one_sentence(kind):
    listener = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    done = await meterhouse(f"{kind}://127.0.0.1:{port}", "--tries", 1)
    assert done.exit_code == 5
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["tcp", "hdlc+tcp"])
async def test_a_meter_that_is_silent_is_given_up_in_time(kind):
    async def silent(reader, writer):
        while await reader.read(100):
            pass
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        done = await meterhouse(f"{kind}://127.0.0.1:{port}", "--tries", 1, "--timeout", 0.5)
    assert done.exit_code == 5
    assert "does not answer" in done.stderr


@pytest.mark.asyncio
async def test_the_counter_is_asked_for_and_never_lowered(keys, tmp_path):
    meter = Meter()
    public = meter.server.clients[16]
    told = [5000]
    objects = meter.server.logical_devices[1].objects
    item = data_object(COUNTER, lambda: double_long_unsigned(told[0]))
    meter.server.logical_devices[1].objects = {**objects, COUNTER: item}
    object.__setattr__(public, "rights", {**public.rights, COUNTER: Rights.of([1, 2])})

    def kept():
        (file,) = (tmp_path / "counters").glob("*.json")
        return json.loads(file.read_text())["next"]

    async with Way(meter, "tcp") as target:
        assert (await meterhouse(target, REGISTER, *keys)).exit_code == 0
        assert kept() == 5101
        told[0] = 7
        assert (await meterhouse(target, REGISTER, *keys)).exit_code == 0
        assert kept() == 5201
    assert meter.seen.value < 5201


@pytest.mark.asyncio
async def test_a_meter_that_does_not_tell_its_counter_wants_a_number_once(keys):
    async with Way(Meter(), "tcp") as target:
        done = await meterhouse(target, REGISTER, *keys)
        assert done.exit_code == 3
        assert "--invocation-counter" in done.stderr
        assert (await meterhouse(target, REGISTER, *keys, "--invocation-counter", 100)).exit_code == 0
        assert (await meterhouse(target, REGISTER, *keys)).exit_code == 0


def test_counters_survive_a_crash_and_never_repeat(tmp_path):
    with CounterFile(tmp_path, b"k" * 16, b"t" * 8) as file:
        counter = file.counter(50)
        taken = [counter.take() for _ in range(120)]
    with CounterFile(tmp_path, b"k" * 16, b"t" * 8) as file:
        again = file.counter(50)
        assert again.take() > max(taken)
    with CounterFile(tmp_path, b"o" * 16, b"t" * 8) as file:
        assert file.next == 1
    assert not any(b"k" * 16 in path.read_bytes() for path in tmp_path.iterdir())


def test_one_run_at_a_time_holds_a_counter(tmp_path):
    with (
        CounterFile(tmp_path, b"k", b"t"),
        pytest.raises(StateError, match="another run"),
        CounterFile(tmp_path, b"k", b"t"),
    ):
        pass


def test_a_broken_counter_file_is_never_taken_as_a_fresh_one(tmp_path):
    file = CounterFile(tmp_path, b"k", b"t")
    file.path.write_text("{", encoding="utf-8")
    with pytest.raises(StorageError), file:
        pass


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("tcp://meter:5000", Target("tcp", "meter", 5000)),
        ("tcp://10.0.0.1", Target("tcp", "10.0.0.1", 4059)),
        ("hdlc+tcp://[::1]:4001", Target("hdlc+tcp", "::1", 4001)),
        ("serial:///dev/ttyUSB0?baud=300&mode-e", Target("serial", path="/dev/ttyUSB0", baud=300, mode_e=True)),
        ("serial:///dev/ttyS1", Target("serial", path="/dev/ttyS1")),
    ],
)
def test_targets(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "meter",
        "http://m",
        "tcp://",
        "tcp://m:99999",
        "hdlc+tcp://m",
        "serial:///d?x=1",
        "serial://?baud=1",
        "tcp://m/x",
    ],
)
def test_a_target_of_another_form_is_refused(text):
    with pytest.raises(UsageError):
        parse_target(text)


def test_items():
    assert parse_item("1-0:1.8.0.255").classes == (3, 4, 1, 5)
    assert parse_item("0-0:1.0.0.255").classes[0] == 8
    assert parse_item("1-0:99.1.0.255/7:3") == parse_item("1-0:99.1.0/7:3")
    with pytest.raises(UsageError):
        parse_item("1-0:1.8.0.255/x")


def test_parts_cover_every_second_once():
    start, end = Instant(1_790_000_000_000), Instant(1_790_000_000_000 + 20 * DAY)
    parts = list(parts_of(start, end, 7))
    assert parts[0][0] == start
    assert parts[-1][1] == end
    assert all(later[0] - earlier[1] == SECOND for earlier, later in itertools.pairwise(parts))
    assert all(last - first < 7 * DAY for first, last in parts)


@pytest.mark.parametrize(
    ("value", "scaler", "text"),
    [
        (12345, -3, "12.345"),
        (5, -3, "0.005"),
        (-5, -1, "-0.5"),
        (7, 2, "700"),
        (0, -2, "0.00"),
        (2**64 - 1, 0, str(2**64 - 1)),
    ],
)
def test_numbers_are_scaled_exactly(value, scaler, text):
    assert scaled(value, scaler) == text


def write(tmp_path, text):
    file = tmp_path / "quirks.toml"
    file.write_text(text, encoding="utf-8")
    return read_quirks(file)


def test_quirks_are_data(tmp_path):
    read = write(
        tmp_path,
        'release = "none"\ndeviation = "ignored"\ntime_zone = "Europe/Vienna"\ncounter = "0-0:43.1.1.255"\n'
        'association = "0-0:40.0.1.255"\nmeter_title = "4d54483030303031"\ntitle_omitted = true\ndays_at_once = 1\n',
    )
    assert read.for_client().no_release
    assert read.counter == Obis.parse("0-0:43.1.1.255")
    # 2026-07-01 12:00 in Vienna, with a deviation of nought that the meter writes but does not mean.
    noon = octet_string(bytes.fromhex("07ea0701030c000000000000"))
    assert iso_or_text(noon, read) == "2026-07-01T10:00:00Z"
    assert iso_or_text(noon, MeterQuirks()) == "2026-07-01T12:00:00Z"


def test_a_time_that_is_not_whole_is_shown_and_never_guessed():
    open_ = octet_string(bytes.fromhex("07ea0701030c0000ff8000ff"))
    assert "deviation not specified" in iso_or_text(open_, MeterQuirks())


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "release = 5",
        'release = "never"',
        'counter = "x"',
        "days_at_once = 0",
        'deviation = "ignored"',
        "title_omitted = true",
        "[",
    ],
)
def test_quirks_that_are_not_known_are_refused(tmp_path, text):
    with pytest.raises(ConfigurationError):
        write(tmp_path, text)


def test_a_range_without_deviation_states_local_times():
    start = Instant(1_782_900_000_000)
    wanted = Range(start, Instant(start + HALF_HOUR), deviation=-120, says_deviation=False)
    octets = wanted.moment(start).octets()
    assert octets[9:11] == b"\x80\x00"
    plain = Range(Instant(start + 7_200_000), start).moment(Instant(start + 7_200_000)).octets()
    assert octets[:9] == plain[:9]
    stated = Range(start, start, deviation=-120).moment(start)
    assert iso_or_text(CosemData(Tag.OCTET_STRING, stated.octets()), MeterQuirks()) == isoformat(start)


@pytest.mark.asyncio
async def test_hdlc_addresses_of_each_length_reach_the_meter():
    served = ServedMeter(Meter().server, NOW, lower=17, parameters=hdlc.Parameters(128, 128, 1, 1))
    async with served.on_tcp(over_hdlc=True) as port:
        for options in (["--physical", 17], ["--physical", 17, "--address-size", 4, "--window", 7]):
            done = await meterhouse(f"hdlc+tcp://127.0.0.1:{port}", REGISTER, "--json", *options)
            assert json.loads(done.stdout)["values"][0]["value"] == ROWS[-1][2]
        done = await meterhouse(
            f"hdlc+tcp://127.0.0.1:{port}", REGISTER, "--physical", 18, "--timeout", 0.5, "--tries", 1
        )
    assert done.exit_code == 5


def test_the_default_folder_is_the_users_own(monkeypatch, tmp_path):
    from meterhouse.app.reading import default_folder

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "meterhouse" / "counters"
    assert os.fspath(default_folder()).startswith(str(tmp_path))
