"""HDLC: one frame alone, and the stream decoder, which gives the same whole and in two pieces."""

from __future__ import annotations

from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import MalformedError
    from meterhouse.protocols.dlms.hdlc.decoder import Decoder
    from meterhouse.protocols.dlms.hdlc.frame import decode_frame

from harness import run


def fed(pieces: list[bytes]):
    decoder, frames = Decoder(), []
    for piece in pieces:
        frames += decoder.feed(piece)
    return frames


def decode(octets: bytes) -> None:
    with suppress(MalformedError):
        decode_frame(octets)
    middle = len(octets) // 2
    if fed([octets]) != fed([octets[:middle], octets[middle:]]):
        raise AssertionError(f"{octets.hex()} is read otherwise in two pieces")


run(decode, MalformedError)
