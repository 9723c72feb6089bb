"""The sign-on of mode E, both sides: any bytes, whole and in two pieces, do the same and leave the same to HDLC."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import Instant
    from meterhouse.protocols.dlms.mode_e import HandedOver, ModeEClient, ModeEServer

from harness import run

NOW = Instant(0)


def fed(machine, pieces):
    happened, left, rest, over = [], b"", b"", False
    for piece in pieces:
        if over:
            rest += piece
            continue
        for one in machine.receive(piece, NOW):
            if isinstance(one, HandedOver):
                over, rest = True, rest + one.rest
            else:
                happened.append(one)
        left += machine.outgoing()
    return happened, left, rest, over


def client():
    made = ModeEClient(fastest=9600)
    made.start(NOW)
    return made


def decode(octets: bytes) -> None:
    middle = len(octets) // 2
    for make in (client, lambda: ModeEServer("MTH", "meter", device="7", fastest=9600)):
        if fed(make(), [octets]) != fed(make(), [octets[:middle], octets[middle:]]):
            raise AssertionError(f"{octets.hex()} is read otherwise in two pieces")


run(decode, ())
