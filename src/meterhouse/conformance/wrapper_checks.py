"""The wrapper on TCP: frames in pieces, two at once, cut off, of another version, for nobody."""

from __future__ import annotations

from typing import Final

from meterhouse.conformance.answers import demand_rejection
from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.model import MalformedError
from meterhouse.protocols.dlms import Client, wrapper

__all__ = ["CHECKS"]

_CLAUSE: Final = "IEC 62056-4-7 §5.3"
_MAX_DEVICE: Final = 0x3FFF
_PIECE_PATIENCE: Final = 0.02


def _opening(bench: Bench) -> tuple[int, bytes]:
    """The wPort of a client, and its whole frame with an AARQ."""
    settings = bench.settings("password" if bench.subject.public is None else "public")
    aarq = next(Client(settings).associate())
    return settings.client_sap, wrapper.encode(settings.client_sap, bench.subject.server, aarq)


def _frames(octets: bytes) -> list[bytes]:
    try:
        return [frame.apdu for frame in wrapper.Decoder().feed(octets)]
    except MalformedError as error:
        raise Failed(f"{octets.hex()}, which is no wrapper frame: {error}") from error


@check("wrapper.pieces", _CLAUSE, "a frame that comes byte by byte is answered as a whole one", over="wrapper")
def _pieces(bench: Bench) -> None:
    client, frame = _opening(bench)
    with bench.connected(client) as line:
        early = b"".join(line.raw(frame[place : place + 1], _PIECE_PATIENCE) for place in range(len(frame) - 1))
        answer = early + line.raw(frame[-1:])
        line.sent = frame
    if len(_frames(answer)) != 1:
        raise Failed(answer.hex() or "silence")


@check("wrapper.joined", _CLAUSE, "two frames that come at once get two answers", over="wrapper")
def _joined(bench: Bench) -> None:
    client, frame = _opening(bench)
    with bench.connected(client) as line:
        answer = line.raw(frame + frame)
    if len(_frames(answer)) != 2:
        raise Failed(f"{len(_frames(answer))} answers: {answer.hex() or 'silence'}")


@check("wrapper.version", _CLAUSE, "a frame of another version is not answered", over="wrapper")
def _version(bench: Bench) -> None:
    client, frame = _opening(bench)
    with bench.connected(client) as line:
        answer = line.raw(b"\x00\x02" + frame[2:])
    if answer:
        raise Failed(answer.hex())
    bench.alive()


@check("wrapper.cut", _CLAUSE, "a frame that is never finished does no harm", over="wrapper")
def _cut(bench: Bench) -> None:
    client, frame = _opening(bench)
    for length in (1, 7, len(frame) // 2, len(frame) - 1):
        with bench.connected(client) as line:
            answer = line.raw(frame[:length], _PIECE_PATIENCE)
        if answer:
            raise Failed(f"an answer to {length} bytes: {answer.hex()}")
    bench.alive()


@check("wrapper.nobody", _CLAUSE, "an AARQ to a logical device that is not there opens nothing", over="wrapper")
def _nobody(bench: Bench) -> None:
    if bench.subject.server == _MAX_DEVICE:
        raise NotApplicable("the device has the largest address")
    settings = bench.settings("password" if bench.subject.public is None else "public")
    with bench.connected(settings.client_sap, _MAX_DEVICE) as line:
        demand_rejection(line.ask(next(Client(settings).associate())))
    bench.alive()


CHECKS: Final[tuple[Check, ...]] = (_pieces, _joined, _version, _cut, _nobody)
