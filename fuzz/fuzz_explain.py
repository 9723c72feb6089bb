"""The explainer behind `meterhouse decode`: any bytes as a tree and as JSON; the last bit says if there are keys."""

from __future__ import annotations

import json

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError
    from meterhouse.protocols.dlms.explain import ExplainKeys, explain

from harness import run

KEYS = ExplainKeys(bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MTHMETR1")


def decode(octets: bytes) -> None:
    keys = KEYS if octets and octets[-1] & 1 else None
    json.dumps([node.record() for node in explain(octets, keys)])


run(decode, ApduError)
