"""A prepay gas home with slots: its hub and its gas meter on their radio, burning the same in every half hour."""

from __future__ import annotations

from typing import Final

from meterhouse.app.street_trust import Unit
from meterhouse.companion.gas import GasAddress, ValveState
from meterhouse.companion.sealed import (
    Component,
    Envelope,
    OrderReply,
    ZclFrame,
    decode_envelope,
    encode_components,
    seal,
)
from meterhouse.crypto import sha256
from meterhouse.links import Dice
from meterhouse.model import HALF_HOUR, Eui64, Fuel, Instant
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.hub import GasSetup, Hub, HubSettings
from meterhouse.premises.orders import OrderGate
from meterhouse.premises.prepay import EnergyTariff, PrepayAccount, PrepaySetup
from meterhouse.protocols import sts
from meterhouse.simulation.attacks.fleet import NOON, Fleet, hub_of

__all__ = ["CV", "PRICE", "GasHome", "calorific_value", "flat_price"]

PRICE: Final = 7_370
_STANDING: Final = 29_110
CV: Final = 39_500
_LITRES: Final = 100
_RADIO: Final = "gas_radio"
_PRICE_CLUSTER: Final = 0x0700
_SUPPLY_GROUP: Final = "600451"


class GasHome:
    """The n-th; it has so much credit, 10⁻⁵ of the currency unit."""

    def __init__(self, fleet: Fleet, number: int, balance: int) -> None:
        self.fleet = fleet
        device = Eui64(b"\x02MH\x03" + number.to_bytes(4, "big"))
        self.unit = Unit(device, hub_of(number), f"{number}", Fuel.GAS, f"{number + 1:010d}")
        fleet.trust.enter([self.unit])
        pan, secret = sts.MeterPan.of_serial(99, number + 1), sha256(f"gas home {number}".encode())
        key = sts.derive_dkga04(
            secret[:20], base_date=sts.BaseDate.B2014, algorithm=sts.EncryptionAlgorithm.EA11, tariff_index=1,
            supply_group=_SUPPLY_GROUP, key_type=sts.KeyType.DUTK, key_revision=1, pan=pan,
        )  # fmt: skip
        tariff = EnergyTariff.flat(price=PRICE, standing_charge=_STANDING, cv=CV)
        meter, own = GasAddress("MTH", 20_000_000 + number, 1, 3), GasAddress("MTH", 10_000_000 + number, 1, 0x31)
        setup = GasSetup(meter, own, secret[:16], 144, PrepaySetup(balance, tariff, key, pan))
        title = Eui64(b"\x02MH\x02" + number.to_bytes(4, "big"))
        settings = HubSettings(
            f"hub/{number}", self.unit.hub, f"MTHH{number:08d}", title.octets,
            fleet.keys.association("head end", self.unit.hub), fleet.keys.association("hub", title), setup,
            fleet.trust.slots(self.unit),
        )  # fmt: skip
        self.now = NOON
        self.hub = Hub(settings, Dice.of(fleet.seed, "hub", str(number)).octets, NOON)
        self.gas = GasMeter(GasMeterSettings(meter, own, secret[:16]), NOON)

    @property
    def gate(self) -> OrderGate:
        """Where orders about the gas enter."""
        assert self.hub.orders.gate is not None
        return self.hub.orders.gate

    @property
    def account(self) -> PrepayAccount:
        """What the hub keeps."""
        assert self.hub.account is not None
        return self.hub.account

    @property
    def on(self) -> bool:
        """Whether the valve is open."""
        return self.gas.valve is ValveState.OPEN

    def take(self, order: Envelope) -> OrderReply | None:
        """Closed by a carrier in the plot; its reply, None where it was not believed."""
        if self.gate.take(seal(order, self.fleet.trust.agreement(self.unit.device)).encode(), self.now) is not None:
            return None
        return OrderReply.decode(decode_envelope(self.gate.last).content)

    def live(self, half_hours: int) -> None:
        """Time passes, and gas is burnt where the valve is open."""
        for _ in range(half_hours):
            self.gas.pass_gas(_LITRES, self.now)
            self._run(Instant(self.now + HALF_HOUR))

    def _run(self, until: Instant) -> None:
        while True:
            due = [at for at in (machine.deadline() for machine in (self.gas, self.hub)) if at is not None]
            if not due or min(due) > until:
                break
            self.now = max(self.now, min(due))
            for machine in (self.gas, self.hub):
                at = machine.deadline()
                if at is not None and at <= self.now:
                    machine.elapse(self.now)
            self._carry()
        self.now = until

    def _carry(self) -> None:
        """The radio carries; the other two links are down."""
        moved = True
        while moved:
            moved = False
            for port, data in [*self.gas.outgoing()]:
                moved = True
                self.hub.receive(port, data, self.now)
            for port, data in [*self.hub.outgoing()]:
                if port == _RADIO:
                    moved = True
                    self.gas.receive(port, data, self.now)
                elif data:
                    self.hub.receive(port, b"", self.now)
        list(self.hub.events())
        list(self.gas.events())


def _frame(command: int, payload: bytes) -> Component:
    frame = ZclFrame(cluster_specific=True, to_client=True, sequence=0, command=command, payload=payload)
    return Component(_PRICE_CLUSTER, frame)


def calorific_value(tenths: int) -> bytes:
    """The content that sets it, in 0.1 MJ/m³."""
    return encode_components((_frame(0x03, bytes(8) + tenths.to_bytes(4, "little") + b"\x01\x10"),))


def flat_price(price: int, standing: int) -> bytes:
    """The content that sets a price per kWh and a standing charge per day: from now on, without tiers or blocks."""
    tariff, now = (1).to_bytes(4, "little"), b"\xff" * 4
    head = bytes(8) + tariff + now + b"\x10" + b"\0" * 3 + b"\x00\xd2\x03" + b"\x50"
    information = head + standing.to_bytes(4, "little") + bytes.fromhex("FF010000E80300")
    matrix = bytes(8) + now + tariff + b"\0\x01" + b"\0\0" + price.to_bytes(4, "little")
    return encode_components((_frame(0x04, information), _frame(0x05, matrix)))
