"""Responses of every service, exceptions and service errors, and the general block transfer's block."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError
    from meterhouse.protocols.dlms.accessing import decode_access_response, encode_access_response
    from meterhouse.protocols.dlms.block_transfer import decode_block
    from meterhouse.protocols.dlms.responses import decode_response, encode_response

from harness import run


def decode(octets: bytes) -> None:
    tag = octets[:1]
    if tag == b"\xda":
        encode_access_response(decode_access_response(octets))
    elif tag == b"\xe0":
        decode_block(octets)
    else:
        again = encode_response(decode_response(octets))
        if encode_response(decode_response(again)) != again:
            raise AssertionError(f"{octets.hex()} changes when it is written again")


run(decode, ApduError)
