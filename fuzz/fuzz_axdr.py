"""A-XDR data: decodes, and what was decoded encodes to data that decodes to the same."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError, decode_data, encode_data

from harness import run


def decode(octets: bytes) -> None:
    data = decode_data(octets)
    again = encode_data(data)
    if encode_data(decode_data(again)) != again:  # the bytes are compared: a NaN does not equal itself
        raise AssertionError(f"{octets.hex()} changes when it is written again")


run(decode, ApduError)
