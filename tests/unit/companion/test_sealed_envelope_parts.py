"""What a verifier cuts out of a message's bytes is what the message itself would write, whatever its length."""

from __future__ import annotations

import pytest

from meterhouse.companion.sealed import Envelope, Kind, decode_envelope
from meterhouse.companion.sealed.envelope import covered_by_signature, signed_part_of
from meterhouse.model import Eui64

ONE, OTHER = Eui64(bytes(range(8))), Eui64(bytes(range(8, 16)))


@pytest.mark.parametrize("mac", [b"", bytes(range(12))])
@pytest.mark.parametrize("signature", [b"", bytes(range(64))])
@pytest.mark.parametrize("length", [1, 20, 60, 90, 127, 128, 150, 255, 256, 300, 8192])
def test_the_parts_of_a_message_are_cut_where_it_would_write_them(length, signature, mac):
    message = Envelope(Kind.COMMAND, 7, ONE, OTHER, 0x85, bytes(length), bytes(24), signature, mac)
    octets = message.encode()
    assert decode_envelope(octets) == message
    assert signed_part_of(octets) == message.signed_part()
    if signature:
        assert covered_by_signature(signed_part_of(octets)) == message.to_be_signed()
