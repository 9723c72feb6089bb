"""The same machines, three ways: TCP on the loopback, a link in memory on a real clock, and a world.

Caller → Answerer → Caller, eight balls: the events are the same whoever drives them.
"""

from __future__ import annotations

import asyncio

import pytest

from meterhouse.links import Channel, PacedClock, Pump, SystemClock, run_loop
from meterhouse.model import Event, Instant
from meterhouse.simulation import Trace, World
from ping_pong import Answerer, Caller

Story = list[tuple[str, str, dict[str, object]]]


def story(events: list[Event]) -> Story:
    return [(event.source, event.kind, event.fields) for event in events]


def in_a_world(channel: Channel) -> Story:
    world, caller, answerer = World(1, Instant(0)), Caller(rounds=8), Answerer()
    heard: list[Event] = []
    world.on_event(heard.append)
    world.add(caller)
    world.add(answerer)
    world.join(caller, "line", answerer, "line", channel)
    world.run(Instant(10_000))
    return story(heard)


def on_a_pump(channel: Channel | None, clock: SystemClock | PacedClock) -> Story:
    heard: list[Event] = []

    async def main() -> None:
        pump, caller, answerer = Pump(clock, seed=1, strict=True), Caller(rounds=8), Answerer()
        gone = asyncio.Event()
        pump.on_event(heard.append)
        pump.on_event(lambda _: gone.set(), "caller.gone")
        pump.add(caller)
        pump.add(answerer)
        if channel is None:
            pump.dial(caller, "line", "127.0.0.1", await pump.listen(answerer, "line", "127.0.0.1", 0))
        else:
            pump.join(caller, "line", answerer, "line", channel)
        task = asyncio.create_task(pump.run())
        async with asyncio.timeout(10):
            await gone.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_loop(main())
    return story(heard)


@pytest.mark.parametrize("delay_ms", [0, 3])
def test_a_pump_in_memory_tells_the_same_story_as_a_world(delay_ms: int) -> None:
    channel = Channel(delay_ms=delay_ms, piece_bytes=3)
    expected = in_a_world(channel)
    assert [kind for _, kind, _ in expected] == ["ball.hit", "ball.back"] * 8 + ["game.over", "caller.gone"]
    assert on_a_pump(channel, SystemClock()) == expected
    assert on_a_pump(channel, PacedClock(Instant(0), speed=100)) == expected


def test_a_pump_on_tcp_tells_the_same_story_as_a_world() -> None:
    assert on_a_pump(None, SystemClock()) == in_a_world(Channel())
    assert on_a_pump(None, PacedClock(Instant(0), speed=100)) == in_a_world(Channel())


def test_a_paced_pump_writes_the_trace_of_the_world_to_the_millisecond() -> None:
    channel = Channel(delay_ms=40, jitter_ms=25, break_permille=100, piece_bytes=2)
    machines = [(Caller(rounds=30, retry=700), Answerer()) for _ in range(2)]
    traces = [Trace(keep=10_000), Trace(keep=10_000)]
    world = World(5, Instant(0), trace=traces[0])
    for machine in machines[0]:
        world.add(machine)
    world.join(machines[0][0], "line", machines[0][1], "line", channel)
    world.run(Instant(60_000))

    async def main() -> None:
        clock = PacedClock(Instant(0), speed=1000, longest_step=777)
        pump = Pump(clock, seed=5, strict=True, tap=traces[1].delivery)
        pump.on_event(traces[1].event)
        for machine in machines[1]:
            pump.add(machine)
        pump.join(machines[1][0], "line", machines[1][1], "line", channel)
        task = asyncio.create_task(pump.run())
        async with asyncio.timeout(10):
            while clock.now() < 60_000:  # noqa: ASYNC110  virtual time has no asyncio.Event
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run_loop(main())
    assert len(traces[0].tail()) > 100
    assert traces[1].tail() == traces[0].tail()
    assert traces[1].hash() == traces[0].hash()
