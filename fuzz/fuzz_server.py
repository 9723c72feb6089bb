"""A server with an open association: any row of APDUs gets answers or silence, never an exception."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import Instant
    from meterhouse.protocols.dlms import (
        Client,
        ClientAccess,
        ClientSettings,
        LogicalDevice,
        Obis,
        Server,
        data_object,
        double_long_unsigned,
        octet_string,
        rights_to_all,
    )
    from meterhouse.protocols.dlms.acse import decode_aare
    from meterhouse.protocols.dlms.images import ImageReceiver

from dataclasses import replace

from harness import run

NOW = Instant(1_800_000_000_000)
TEXT = Obis.parse("0-0:96.13.0.255")
PLAIN = ClientSettings(max_pdu=128)
TEXT_THERE = b"abc" * 100
TAGS = (0xC0, 0xC1, 0xC3, 0xD9, 0xE0, 0x60, 0x62, 0xC8, 0xDB)


KEPT = [TEXT_THERE]
IMAGE = (16, lambda _name, _whole: b"ok", lambda _name, _whole, _now: True)
RECEIVER = ImageReceiver(*IMAGE)


def server():
    text = data_object(TEXT, lambda: octet_string(KEPT[0]))
    text = replace(text, write={2: lambda data, _now: KEPT.__setitem__(0, data.octets())})
    number = data_object(Obis.parse("1-0:1.8.0.255"), lambda: double_long_unsigned(1))
    objects = [text, RECEIVER.declare(), number]
    access = {16: ClientAccess(16, rights=rights_to_all(objects, write=True, invoke=True))}
    return Server(b"MTHMETR1", {1: LogicalDevice("MTH0000000000001", objects)}, access, bytes, block_window=4)


SERVER = server()
OPENING = next(Client(PLAIN).associate())
ACCEPTED = SERVER.connection().receive(16, 1, OPENING, NOW)
if decode_aare(ACCEPTED).result:
    raise AssertionError("the association is turned down")


def connection():
    """An open association with stores as new: one execution leaves nothing to the next."""
    KEPT[0] = TEXT_THERE
    RECEIVER.__init__(*IMAGE)
    made = SERVER.connection()
    if made.receive(16, 1, OPENING, NOW) != ACCEPTED:
        raise AssertionError("the association does not open")
    return made


def decode(octets: bytes) -> None:
    made = connection()
    while octets:
        length, tag, rest = octets[0] & 0x3F, octets[0] >> 6, octets[1:]
        apdu, octets = rest[:length], rest[length:]
        made.receive(16, 1, bytes((TAGS[(tag + length) % len(TAGS)],)) + apdu if tag else apdu, NOW)
        for _ in range(64):
            if made.streamed() is None:
                break
        else:
            raise AssertionError(f"a window of {apdu.hex()} does not end")


run(decode, ())
