"""ACSE and Initiate: AARQ, AARE, RLRQ, RLRE, InitiateRequest, InitiateResponse."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError
    from meterhouse.protocols.dlms.acse import AARE, AARQ, decode_aare, decode_aarq, decode_release
    from meterhouse.protocols.dlms.initiate import decode_initiate_request, decode_initiate_response

from harness import run

DECODERS = {AARQ: decode_aarq, AARE: decode_aare, 0x01: decode_initiate_request, 0x08: decode_initiate_response}

run(lambda octets: DECODERS.get(octets[:1][0] if octets else 0, decode_release)(octets), ApduError)
