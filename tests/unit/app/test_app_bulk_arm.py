"""Many supplies armed again: one order a meter, gone on with after any stop, and told who was not reached."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack

import pytest
from tests.counter_street import build, meter_of
from typer.testing import CliRunner

from meterhouse.app.bulk_arm import open_recovery
from meterhouse.app.keys import StreetKeys
from meterhouse.app.sign_client import SigningTalk
from meterhouse.app.sign_daemon import WORDS_AT_ONCE, SignDaemon
from meterhouse.app.trust_folder import STAFF, found_trust, share_staff
from meterhouse.cli import app
from meterhouse.companion.arm_code import arm_code
from meterhouse.companion.sealed import Hindrance, OrderReply, Standing
from meterhouse.model import DAY, Eui64, Fuel, Instant, LinkError, PolicyError, UsageError, parse_instant
from meterhouse.store import Database, RegisteredMeter, SqlRegistry, StaffKeys
from meterhouse.supplier.trust import Deed, Duty, WorkState
from meterhouse.supplier.vending import MeterRecord

NOW = parse_instant("2026-11-23T10:00:00Z")
PASSPHRASE = "correct horse battery"
HOMES = [f"{number:02d}" for number in range(12)]
ARM = ("the great outage", HOMES, Fuel.GAS, "off by our fault", "Ann", "Ann says so")


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Instant:
        return self.at


class Line:
    """The daemon, which can be away, or be lost after so many requests for words."""

    def __init__(self, daemon: SignDaemon) -> None:
        self.daemon, self.left, self.asked = daemon, 10**9, 0

    def answer(self, request):
        if request["do"] == "write-all":
            self.asked += 1
            self.left -= 1
            if self.left < 0:
                raise LinkError("the signing daemon does not answer")
        return self.daemon.answer(request)


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trust") / "trust"
    found_trust(folder, PASSPHRASE, NOW, root=folder.parent / "safe", fleet=100, officers=("Uma", "Vic", "Wim"))
    staff = StaffKeys(folder / "signing" / STAFF)
    for name, duty in (("Ann", Duty.OPERATOR), ("Bob", Duty.APPROVER)):
        staff.add(name, [duty], f"{name} says so")
    share_staff(folder)
    return folder


class House:
    def __init__(self, stack: ExitStack, trust, tmp_path) -> None:
        self.clock = Clock()
        self.database = stack.enter_context(Database(f"sqlite:///{tmp_path / 'meterhouse.db'}"))
        self.database.run(lambda tx: build(tx, homes=len(HOMES)))
        self.line = Line(stack.enter_context(SignDaemon(trust / "signing", self.clock)))
        self.trust = trust
        self.recovery = open_recovery(self.database, trust, self.line)

    def arm(self):
        return [line for batch in self.recovery.arm_homes(*ARM) for line in batch]

    def report(self):
        return self.recovery.report(ARM[0], ARM[1], ARM[2])

    def end(self, line, hindrance=Hindrance.NONE):
        """Its meter has answered."""
        standing = Standing.DONE if hindrance is Hindrance.NONE else Standing.REFUSED
        self.recovery.replied(line.order, OrderReply(standing, hindrance), self.clock.at)


@pytest.fixture
def house(founded, tmp_path):
    import shutil

    shutil.copytree(founded, tmp_path / "trust")
    with ExitStack() as stack:
        yield House(stack, tmp_path / "trust", tmp_path)


def standings(lines):
    return Counter(line.standing.value for line in lines)


def test_one_word_of_one_person_is_enough_to_have_every_supply_armed_though_the_brakes_have_tripped(house):
    house.recovery._act(lambda desk: desk._brake.trip("a fleet is off"), NOW)
    house.line.daemon._desk.brake.trip("a fleet is off")
    assert standings(house.arm()) == {"under way": 12}
    signed = house.recovery.work(NOW)
    assert {order.device for order in signed} == {meter_of(number) for number in range(12)}
    assert {order.state for order in signed} == {WorkState.SIGNED}


def test_many_orders_are_signed_in_portions_so_that_nothing_else_waits_for_them(house, monkeypatch):
    monkeypatch.setattr("meterhouse.app.work_orders._SIGNED_AT_ONCE", 5)
    house.arm()
    portions = []
    while len(portions) < 4:
        portions.append((len(house.recovery.work(NOW)), house.recovery.more))
    assert portions == [(5, True), (10, True), (12, False), (12, False)]


def test_said_again_it_goes_on_and_gives_another_order_only_to_meters_that_were_not_reached(house):
    first = {line.home: line for line in house.arm()}
    house.recovery.work(NOW)
    house.end(first["00"])
    house.end(first["01"], Hindrance.STATE)
    house.end(first["02"], Hindrance.BACK_FEED)
    assert standings(house.report()) == {"armed": 1, "on already": 1, "not reached": 1, "under way": 9}
    again = {line.home: line for line in house.arm()}
    assert {home for home in HOMES if again[home].order != first[home].order} == {"02"}
    assert standings(again.values()) == {"armed": 1, "on already": 1, "under way": 10}


def test_an_arm_is_dead_after_a_day_and_given_again(house):
    first = house.arm()
    house.recovery.work(NOW)
    house.end(first[0])
    house.clock.at = Instant(NOW + DAY + 1)
    house.recovery.work(house.clock.at)
    assert standings(house.report()) == {"not reached": 12}
    assert standings(house.arm()) == {"under way": 12}


def test_a_daemon_that_is_lost_on_the_way_leaves_whole_orders_and_the_next_try_goes_on(house, monkeypatch):
    monkeypatch.setattr("meterhouse.app.bulk_arm.WORDS_AT_ONCE", 5)
    house.line.left = 1
    with pytest.raises(LinkError):
        house.arm()
    assert standings(house.report()) == {"under way": 5, "not raised": 7}
    house.line.left = 10
    assert standings(house.arm()) == {"under way": 12}
    assert len(house.recovery.list()) == 12
    assert house.line.asked == 1 + 1 + 2, "batches that are under way ask for no word"


def test_a_home_that_cannot_be_armed_stops_no_other(house):
    homes = ["00", "nowhere", "01", "00"]
    lines = [line for batch in house.recovery.arm_homes("x", homes, *ARM[2:]) for line in batch]
    assert [(line.home, line.standing.value) for line in sorted(lines, key=lambda line: line.home)] == [
        ("00", "under way"),
        ("01", "under way"),
        ("nowhere", "not raised"),
    ]
    other = [line for batch in house.recovery.arm_homes("y", ["00"], Fuel.ELECTRICITY, *ARM[3:]) for line in batch]
    assert (other[0].standing, other[0].device) == ("not raised", None)


def test_who_may_not_raise_orders_arms_nothing(house):
    with pytest.raises(PolicyError):
        list(house.recovery.arm_homes(*ARM[:4], "Zoe", "Zoe says so"))
    with pytest.raises(PolicyError):
        list(house.recovery.arm_homes(*ARM[:4], "Ann", "guessed"))
    assert house.recovery.list() == ()


def test_many_words_at_once_only_raise(house):
    talk = SigningTalk(house.line.daemon)
    for deed in (Deed.APPROVE, Deed.CANCEL):
        with pytest.raises(UsageError, match="one by one"):
            talk.write_all("Bob", "Bob says so", deed, [bytes(32)])
    with pytest.raises(UsageError, match="up to 500"):
        talk.write_all("Ann", "Ann says so", Deed.RAISE, [bytes(32)] * (WORDS_AT_ONCE + 1))
    with pytest.raises(UsageError):
        talk.write_all("Ann", "Ann says so", Deed.RAISE, [bytes(31)])
    for broken in ({}, {"digests": "00"}, {"digests": [7]}, {"digests": [None]}, {"digests": [["0" * 64]]}):
        asked = {"do": "write-all", "person": "Ann", "passphrase": "Ann says so", "deed": "raise", **broken}
        assert "error" in house.line.daemon.answer(asked)


def test_the_verb_reports_who_was_not_reached_and_exits_with_five_until_all_are_armed(house, monkeypatch, tmp_path):
    monkeypatch.setenv("METERHOUSE_PASSPHRASE", "Ann says so")
    monkeypatch.setattr("meterhouse.app.bulk_arm.open_recovery", lambda *_all: house.recovery)
    file = tmp_path / "outage.txt"
    file.write_text("# the homes\n00\n01\n\nnowhere\n00\n")
    words = ["order", "arm", "--homes", str(file), "--as", "Ann", "--fuel", "gas", "--data", str(tmp_path), "--json"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 5, said.stderr
    told = json.loads(said.stdout)
    assert (told["recovery"], told["meters"], told["under way"], told["not raised"]) == ("outage", 3, 2, 1)
    assert [line["why"] for line in told["lines"]] == ["", "", "no such meter is registered for this home"]
    assert "3 meters seen to" in said.stderr
    house.recovery.work(NOW)
    for line in house.recovery.report("outage", ["00", "01"], Fuel.GAS):
        house.end(line)
    file.write_text("00\n01\n")
    said = CliRunner().invoke(app, words[:-1])
    assert said.exit_code == 0, said.stderr
    assert said.stdout == "outage: 2 armed\n"


def test_a_file_that_names_no_home_is_one_sentence(tmp_path):
    for path, word in ((tmp_path / "none", "cannot be read"), (tmp_path / "empty", "names no home")):
        (tmp_path / "empty").write_text("# nobody\n")
        said = CliRunner().invoke(app, ["order", "arm", "--homes", str(path), "--as", "Ann"])
        assert said.exit_code == 2
        assert word in said.stderr


def test_the_verb_tells_the_code_of_a_home_s_own_meter_and_puts_the_arm_on_record(house, monkeypatch, tmp_path):
    device, secret = Eui64(b"\2MH\2" + bytes(4)), bytes(range(32))
    record = MeterRecord(device, Fuel.ELECTRICITY, meter_of(0), "0" * 18, "123457")
    house.database.run(lambda tx: SqlRegistry(tx).add_meter(RegisteredMeter("00", "E0", record)))
    monkeypatch.setenv("METERHOUSE_PASSPHRASE", "Ann says so")
    monkeypatch.setattr("meterhouse.app.bulk_arm.open_recovery", lambda *_all: house.recovery)
    words = ["order", "arm-code", "00", "7", "--as", "Ann", "--data", str(tmp_path)]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 1
    assert "damaged or missing" in said.stderr
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "street.secret").write_bytes(secret)
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.stderr
    assert said.stdout.replace(" ", "").strip() == arm_code(StreetKeys(secret).arm_codes(device), device, 7)
    (order,) = house.recovery.list()
    assert (order.device, order.evidence, order.state) == (device, "a code was told for number 0007", "approved")
    assert CliRunner().invoke(app, ["order", "arm-code", "01", *words[3:]]).exit_code == 3
