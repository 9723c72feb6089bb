"""The world: virtual time, order, faults, and the same again from the same seed."""

from __future__ import annotations

import pytest

from meterhouse.links import Channel, Manner
from meterhouse.model import HALF_HOUR, SECOND, Event, Instant, StateError, UsageError
from meterhouse.simulation import World
from ping_pong import Answerer, Caller

START = Instant(1_700_000_000_000 - 1_700_000_000_000 % HALF_HOUR)


def after(ms: int) -> Instant:
    return Instant(START + ms)


def game(seed: int = 1, channel: Channel | None = None, **caller: int) -> tuple[World, Caller, Answerer, list[Event]]:
    world, one, other = World(seed, START), Caller(**caller), Answerer()
    heard: list[Event] = []
    world.on_event(heard.append)
    world.add(one)
    world.add(other)
    world.join(one, "line", other, "line", channel)
    return world, one, other, heard


class Sleeper(Answerer):
    """Wants to be woken, and notes when it is."""

    def __init__(self, name: str, due: list[int]) -> None:
        super().__init__(name)
        self.due = due
        self.woken: list[int] = []
        self.asked = 0

    def deadline(self) -> Instant | None:
        self.asked += 1
        return Instant(self.due[0]) if self.due else None

    def elapse(self, now: Instant) -> None:
        while self.due and self.due[0] <= now:
            self.woken.append(now - self.due.pop(0))


def test_time_passes_only_as_far_as_asked() -> None:
    world, _, _, heard = game(channel=Channel(delay_ms=70), rounds=2)
    world.run(after(139))
    assert world.now == after(139)
    assert [event.kind for event in heard] == ["ball.hit"]
    world.run(after(140))
    assert [event.kind for event in heard] == ["ball.hit", "ball.back"]
    world.run(after(SECOND))
    assert [event.at - START for event in heard] == [70, 140, 210, 280, 280, 350]


def test_a_machine_is_woken_exactly_when_it_asked() -> None:
    world, sleeper = World(1, START), Sleeper("sleeper", [START - 5, START, START + 1, START + 90_000])
    world.add(sleeper)
    world.run(after(10**6))
    assert sleeper.woken == [5, 0, 0, 0]


def test_a_machine_nobody_touches_is_not_asked_for_its_deadline() -> None:
    world, _, _, _ = game(channel=Channel(delay_ms=1), rounds=100)
    sleeper = Sleeper("sleeper", [START + 10**9])
    world.add(sleeper)
    world.run(after(10**6))
    assert sleeper.asked == 1


def test_a_deadline_that_moved_back_does_not_wake_early() -> None:
    world, sleeper = World(1, START), Sleeper("sleeper", [START + 100])
    world.add(sleeper)
    world.run(START)
    world.call(sleeper, lambda _: sleeper.due.__setitem__(0, START + 500))
    world.run(after(499))
    assert sleeper.woken == []
    world.run(after(500))
    assert sleeper.woken == [0]


def test_a_deadline_that_moved_forward_wakes_in_time() -> None:
    world, sleeper = World(1, START), Sleeper("sleeper", [START + 500])
    world.add(sleeper)
    world.run(START)
    world.call(sleeper, lambda _: sleeper.due.insert(0, START + 100))
    world.run(after(200))
    assert sleeper.woken == [0]
    asked = sleeper.asked
    world.call(sleeper, lambda _: sleeper.due.insert(0, START + 300))
    world.call(sleeper, lambda _: sleeper.due.insert(0, START + 250))
    world.call(sleeper, lambda _: sleeper.due.clear())
    world.run(after(10_000))
    assert sleeper.woken == [0]
    assert sleeper.asked == asked + 3 + 1, "only the earliest of the dropped wakes looks again"


FAULTY = {
    "air": Channel(
        delay_ms=30,
        jitter_ms=20,
        loss_permille=150,
        reorder_permille=100,
        duplicate_permille=100,
        manner=Manner.DATAGRAM,
    ),
    "stream": Channel(delay_ms=30, jitter_ms=20, break_permille=20, piece_bytes=3),
}


@pytest.mark.parametrize("name", FAULTY)
def test_the_same_seed_gives_the_same_trace_and_another_seed_another(name: str) -> None:
    hashes = []
    for seed in (7, 7, 8):
        world, _, _, heard = game(seed, FAULTY[name], rounds=200, timeout=300)
        world.run(after(3600 * SECOND))
        assert "game.over" in [event.kind for event in heard]
        hashes.append(world.trace.hash())
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]


