"""What is captured on the wired M link is DLMS/COSEM and nothing else (the first half of S0-100)."""

from __future__ import annotations

from home_bench import HomeBench
from meterhouse.companion import objects
from meterhouse.model import HOUR
from meterhouse.protocols.dlms import wrapper
from meterhouse.protocols.dlms.acse import decode_aare, decode_aarq, decode_release
from meterhouse.protocols.dlms.protection import is_ciphered


def captured():
    """All frames that passed the M link in two hours of a home, (from the hub, frame)."""
    bench = HomeBench()
    asked, answered = wrapper.Decoder(), wrapper.Decoder()
    frames = []
    take, hear = bench.wire.take, bench.hub.receive

    def from_hub(data):
        frames.extend((True, frame) for frame in asked.feed(data))
        take(data)

    def to_hub(port, data, now):
        if port == "m_bus" and data:
            frames.extend((False, frame) for frame in answered.feed(data))
        hear(port, data, now)

    bench.wire.unplug()
    bench.wire.plugged = True
    bench.wire.take = from_hub
    object.__setattr__(bench.hub, "receive", to_hub)
    bench.run(bench.now + 2 * HOUR)
    return frames


def test_a_capture_on_the_m_link_shows_dlms_apdus_in_the_wrapper_and_nothing_else():
    frames = captured()
    assert {frame.apdu[0] for _, frame in frames} >= {0x60, 0x61}
    assert sum(is_ciphered(frame.apdu) for _, frame in frames) >= 4
    for from_hub, frame in frames:
        ends = (frame.source, frame.destination) if from_hub else (frame.destination, frame.source)
        assert ends == (objects.HUB_SAP, objects.MANAGEMENT_DEVICE)
        decode = {0x60: decode_aarq, 0x61: decode_aare, 0x62: decode_release, 0x63: decode_release}.get(frame.apdu[0])
        if decode is None:
            assert is_ciphered(frame.apdu)
        else:
            decode(frame.apdu)
