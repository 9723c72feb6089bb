"""The pump on real sockets of the loopback, and on links in memory."""

from __future__ import annotations

import asyncio
import socket

import pytest

from meterhouse.links import Channel, Exchange, PacedClock, Pump, SystemClock, run_loop
from meterhouse.links.tcp import WRITE_LIMIT
from meterhouse.model import ConfigurationError, Event, Instant, StateError
from ping_pong import Answerer, Caller
from pumping import kinds, running, until

HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Blaster(Answerer):
    """Answers the first bytes with far more than anybody takes."""

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        if data:
            self._out += [(port, bytes(WRITE_LIMIT))] * 32
        self._events.append(Event(now, self.name, "heard" if data else "caller.gone"))


def test_a_game_over_tcp_and_the_close_is_told_to_the_server_only() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0)
        pump.dial(caller, "line", HOST, port)
        async with running(pump) as heard:
            await until(lambda: "caller.gone" in kinds(heard))
        assert kinds(heard) == ["ball.hit", "ball.back"] * 3 + ["game.over", "caller.gone"]
        assert answerer.ports == ["line/1"]

    run_loop(main())


def test_a_failed_dial_is_told_and_dialled_again_at_the_machines_deadline() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(retry=40), Answerer()
        port = free_port()
        pump.add(caller)
        pump.add(answerer)
        pump.dial(caller, "line", HOST, port)
        async with running(pump) as heard:
            await until(lambda: kinds(heard).count("line.down") >= 2)
            await pump.listen(answerer, "line", HOST, port)
            await until(lambda: "game.over" in kinds(heard))
        assert kinds(heard)[:2] == ["link.unreachable", "line.down"]
        first, second, *_ = caller.ups_and_downs
        assert second - first >= 40

    run_loop(main())


def test_a_server_that_hangs_up_is_dialled_again_as_a_new_port() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(retry=5, rounds=10**9), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.dial(caller, "line", HOST, await pump.listen(answerer, "line", HOST, 0))
        async with running(pump) as heard:
            await until(lambda: caller.ball > 5)
            pump.call(answerer, answerer.hang_up)
            await until(lambda: "line.down" in kinds(heard))
            reached = caller.ball
            await until(lambda: caller.ball > reached + 5)
        assert answerer.ports == ["line/1", "line/2"]
        assert "caller.gone" not in kinds(heard)

    run_loop(main())


def test_a_port_in_use_is_refused_with_what_to_do() -> None:
    async def main() -> None:
        pump, answerer = Pump(SystemClock()), Answerer()
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0)
        with pytest.raises(ConfigurationError, match=f"port {port} of {HOST} is in use") as refused:
            await pump.listen(answerer, "line", HOST, port)
        assert refused.value.remedy == "Stop the program that uses it, or choose another port."
        await pump.close()

    run_loop(main())


def test_a_peer_that_does_not_read_is_dropped_at_the_limit() -> None:
    async def main() -> None:
        pump, blaster = Pump(SystemClock(), strict=True), Blaster()
        pump.add(blaster)
        port = await pump.listen(blaster, "line", HOST, 0)
        with socket.socket() as peer:
            peer.setblocking(False)
            async with running(pump) as heard:
                loop = asyncio.get_running_loop()
                await loop.sock_connect(peer, (HOST, port))
                await loop.sock_sendall(peer, b"go")
                await until(lambda: len(heard) >= 3)
        assert kinds(heard) == ["heard", "link.overflow", "caller.gone"]

    run_loop(main())


def test_what_waits_for_a_dial_is_bounded() -> None:
    async def main() -> None:
        pump, caller = Pump(SystemClock(), strict=True), Caller(rounds=1)
        pump.add(caller)
        pump.dial(caller, "line", HOST, free_port())

        def flood(_: Instant) -> None:
            caller._out += [("line", bytes(WRITE_LIMIT)), ("line", b"one more")]

        async with running(pump) as heard:
            pump.call(caller, flood)
            await until(lambda: "line.down" in kinds(heard))
        assert kinds(heard)[0] == "link.overflow"
        assert kinds(heard).count("line.down") == 1

    run_loop(main())


