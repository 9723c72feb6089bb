"""The electricity register as a head end reads it: over carrier and hub, by DLMS, through the gateway prefix."""

from __future__ import annotations

import pytest

from home_bench import HUB_ID, METER_ID, HomeBench, head_end_client
from meterhouse.carrier import Carrier, CarrierSettings
from meterhouse.companion import objects
from meterhouse.companion.relay import Frame, FrameReader, Hello, Kind, Role
from meterhouse.model import MINUTE, SECOND, Eui64, Instant
from meterhouse.protocols import dlms

HEAD_END = Eui64(b"\x02HES\x00\x00\x00\x01")
SESSION = 41


class CarriedBench(HomeBench):
    """A home whose line ends in a real carrier, and a head end's hand on the carrier's other side."""

    def __init__(self) -> None:
        self.carrier = Carrier(CarrierSettings("carrier", lambda _head_end, _hub: True, 10 * MINUTE))
        self.heard_back: list[Frame] = []
        self._back = FrameReader()
        self.m_bus: list[bytes] = []
        super().__init__(prepay=False, gas=False)

    def _from_hub(self, port: str, data: bytes) -> None:
        if port == "m_bus":
            self.m_bus.append(data)
        if port != "wan":
            super()._from_hub(port, data)
            return
        self.carrier.receive("hub/1", data, self.now)
        self.pass_on()

    def pass_on(self) -> None:
        for port, data in self.carrier.outgoing():
            if port == "hub/1":
                self.hub.receive("wan", data, self.now)
            else:
                self.heard_back += self._back.feed(data)

    def say(self, *frames: Frame) -> list[Frame]:
        self.heard_back.clear()
        self.carrier.receive("he/1", b"".join(frame.encode() for frame in frames), self.now)
        self.pass_on()
        self.settle()
        return list(self.heard_back)

    def exchange(self, apdu: bytes) -> bytes:
        prefixed = dlms.gateway.wrap(dlms.gateway.Prefixed(objects.METER_NETWORK, objects.METER_ADDRESS, apdu))
        framed = dlms.wrapper.encode(objects.HEAD_END_SAP, objects.MANAGEMENT_DEVICE, prefixed)
        (answer,) = self.say(Frame(Kind.DATA, SESSION, framed))
        (back,) = dlms.wrapper.Decoder().feed(answer.payload)
        found = dlms.gateway.unwrap(back.apdu)
        assert found is not None
        assert found.answer
        return found.apdu


@pytest.fixture
def bench() -> CarriedBench:
    bench = CarriedBench()
    bench.electricity.use(123_456, bench.now)
    bench.half_hours(2)
    bench.run(Instant(bench.now + 3 * SECOND))
    said = bench.say(Hello(Role.HEAD_END, HEAD_END).frame(), Frame(Kind.CALL, SESSION, HUB_ID.octets))
    assert [frame.kind for frame in said] == [Kind.WELCOME, Kind.ANSWERED]
    return bench


@pytest.mark.requirement("S0-08")
def test_the_register_read_over_the_wan_is_the_meters_own_and_what_the_hub_shows(bench):
    client = head_end_client(METER_ID)
    dlms.converse(client.associate(), bench.exchange)
    for used in (0, 789):
        bench.electricity.use(used, bench.now)
        bench.half_hours(1)
        bench.run(Instant(bench.now + 3 * SECOND))
        read = dlms.converse(client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2), bench.exchange).whole()
        assert bench.hub.electricity is not None
        assert read == bench.electricity.register_wh == bench.hub.electricity[0] == 123_456 + used


def test_the_hub_passes_what_it_cannot_read(bench):
    """The head end's APDUs are under the meter's keys: the hub forwards them as they are."""
    client = head_end_client(METER_ID)
    dlms.converse(client.associate(), bench.exchange)
    asked = client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2)
    apdu = next(asked)
    bench.m_bus.clear()
    bench.exchange(apdu)
    assert dlms.wrapper.encode(objects.HEAD_END_SAP, objects.MANAGEMENT_DEVICE, apdu) in bench.m_bus
    assert objects.ELECTRICITY_IMPORT.octets not in apdu
