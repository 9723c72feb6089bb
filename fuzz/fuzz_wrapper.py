"""The wrapper's stream decoder, the gateway prefix, and the relay's frames: whole, and cut in two, give the same."""

from __future__ import annotations

from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols", "meterhouse.companion"]):
    from meterhouse.companion.relay import FrameReader
    from meterhouse.model import MalformedError
    from meterhouse.protocols.dlms import gateway, wrapper

from harness import run


def fed(decoder, pieces: list[bytes]):
    frames = []
    try:
        for piece in pieces:
            frames += decoder.feed(piece)
    except MalformedError:
        return None
    return frames


def decode(octets: bytes) -> None:
    with suppress(MalformedError):
        gateway.unwrap(octets)
    middle = len(octets) // 2
    halves = [octets[:middle], octets[middle:]]
    for make in (wrapper.Decoder, FrameReader):
        if fed(make(), [octets]) != fed(make(), halves):
            raise AssertionError(f"{octets.hex()} is read otherwise in two pieces")


run(decode, MalformedError)
