"""A wireless M-Bus telegram, both frame formats, with and without a key; its records as a person reads them."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import AuthenticationError, NotFoundError
    from meterhouse.protocols.wmbus import (
        PUBLISHED,
        LinkFormat,
        MasterKey,
        TelegramError,
        decode_records,
        decode_telegram,
        displayed,
        expand_compact,
    )

from harness import run

KEY = MasterKey(bytes(range(16)))
FORMATS = tuple(LinkFormat)


def decode(octets: bytes) -> None:
    if not octets:
        return
    chosen, body = octets[0], octets[1:]
    if chosen & 0xC0 == 0xC0:
        records = expand_compact(body, PUBLISHED)
    elif chosen & 0x80:
        records, _ = decode_records(body)
    else:
        records = decode_telegram(body, KEY if chosen & 1 else None, FORMATS[(chosen >> 1) % len(FORMATS)]).records
    for record in records:
        displayed(record)


run(decode, (TelegramError, AuthenticationError, NotFoundError))
