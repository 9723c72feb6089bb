"""HDLC: damaged frames, noise, frames out of place, negotiation."""

from __future__ import annotations

from typing import Final

from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.line import Line
from meterhouse.conformance.verdict import Failed
from meterhouse.model import MalformedError
from meterhouse.protocols.dlms.hdlc import (
    Address,
    Decoder,
    Frame,
    Kind,
    Parameters,
    decode_parameters,
    encode_frame,
)

__all__ = ["CHECKS"]

_FRAMES: Final = "IEC 62056-46 §6.4.3"
_CONNECTIONS: Final = "IEC 62056-46 §6.4.4"


def _frame(bench: Bench, kind: Kind, information: bytes = b"") -> bytes:
    subject = bench.subject
    server = Address(subject.server, subject.physical, subject.address_size)
    return encode_frame(Frame(server, Address(bench.settings().client_sap), kind, information=information))


def _bare(bench: Bench) -> Line:
    """The wire alone: the link stays down, the check sends its own frames."""
    line = bench.make_line()
    line.wire.open()
    return line


def _heard(line: Line, octets: bytes) -> list[Frame]:
    return Decoder().feed(line.raw(octets))


def _demand(frames: list[Frame], *kinds: Kind) -> Frame:
    if not frames or frames[0].kind not in kinds:
        raise Failed(", ".join(frame.kind.name for frame in frames) or "silence")
    return frames[0]


@check("hdlc.noise", _FRAMES, "a frame after noise is answered as if there were none", over="hdlc")
def _noise(bench: Bench) -> None:
    line = _bare(bench)
    try:
        _demand(_heard(line, b"\x55\xaa\x00\xff" + _frame(bench, Kind.SET_NORMAL_MODE)), Kind.ACKNOWLEDGE)
    finally:
        line.raw(_frame(bench, Kind.DISCONNECT))
        line.close()


@check("hdlc.damaged", _FRAMES, "a frame whose check sequence is wrong gets no answer", over="hdlc")
def _damaged(bench: Bench) -> None:
    line = _bare(bench)
    try:
        frame = bytearray(_frame(bench, Kind.SET_NORMAL_MODE))
        frame[-2] ^= 1
        answer = line.raw(bytes(frame))
        if answer:
            raise Failed(answer.hex())
    finally:
        line.close()
    bench.alive()


@check("hdlc.disconnected", _CONNECTIONS, "an I frame without a connection gets DM or no answer", over="hdlc")
def _disconnected(bench: Bench) -> None:
    line = _bare(bench)
    try:
        frames = _heard(
            line, _frame(bench, Kind.INFORMATION, b"\xe6\xe6\x00\xc0\x01\xc1\x00\x01\x00\x00\x2a\x00\x00\xff\x02\x00")
        )
        if frames:
            _demand(frames, Kind.DISCONNECTED)
    finally:
        line.close()
    bench.alive()


@check("hdlc.disconnect", _CONNECTIONS, "DISC gets UA in a connection, and DM where there is none", over="hdlc")
def _disconnect(bench: Bench) -> None:
    line = _bare(bench)
    try:
        _demand(_heard(line, _frame(bench, Kind.SET_NORMAL_MODE)), Kind.ACKNOWLEDGE)
        _demand(_heard(line, _frame(bench, Kind.DISCONNECT)), Kind.ACKNOWLEDGE)
        _demand(_heard(line, _frame(bench, Kind.DISCONNECT)), Kind.DISCONNECTED)
    finally:
        line.close()


@check(
    "hdlc.negotiation",
    "IEC 62056-46 §6.4.4.4.3",
    "UA agrees to no more than SNRM asked for: 128 bytes, a window of 1",
    over="hdlc",
)
def _negotiation(bench: Bench) -> None:
    asked = Parameters(128, 128, 1, 1)
    line = _bare(bench)
    try:
        answer = _demand(_heard(line, _frame(bench, Kind.SET_NORMAL_MODE, asked.encode())), Kind.ACKNOWLEDGE)
        try:
            agreed = decode_parameters(answer.information)
        except MalformedError as error:
            raise Failed(f"{answer.information.hex()}: {error}") from error
        if agreed != asked.agreed_with(agreed):
            raise Failed(str(agreed))
    finally:
        line.raw(_frame(bench, Kind.DISCONNECT))
        line.close()


CHECKS: Final[tuple[Check, ...]] = (_noise, _damaged, _disconnected, _disconnect, _negotiation)
