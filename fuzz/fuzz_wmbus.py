"""A wireless M-Bus telegram, both frame formats, with and without a key."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import AuthenticationError
    from meterhouse.protocols.wmbus import LinkFormat, MasterKey, TelegramError, decode_records, decode_telegram

from harness import run

KEY = MasterKey(bytes(range(16)))
FORMATS = tuple(LinkFormat)


def decode(octets: bytes) -> None:
    if not octets:
        return
    chosen, body = octets[0], octets[1:]
    if chosen & 0x80:
        decode_records(body)
    else:
        decode_telegram(body, KEY if chosen & 1 else None, FORMATS[(chosen >> 1) % len(FORMATS)])


run(decode, (TelegramError, AuthenticationError))
