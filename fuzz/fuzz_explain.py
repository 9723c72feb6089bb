"""The explainer behind `meterhouse decode`: a tree for any bytes, with and without keys; and its text as JSON."""

from __future__ import annotations

import json

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.protocols.dlms import ApduError
    from meterhouse.protocols.dlms.explain import ExplainKeys, explain

from harness import run

KEYS = ExplainKeys(bytes(range(16)), bytes(range(0xD0, 0xE0)), b"MTHMETR1")


def decode(octets: bytes) -> None:
    for keys in (None, KEYS):
        json.dumps([node.record() for node in explain(octets, keys)])


run(decode, ApduError)
