"""A whole home under sealed orders on a bench, with a carrier and parties at the other end; contents of gas orders."""

from __future__ import annotations

from home_bench import METER_ID, HomeBench, head_end_client, token
from meterhouse.companion import objects
from meterhouse.companion.relay import Frame, Kind, Note
from meterhouse.companion.sealed import (
    Component,
    Envelope,
    OrderCode,
    Role,
    ZclFrame,
    decode_envelope,
    encode_components,
    read_alert,
)
from meterhouse.model import SECOND, Instant
from meterhouse.premises.orders import OrderGate
from meterhouse.protocols import dlms
from sealed_home import GAS_ID, Parties
from sealed_parties import change_supply, read_status

__all__ = ["GAS_CODES", "SealedHome", "gas_content", "priced", "top_up", "zcl"]


class SealedHome:
    """A bench whose both meters have slots; a carrier and the parties at the other end."""

    def __init__(self, **hub) -> None:
        self.electricity, self.gas = Parties(METER_ID), Parties(GAS_ID)
        self.bench = HomeBench(trust=self.gas.trust(), meter_trust=self.electricity.trust(), **hub)
        self.numbers = 0
        self.noted: list[int] = []

    @property
    def now(self) -> Instant:
        return self.bench.now

    @property
    def gas_gate(self) -> OrderGate:
        gate = self.bench.hub.orders.gate
        assert gate is not None
        return gate

    @property
    def meter_gate(self) -> OrderGate:
        gate = self.bench.electricity.gate
        assert gate is not None
        return gate

    def set(self, order: Envelope, *, meter: bool) -> bytes:
        """SET on the port as a head end does; what the port says last, afterwards."""
        channel = 0 if meter else 1
        client = head_end_client(METER_ID) if meter else head_end_client()
        self.bench.line.call()
        self.bench.ask(client.associate(), meter=meter)
        downlink, last = (objects.sealed_port(channel, part) for part in (objects.DOWNLINK, objects.LAST_UPLINK))
        self.bench.ask(client.set(dlms.DATA, downlink, 2, dlms.octet_string(order.encode())), meter=meter)
        answer = self.bench.ask(client.get(dlms.DATA, last, 2), meter=meter).octets()
        self.bench.line.send(Frame(Kind.HANG_UP, self.bench.line.session))
        return answer

    def note(self, party: Parties, order: Envelope, role: Role) -> int:
        """A note of a party, as the carrier hands it over."""
        self.numbers += 1
        self.bench.line.send(Note(party.ids[role], order.encode()).frame(self.numbers))
        return self.numbers

    def heard(self) -> list[tuple[int, Note]]:
        """The notes that came out; each is NOTED."""
        frames = [frame for frame in self.bench.line.frames if frame.kind is Kind.NOTE]
        self.noted += [frame.session for frame in self.bench.line.frames if frame.kind is Kind.NOTED]
        self.bench.line.frames.clear()
        for frame in frames:
            self.bench.line.send(Frame(Kind.NOTED, frame.session))
        return list({frame.payload: (frame.session, Note.parse(frame.payload)) for frame in frames}.values())

    def words(self, party: Parties, seconds: int = 20) -> list[tuple[int, bytes]]:
        """(alert code, content) of all that comes out for a party in the time to come, each believed."""
        told = []
        for _ in range(seconds):
            for _, note in self.heard():
                if decode_envelope(note.octets).originator == party.device:
                    alert, head = read_alert(note.octets, note.other, party.device, party.signing.public, -1)
                    told.append((head.code, alert.content))
            self.bench.run(self.now + SECOND)
        return told


def gas_content(code: OrderCode) -> bytes:
    frames = {
        OrderCode.CLOSE_VALVE: change_supply(0),
        OrderCode.ARM_VALVE: change_supply(1),
        OrderCode.READ_VALVE: read_status(),
        OrderCode.TOP_UP: top_up(token(500_000)),
        OrderCode.SELECT_EMERGENCY_CREDIT: zcl(0x0705, 0, "804a371c00"),
        OrderCode.SET_GAS_PRICE: zcl(
            0x0700, 4, "00000000804A371C01000000FFFFFFFF1000000300D20350C1570000FF010000E80300", to_client=True
        ),
        OrderCode.SET_CALORIFIC_VALUE: zcl(0x0700, 3, "804A371C0000000090010000" + "0110", to_client=True),
        OrderCode.MANAGE_GAS_DEBT: zcl(0x0705, 2, "804A371C0040420F0000010000000000000150C300000000"),
    }
    return frames[code]


def zcl(cluster: int, command: int, payload: str, *, to_client: bool = False) -> bytes:
    frame = ZclFrame(True, to_client, 0, command, bytes.fromhex(payload), to_client)
    return encode_components((Component(cluster, frame),))


def top_up(digits: str) -> bytes:
    return zcl(0x0705, 4, "0014" + digits.encode().hex())


GAS_CODES = [
    OrderCode.CLOSE_VALVE,
    OrderCode.ARM_VALVE,
    OrderCode.READ_VALVE,
    OrderCode.TOP_UP,
    OrderCode.SELECT_EMERGENCY_CREDIT,
    OrderCode.SET_GAS_PRICE,
    OrderCode.SET_CALORIFIC_VALUE,
    OrderCode.MANAGE_GAS_DEBT,
]


def priced(price: int, standing: int = 25_000) -> bytes:
    """GCS01b with one price for everything."""
    information = (
        "00000000804A371C01000000FFFFFFFF1000" + "0000" + "00D203" + "50" + standing.to_bytes(4, "little").hex()
    ) + "FF010000E80300"
    matrix = "00000000804A371CFEFFFFFF01000000" + "0001" + "00" + "00" + price.to_bytes(4, "little").hex()
    frames = [
        Component(0x0700, ZclFrame(True, True, 0, command, bytes.fromhex(payload), True))
        for command, payload in ((4, information), (5, matrix))
    ]
    return encode_components(tuple(frames))
