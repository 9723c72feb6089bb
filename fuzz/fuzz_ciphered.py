"""Protected APDUs: glo-, ded-, general-glo, -ded, -ciphering, -signing; nothing unproved is believed."""

from __future__ import annotations

import atheris

with atheris.instrument_imports(include=["meterhouse.protocols"]):
    from meterhouse.model import AuthenticationError, ProtocolError, ReplayError
    from meterhouse.protocols.dlms import ApduError, Channel, Counter, Keys, Policy, SeenCounter
    from meterhouse.protocols.dlms.protection import is_ciphered

from harness import run

KEYS = Keys(bytes(range(16)), bytes(range(0xD0, 0xE0)))
HEADS = (b"\xc8", b"\xcc", b"\xdb\x08MTHMETR1", b"\xdb\x00", b"\xd0", b"\xdc\x08MTHMETR1", b"\xdd", b"\xdf")


def decode(octets: bytes) -> None:
    if len(octets) > 2 and octets[0] < 0x80:  # half of the runs pass the outer form
        octets = HEADS[octets[0] % len(HEADS)] + octets[1:]
    is_ciphered(octets)
    channel = Channel(KEYS, b"MTHREAD1", b"MTHMETR1", Counter(), SeenCounter())
    opened = channel.open(octets, Policy.BOTH)
    raise AssertionError(f"{octets.hex()} was believed: {opened}")


run(decode, (ApduError, ProtocolError, ReplayError, AuthenticationError))