def test_a_blocked_loop_does_not_expire_what_was_answered_in_time() -> None:
    """Caller → 300 ms each way → Answerer, timeout 2 s, at 1000 times real speed, blocked for 50 virtual seconds."""
    real = 0

    def source() -> int:
        return real

    async def main() -> None:
        nonlocal real
        clock = PacedClock(Instant(0), speed=1000, longest_step=500, source=source)
        pump, caller, answerer = Pump(clock, strict=True), Caller(rounds=10**9, timeout=2000), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.dial(caller, "line", HOST, await pump.listen(answerer, "line", HOST, 0))
        async with running(pump) as heard:
            for _ in range(200):
                real += 50_000_000
                await asyncio.sleep(0.002)
            assert "ball.back" in kinds(heard)
            assert "ball.lost" not in kinds(heard)
            assert clock.now() <= 200 * 500
            assert clock.real_speed() < 1000

    run_loop(main())


def test_delays_in_memory_are_kept_to_the_millisecond_of_virtual_time() -> None:
    real = 0

    def source() -> int:
        return real

    async def main() -> None:
        nonlocal real
        clock = PacedClock(Instant(0), speed=1000, longest_step=1000, source=source)
        pump, caller, answerer = Pump(clock, strict=True), Caller(rounds=3), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.join(caller, "line", answerer, "line", Channel(delay_ms=70))
        async with running(pump) as heard:
            await asyncio.sleep(0.01)
            real += 1_000_000
            await until(lambda: "game.over" in kinds(heard))
        backs = [event.at for event in heard if event.kind == "ball.back"]
        assert backs == [140, 280, 420]

    run_loop(main())


def test_an_outside_act_is_drained_at_once_and_its_error_comes_back() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(rounds=1), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.join(caller, "line", answerer, "line")
        heard: list[Event] = []
        pump.on_event(heard.append, "ball.")

        def serve(now: Instant) -> str:
            caller._serve(now)
            return "served"

        def refuse(now: Instant) -> None:
            raise StateError("not now")

        assert pump.call(caller, serve) == "served"
        assert kinds(heard)[-1] == "ball.back"
        with pytest.raises(StateError, match="not now"):
            pump.call(caller, refuse)

    run_loop(main())


def test_a_removed_machine_is_never_called_again_and_its_peer_is_told() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(rounds=10**9, retry=3), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0)
        pump.dial(caller, "line", HOST, port)
        async with running(pump) as heard:
            await until(lambda: caller.ball > 3)
            pump.remove(answerer)
            seen = len(answerer.ports)
            await until(lambda: kinds(heard).count("line.down") >= 3)
            assert len(answerer.ports) == seen

    run_loop(main())


def test_a_cancelled_pump_closes_what_it_opened() -> None:
    async def main() -> None:
        pump, answerer = Pump(SystemClock(), strict=True), Answerer()
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0)
        async with running(pump):
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"ball")
            assert await reader.readexactly(4) == b"ball"
        assert await reader.read() == b""
        writer.close()
        with pytest.raises(OSError, match=r"[Rr]efused|111"):
            await asyncio.open_connection(HOST, port)

    run_loop(main())


def test_the_port_of_a_removed_machine_is_free_for_its_successor() -> None:
    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(rounds=10**9, retry=3), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0)
        pump.dial(caller, "line", HOST, port)
        async with running(pump):
            await until(lambda: caller.ball > 3)
            pump.remove(answerer)
            await until(lambda: len(caller.ups_and_downs) >= 2)
            successor, reached = Answerer(), caller.ball
            pump.add(successor)
            assert await pump.listen(successor, "line", HOST, port) == port
            await until(lambda: caller.ball > reached)
        assert successor.ports != []

    run_loop(main())


def test_paced_time_stands_while_there_is_a_backlog() -> None:
    async def main() -> None:
        clock = PacedClock(Instant(0), speed=1000)
        pump, caller, answerer = Pump(clock, strict=True), Caller(rounds=10**9), Answerer()
        pump.add(caller)
        pump.add(answerer)
        pump.join(caller, "line", answerer, "line")
        async with running(pump):
            await until(lambda: caller.ball > 1000)
        assert clock.now() == 0

    run_loop(main())


def test_on_a_clock_that_is_not_exact_what_is_late_is_done_as_of_now() -> None:
    seen: dict[bool, list[Instant]] = {True: [], False: []}
    for exact, instants in seen.items():
        exchange = Exchange(Instant(0))
        exchange.at(Instant(10), instants.append)
        exchange.at(Instant(20), instants.append)
        exchange.run(Instant(500), exact=exact)
    assert seen == {True: [10, 20], False: [500, 500]}
