"""A bug in one machine, listener or act is told and does not spread; in a strict pump it stops the run."""

from __future__ import annotations

import asyncio
import logging
import time
from itertools import pairwise

import pytest

from meterhouse.links import Channel, PacedClock, Pump, SystemClock, run_loop
from meterhouse.model import Instant
from ping_pong import Answerer, Caller
from pumping import kinds, running, until

HOST = "127.0.0.1"


class Broken(Answerer):
    def receive(self, port: str, data: bytes, now: Instant) -> None:
        raise ZeroDivisionError


def test_a_bug_in_one_machine_is_told_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        pump, bug, sound = Pump(SystemClock()), Broken("bug"), Answerer("sound")
        callers = [Caller(name, retry=10_000) for name in ("unlucky", "lucky")]
        for machine in (bug, sound, *callers):
            pump.add(machine)
        for caller, answerer in zip(callers, (bug, sound), strict=True):
            pump.join(caller, "line", answerer, "line")
        async with running(pump) as heard:
            await until(lambda: "game.over" in kinds(heard))
        assert [event.source for event in heard if event.kind == "machine.fault"] == ["bug"]
        assert [event.source for event in heard if event.kind == "game.over"] == ["lucky"]

    with caplog.at_level(logging.ERROR):
        run_loop(main())
    assert "machine bug raised" in caplog.text


@pytest.mark.parametrize("over_tcp", [False, True])
def test_a_strict_pump_stops_at_a_bug(over_tcp: bool) -> None:  # noqa: FBT001  pytest gives it
    async def main() -> None:
        pump, bug, caller = Pump(SystemClock(), strict=True), Broken("bug"), Caller()
        pump.add(bug)
        pump.add(caller)
        if over_tcp:
            pump.dial(caller, "line", HOST, await pump.listen(bug, "line", HOST, 0))
        else:
            pump.join(caller, "line", bug, "line")
        async with asyncio.timeout(5):
            await pump.run()

    with pytest.raises(ZeroDivisionError) as raised:
        run_loop(main())
    assert "in machine bug" in raised.value.__notes__[0]


def test_two_chattering_machines_do_not_starve_the_loop() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(rounds=10**9), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.join(caller, "line", answerer, "line")
        async with running(pump):
            for _ in range(20):
                before, started = caller.ball, time.monotonic()
                await asyncio.sleep(0.001)
                assert time.monotonic() - started < 1
            assert caller.ball > before

    run_loop(main())


def test_a_machine_that_never_stops_wanting_to_be_woken_does_not_stop_time_for_the_others() -> None:
    class Restless(Answerer):
        def deadline(self) -> Instant:
            return Instant(0)

    async def main() -> None:
        clock = PacedClock(Instant(0), speed=1000, longest_step=500)
        pump, restless, caller, answerer = Pump(clock), Restless("restless"), Caller(rounds=20), Answerer()
        for machine in (restless, caller, answerer):
            pump.add(machine)
        pump.join(caller, "line", answerer, "line", Channel(delay_ms=100))
        async with running(pump) as heard:
            await until(lambda: "game.over" in kinds(heard))
        faults = [event for event in heard if event.kind == "machine.fault"]
        assert {event.source for event in faults} == {"restless"}
        assert all(later.at - earlier.at >= 1000 for earlier, later in pairwise(faults))

    run_loop(main())


def test_a_listener_or_an_act_that_fails_is_logged_and_the_rest_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done: list[Instant] = []

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    def act(now: Instant) -> None:
        done.append(now)
        fail()

    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock()), Caller(), Answerer()
        pump.on_event(fail)
        pump.add(caller)
        pump.add(answerer)
        modem = pump.join(caller, "line", answerer, "line")
        pump.every(2, act)
        pump.at(pump.now, lambda _: pump.cut(modem))
        async with running(pump) as heard:
            await until(lambda: len(done) >= 3 and "line.down" in kinds(heard))

    run_loop(main())
    assert "a scripted act failed" in caplog.text
    assert "a listener failed on" in caplog.text
