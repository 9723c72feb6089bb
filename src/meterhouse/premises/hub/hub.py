"""The intelligent hub: where the account, the gas mirror and the keypad are, between the meters and the supplier.

Ports: `wan` to the carrier, `m_bus` to the electricity meter by wire, `gas_radio` to the gas meter. The keypad and the
display are methods: they belong to whoever stands in front of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from meterhouse.companion import objects
from meterhouse.companion.gas import HubEnd
from meterhouse.model import MINUTE, ConfigurationError, Eui64, Event, Fuel, HalfHour, Instant, Outgoing
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.hub.account_record import (
    AccountRecord,
    GasRecord,
    first_counter,
    gas_record,
    write_account_record,
)
from meterhouse.premises.hub.associations import HubAssociations
from meterhouse.premises.hub.by_hand import ByHand
from meterhouse.premises.hub.electricity_wire import ElectricityWire
from meterhouse.premises.hub.event_log import EventLog
from meterhouse.premises.hub.gas_link import GasLink
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_works import GasWorks
from meterhouse.premises.hub.hub_orders import HubOrders
from meterhouse.premises.hub.keypad import Keypad
from meterhouse.premises.hub.m_link import MLink
from meterhouse.premises.hub.meter_credit import CreditMirror, MirroredCredit, MirroredTerms
from meterhouse.premises.hub.objects import hub_objects, log_object, mirror_objects
from meterhouse.premises.hub.settings import HubSettings
from meterhouse.premises.hub.wan_line import WanLine
from meterhouse.premises.prepay import (
    Entry,
    PrepaidElectricity,
    PrepayAccount,
    TokenSlot,
    account_objects,
    open_account,
    open_slot,
)
from meterhouse.protocols import dlms

__all__ = ["Hub"]

_REPORT_GRACE: Final = 2 * MINUTE
"""How long after the end of a half hour its report may come before it counts as missed."""
_COUNTER_GAP: Final = 16
"""After a restart the gas link goes on at least so far beyond the last counter kept: more than one exchange needs."""
_CHANGES_CREDIT: Final = frozenset({"token.accepted", "emergency.selected"})
"""The meter is told at once, whichever way the account was reached."""


class Hub:
    """The machine.

    Args:
        settings: see there.
        entropy: for challenges.
        now: when it is switched on.
        keep: writes the record of orders down before one is done (see `orders.OrderGate`).
    """

    def __init__(
        self,
        settings: HubSettings,
        entropy: Callable[[int], bytes],
        now: Instant,
        keep: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self.settings = settings
        self._keep = keep
        self.clock = DeviceClock(0, now)
        self._entropy = entropy
        self._now = now
        self._out: list[Outgoing] = []
        self._events: list[Event] = []
        self._associations = HubAssociations(settings, entropy, self._reserved)
        self.log = EventLog()
        self._refusal = ""
        self.account: PrepayAccount | None = None
        self.mirror: GasMirror | None = None
        self.slot: TokenSlot | None = None
        self.by_hand: ByHand | None = None
        gas = settings.gas
        if gas is not None:
            self.mirror = GasMirror(gas.no_comms_half_hours, _REPORT_GRACE, now)
            if gas.prepay is not None:
                self.account = open_account(gas.prepay, Fuel.GAS)
        self.electricity_account: PrepaidElectricity | None = None
        if settings.electricity is not None:
            self.electricity_account = PrepaidElectricity(settings.electricity.prepay, self._tell)
        self._build(gas_sent=first_counter(now), gas_received=0)

    def _build(self, gas_sent: int, gas_received: int) -> None:
        """Wire the parts round the state that is there."""
        gas = self.settings.gas
        self._gas: GasLink | None = None
        if gas is not None and self.mirror is not None:
            self.by_hand = ByHand(gas.master_key, gas.meter, self.mirror, self.account, self._tell)
            self._gas_end = HubEnd(gas.master_key, gas.meter, gas.own, sent=gas_sent, received=gas_received)
            self._gas = GasLink(self._gas_end, self.mirror, self.account, self._sender("gas_radio"), self._tell)
            self.by_hand.shown = self._gas.hand.show_code
            if gas.prepay is not None and self.account is not None:
                self.slot = open_slot(gas.prepay, self.account, self._tell)
        till = None if self.account is None or self.slot is None else (self.account, self.slot)
        self._keypad = Keypad(till, self.electricity_account, self._tell, self._served)
        self.orders = self._hub_orders()
        self._wan = WanLine(
            self.settings.identity, self._server(), self._forward, self._forget, self._sender("wan"), self._tell
        )
        self._associations.begin_meter_block()
        self._m_link = MLink(self._associations.meter_client, self._wan.from_meter, self._sender("m_bus"), self._tell)
        self._wan.notes, self._m_link.mail = self.orders.post.take, self.orders.mail
        electricity = self.settings.electricity
        if electricity is not None and self.electricity_account is not None:
            self._m_link.account = ElectricityWire(
                self.electricity_account,
                electricity.no_comms_half_hours,
                self.clock.reads,
                self.orders.held,
                self._tell,
            )
        elif self.settings.mirrors_credit:
            self._m_link.credit = CreditMirror()
        if self._gas is not None:
            self._gas.orders = self.orders

    def _hub_orders(self) -> HubOrders:
        settings, mirror = self.settings, self.mirror
        works = None if mirror is None else GasWorks(mirror, self.account, self.slot, self._tell)
        meter = Eui64(settings.meter_title) if settings.sealed_meter else None
        clock, send = self.clock.reads, self._sender("wan")
        return HubOrders(
            settings.trust, works, meter, clock, self._entropy, self._keep, send, self._tell, now=self._now
        )

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.settings.name

    @property
    def online(self) -> bool:
        """Whether the carrier has welcomed it."""
        return self._wan.online

    @property
    def electricity(self) -> tuple[int, int] | None:
        """(import register in Wh, control state) as last read over the wire."""
        return self._m_link.reading

    @property
    def electricity_link(self) -> tuple[bool, Instant | None]:
        """(whether the wire works, when the meter was last read)."""
        return not self._m_link.failed, self._m_link.read_at

    @property
    def electricity_credit(self) -> MirroredCredit | None:
        """The credit of a meter that holds its own account, as last read; None where it has said nothing."""
        return None if self._m_link.credit is None else self._m_link.credit.shown

    @property
    def electricity_terms(self) -> MirroredTerms | None:
        """Price, warnings, cut-off of such an account; None where the meter says no more than its credit."""
        return None if self._m_link.credit is None else self._m_link.credit.terms

    @property
    def off_for_credit(self) -> bool | None:
        """Whether the electricity stands off for want of credit and for no other reason; None where nobody says."""
        seen = self.electricity_terms if self._m_link.account is None else self._m_link.account.seen
        return None if seen is None else seen.open_for_credit

    # the person in front of it -----------------------------------------------------------------------------------

    def key_in(self, token: str, now: Instant) -> Entry:
        """A token of either fuel typed on the keypad: works with every network down (S0-124)."""
        return self._keypad.key_in(token, now)

    def select_emergency(self, now: Instant, fuel: Fuel = Fuel.GAS) -> bool:
        """Emergency credit selected on the keypad; whether it was on offer. A hand on the spot, as a token is."""
        return self._keypad.select_emergency(now, fuel)

    def _served(self, fuel: Fuel, now: Instant) -> None:
        if fuel is Fuel.GAS and self._gas is not None:  # the wire to the electricity meter hears of it by itself
            self._gas.take_hand(now)

    # the machine shape -------------------------------------------------------------------------------------------

    def receive(self, port: str, data: bytes, now: Instant) -> None:
        """Bytes on a port; `b""`: its link is down."""
        self._now = now
        if port == "gas_radio":
            if self._gas is not None and data:
                self._gas.receive(data, now)
        elif port == "wan":
            if data:
                self._wan.receive(data, now)
            else:
                self._wan.down(now)
        elif port == "m_bus":
            if data:
                self._m_link.receive(data, now)
            else:
                self._m_link.down(now)
        self._settle_orders(now)

    def outgoing(self) -> Iterable[Outgoing]:
        """Hand out the bytes to send."""
        out, self._out = self._out, []
        return out

    def events(self) -> Iterable[Event]:
        """Hand out what happened."""
        events, self._events = self._events, []
        return events

    def deadline(self) -> Instant | None:
        """The earliest of the three links' and the bell's."""
        due, wan = self._m_link.deadline(), self._wan.deadline()
        ring = self.log.ring_at
        if ring is not None and self._wan.online and (wan is None or ring < wan):
            wan = ring
        if due is None or (wan is not None and wan < due):
            due = wan
        gas, orders = None if self._gas is None else self._gas.deadline(), self.orders.deadline()
        if due is None or (gas is not None and gas < due):
            due = gas
        return orders if due is None or (orders is not None and orders < due) else due

    def elapse(self, now: Instant) -> None:
        """Do what is due."""
        self._now = now
        self._wan.elapse(now)
        self._m_link.elapse(now)
        if self._gas is not None:
            self._gas.elapse(now)
        if self._wan.online and self.log.rings(now):
            self._wan.ring()
        self._settle_orders(now)

    def _settle_orders(self, now: Instant) -> None:
        gate = self.orders.gate
        if gate is not None and gate.trust.gained is not self._associations.gained:
            self._associations.forget_gained()
            self._wan.serve(self._server(), now)
        self.orders.elapse(now, online=self._wan.online)
        self._m_link.hasten(now)

    # its memory --------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot. Holds the token key's decoder state: keep it as secret as the keys."""
        state: dict[str, Any] = {"serial": self.settings.serial, "counters": self._associations.state()}
        state["log"], state["orders"] = self.log.state(), self.orders.state()
        if self._associations.gained is not None:
            state["gained"] = self._associations.gained.octets.hex()
        if self.mirror is not None:
            state["mirror"] = self.mirror.state()
            state["gas_sent"], state["gas_received"] = self._gas_end.sent, self._gas_end.received
        if self.account is not None and self.slot is not None and self._gas is not None:
            state["account"], state["slot"] = self.account.state(), self.slot.state()
            state["hand_at"] = self._gas.hand.state()
        if self.by_hand is not None:
            state["by_hand"] = self.by_hand.state()
        if self.electricity_account is not None:
            state["electricity"] = self.electricity_account.state()
        return state

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a snapshot. Whoever keeps snapshots takes a new one before this hub speaks (`state.due`).

        Raises:
            ConfigurationError: the snapshot is another hub's.
        """
        if state["serial"] != self.settings.serial:
            raise ConfigurationError(f"snapshot of hub {state['serial']} given to hub {self.settings.serial}")
        self._associations.restore(state["counters"])
        if self.mirror is not None and "mirror" in state:
            self.mirror.restore(state["mirror"])
        if self.account is not None and "account" in state:
            self.account = PrepayAccount.restored(state["account"])
        if self.electricity_account is not None and "electricity" in state:
            self.electricity_account.restore(state["electricity"])
        if "log" in state:
            self.log.restore(state["log"])
        sent = max(state.get("gas_sent", 0) + _COUNTER_GAP, first_counter(self._now))
        self._build(sent, state.get("gas_received", 0))
        self._tell(self._now, "state.due", counter=sent)
        if self.slot is not None and self._gas is not None and "slot" in state:
            self.slot.restore(state["slot"])
            self._gas.hand.restore(state["hand_at"])
        if self.by_hand is not None and "by_hand" in state:
            self.by_hand.restore(state["by_hand"])
        if "orders" in state:
            self._restore_orders(state)

    def _restore_orders(self, state: dict[str, Any]) -> None:
        self.orders.restore(state["orders"], self._now)
        gained = None if self.orders.gate is None else self.orders.gate.trust.gained
        if gained is not None:
            if state.get("gained") != gained.octets.hex():
                self._associations.forget_gained()
            self._wan.serve(self._server(), self._now)

    def account_record(self) -> bytes:
        """What another hub must know to take this one's place; empty without gas and without an account here."""
        gas, works = None, self.orders.works
        if self.mirror is not None and works is not None:
            gas = gas_record(self.account, self.slot, works, self.mirror, self._gas_end.received)
        return write_account_record(gas, self.electricity_account)

    def take_place(
        self, record: AccountRecord | None, rows: Iterable[HalfHour] = (), tokens: Iterable[str] = ()
    ) -> None:
        """Take another hub's place, before it is switched on.

        Args:
            record: what that hub knew; None where nobody knows.
            rows: of the gas that the supplier has collected, oldest first; those that were charged change nothing.
            tokens: of either fuel that the supplier knows to have been accepted; those that are used change nothing.
        """
        first = first_counter(self._now)
        self._associations.count_meter_from(first)
        if record is not None and record.electricity is not None and self.electricity_account is not None:
            record.electricity.bring_in(self.electricity_account)
        gas = None if record is None or self.mirror is None else record.gas
        if gas is None:
            self._build(first, 0)
        else:
            self._take_gas(gas, first)
        if record is None:
            return
        if self.account is not None and self.account.charged is not None:
            self.account.charge(rows)
        for token in tokens:
            self._keypad.take_quietly(token)

    def _take_gas(self, gas: GasRecord, first: int) -> None:
        assert self.mirror is not None
        self.mirror.full_countdown, self.mirror.countdown = gas.full_countdown, gas.countdown
        for row in gas.rows:
            self.mirror.log.append(row)
        if self.account is not None and gas.account is not None:
            self.account = PrepayAccount.restored(gas.account)
        self._build(first, gas.received)
        gate = self.orders.gate
        if gate is not None:  # its words count on from those of the hubs before; and its keys are new
            gate.restore(gate.state() | {"voice": first}, self._now)
            gate.adopt(gate.trust, self._now)
        if self.orders.works is not None:
            self.orders.works.restore_orders(gas.works)
        if self.slot is not None and gas.account is not None:
            self.slot.take_used(gas.used)

    # parts -------------------------------------------------------------------------------------------------------

    def _server(self) -> dlms.Server:
        parts = [*hub_objects(self.settings.serial, self.clock.reads, lambda: self._refusal), log_object(self.log)]
        if self.mirror is not None:
            parts += mirror_objects(self.mirror, self.account, self._tell)
        if self.account is not None and self.slot is not None:
            parts += account_objects(self.account, self.slot, self._tell)
        if self.electricity_account is not None:
            parts += self.electricity_account.objects()
        if self.mirror is not None or self.electricity_account is not None:
            parts.append(dlms.data_object(objects.GAS_ACCOUNT_RECORD, lambda: dlms.octet_string(self.account_record())))
        parts += self.orders.objects()
        gate = self.orders.gate
        return self._associations.server(parts, None if gate is None else gate.trust)

    def _forward(self, client_sap: int, server_sap: int, apdu: bytes, now: Instant) -> bool:
        return self._m_link.forward(client_sap, server_sap, apdu, now)

    def _forget(self, now: Instant) -> None:
        self._m_link.forget(now)

    def _reserved(self, which: str, limit: int) -> None:
        self._tell(self._now, "counter.reserved", which=which, limit=limit)

    def _sender(self, port: str) -> Callable[[bytes], None]:
        def send(data: bytes) -> None:
            self._out.append((port, data))

        return send

    def _tell(self, now: Instant, kind: str, **fields: object) -> None:
        self._events.append(Event(now, self.name, kind, fields))
        self.log.note(kind, fields, now)
        if kind == "access.refused":
            self._refusal = str(fields["why"])
        of_electricity = fields.get("fuel") == Fuel.ELECTRICITY.value
        self.orders.happened(kind, now, to_gas=not of_electricity)
        if of_electricity and kind in _CHANGES_CREDIT:
            self._m_link.hasten(now)