def test_another_machine_in_the_world_does_not_change_the_faults_of_a_link() -> None:
    histories = []
    for crowd in (0, 5):
        world, _, _, heard = game(7, FAULTY["air"], rounds=50, timeout=300)
        for n in range(crowd):
            more = (Caller(f"caller {n}", rounds=50, timeout=300), Answerer(f"answerer {n}"))
            for machine in more:
                world.add(machine)
            world.join(more[0], "line", more[1], "line", FAULTY["air"])
        world.run(after(3600 * SECOND))
        histories.append([event.line() for event in heard if event.source in {"caller", "answerer"}])
    assert histories[0] == histories[1]


def test_an_outage_breaks_the_stream_for_both_and_redialling_mends_it() -> None:
    outage = (after(1000), after(5000))
    world, _, _, heard = game(channel=Channel(delay_ms=40, outages=(outage,)), rounds=10**9, retry=1500)
    world.run(after(10_000))
    downs = [
        (event.source, event.kind, event.at - START) for event in heard if event.kind in {"line.down", "caller.gone"}
    ]
    assert downs == [
        ("caller", "line.down", 1000),
        ("answerer", "caller.gone", 1000),
        ("caller", "line.down", 2540),
        ("caller", "line.down", 4080),
    ]
    first = next(event for event in heard if event.kind == "ball.back" and event.at > outage[1])
    assert first.at == after(4080 + 1500 + 80)


def test_a_link_can_be_cut_and_mended_by_script() -> None:
    world, caller, answerer = World(1, START), Caller(rounds=10**9, retry=500), Answerer()
    world.add(caller)
    world.add(answerer)
    modem = world.join(caller, "line", answerer, "line", Channel(delay_ms=40))
    world.at(after(1000), lambda _: world.cut(modem))
    world.at(after(1200), lambda _: modem.mend())
    world.run(after(1490))
    assert caller.ups_and_downs == [after(1000)]
    reached = caller.ball
    world.run(after(2000))
    assert caller.ball > reached


def test_a_machine_that_lost_power_can_be_replaced_by_another_of_its_name() -> None:
    world, caller, answerer, _ = game(channel=Channel(delay_ms=40), rounds=10**9, retry=500)
    world.run(after(1000))
    world.remove(answerer)
    world.run(after(1010))
    assert caller.ups_and_downs == [after(1000)]
    fresh = Answerer()
    world.add(fresh)
    world.join(caller, "line", fresh, "line", Channel(delay_ms=40))
    reached = caller.ball
    world.run(after(3000))
    assert caller.ball > reached
    assert fresh.ports == ["line"]


def test_scripted_acts_happen_in_order_and_in_their_period() -> None:
    world = World(1, START)
    done: list[tuple[str, int]] = []
    world.every(1000, lambda now: done.append(("every", now - START)), 500)
    world.at(after(1500), lambda now: done.append(("at", now - START)))
    world.at(after(-10), lambda now: done.append(("past", now - START)))
    world.run(after(2500))
    assert done == [("past", 0), ("every", 500), ("at", 1500), ("every", 1500), ("every", 2500)]


def test_two_machines_that_talk_for_ever_at_one_instant_are_stopped() -> None:
    world, _, _, _ = game(rounds=10**9)
    with pytest.raises(StateError, match="more than 30000 steps at 2023-11-14T22:00:00Z"):
        world.run(after(1))


def test_bytes_for_a_port_that_leads_nowhere_are_dropped() -> None:
    world, caller = World(1, START), Caller()
    world.add(caller)
    world.run(after(10_000))
    assert world.trace.deliveries == 0


@pytest.mark.parametrize("where", ["receive", "outgoing", "elapse", "deadline", "events"])
def test_a_bug_in_a_machine_stops_the_world_and_says_where(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError

    world, _, _, _ = game(seed=42)
    monkeypatch.setattr(Answerer if where == "receive" else Caller, where, bug)
    with pytest.raises(ZeroDivisionError) as raised:
        world.run(after(10))
    assert "seed 42" in raised.value.__notes__[0]


def test_names_and_ports_are_unique() -> None:
    world, caller, answerer, _ = game()
    with pytest.raises(UsageError, match="two machines are named"):
        world.add(Caller())
    with pytest.raises(UsageError, match="already joined"):
        world.join(caller, "line", answerer, "another")
    with pytest.raises(UsageError, match="was not added"):
        world.call(Caller("stranger"), lambda _: None)
    with pytest.raises(UsageError):
        world.every(0, lambda _: None)


def test_entropy_is_by_name_and_by_seed() -> None:
    assert World(1, START).entropy("hub")(16) == World(1, START).entropy("hub")(16)
    assert len({World(seed, START).entropy(name)(16) for seed in (1, 2) for name in ("hub", "meter")}) == 4
    assert World(1, START).dice("hub").octets(16) != World(1, START).entropy("hub")(16)
