"""Requests: GET, SET, ACTION of every kind, ACCESS, notifications; what decodes encodes to what decodes alike."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError
    from meterhouse.protocols.dlms.accessing import decode_access_request, encode_access_request
    from meterhouse.protocols.dlms.notifications import decode_notification
    from meterhouse.protocols.dlms.requests import decode_request, encode_request

from harness import run


def decode(octets: bytes) -> None:
    tag = octets[:1]
    if tag == b"\xd9":
        encode_access_request(decode_access_request(octets))
    elif tag in {b"\x0f", b"\xc2"}:
        decode_notification(octets)
    else:
        again = encode_request(decode_request(octets))
        if encode_request(decode_request(again)) != again:
            raise AssertionError(f"{octets.hex()} changes when it is written again")


run(decode, ApduError)
