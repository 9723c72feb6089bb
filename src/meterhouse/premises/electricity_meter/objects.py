"""The electricity meter's COSEM objects: declarations from the classes, values from the meter."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from meterhouse.companion import objects
from meterhouse.companion.account_objects import ACCOUNT_OBJECTS, ELECTRICITY_CUTOFF, ELECTRICITY_SHOWN
from meterhouse.model import Fuel, Instant
from meterhouse.premises.clock import DeviceClock
from meterhouse.premises.electricity_meter.credit_cutoff import CreditCutoff
from meterhouse.premises.electricity_meter.cutoff_object import cutoff_object
from meterhouse.premises.electricity_meter.shown_object import shown_object
from meterhouse.premises.electricity_meter.supply_switch import SupplySwitch
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.premises.orders import OrderGate, port_objects
from meterhouse.premises.prepay import PrepaidElectricity
from meterhouse.protocols import dlms

__all__ = [
    "CUTOFF_RIGHTS",
    "HUB_RIGHTS",
    "MIRROR_RIGHTS",
    "OPEN_READER_RIGHTS",
    "PUBLIC_RIGHTS",
    "Metered",
    "meter_device",
]

_OWN_CHANNEL: Final = 0
_WATT_HOUR: Final = 30
"""Unit code of active energy (IEC 62056-6-2 table 4)."""


class Metered(Protocol):
    """What the objects need of the meter behind them."""

    clock: DeviceClock
    switch: SupplySwitch
    log: HalfHourLog
    register_wh: int
    gate: OrderGate | None
    prepaid: PrepaidElectricity | None
    credit: CreditCutoff | None

    @property
    def serial(self) -> str:
        """Its logical device name."""

    def arm(self, now: Instant) -> None:
        """Let a hand restore the supply."""

    def set_clock(self, shown: Instant, now: Instant) -> None:
        """Set the clock."""

    def head_end_seen(self) -> int:
        """The newest invocation counter believed of the head end."""


def meter_device(meter: Metered) -> dlms.LogicalDevice:
    """The management logical device of a meter."""
    name = dlms.octet_string(meter.serial.encode("ascii"))
    import_register = dlms.CaptureObject(dlms.REGISTER.class_id, objects.ELECTRICITY_IMPORT, 2)
    return dlms.LogicalDevice(
        meter.serial,
        [
            dlms.clock(meter.clock.reads, meter.set_clock, obis=objects.CLOCK),
            dlms.data_object(objects.LOGICAL_DEVICE_NAME, lambda: name),
            dlms.data_object(
                objects.INVOCATION_COUNTER, lambda: dlms.double_long_unsigned(max(meter.head_end_seen(), 0))
            ),
            dlms.register(
                objects.ELECTRICITY_IMPORT,
                lambda: dlms.long64_unsigned(meter.register_wh),
                scaler=0,
                unit=_WATT_HOUR,
            ),
            dlms.data_object(
                objects.ELECTRICITY_PROFILE_STATUS,
                lambda: dlms.unsigned(0 if meter.log.newest is None else meter.log.newest.quality),
            ),
            objects.half_hour_profile(
                objects.ELECTRICITY_PROFILE, objects.ELECTRICITY_PROFILE_STATUS, import_register, meter.log
            ),
            _disconnect_control(meter),
            *([] if meter.gate is None else port_objects(_OWN_CHANNEL, meter.gate)),
            *_of_credit(meter),
        ],
    )


def _of_credit(meter: Metered) -> list[dlms.ServerObject]:
    """Of a prepaid home alone: the account where it stands here, else how the hub tells what follows from it."""
    if meter.credit is not None and meter.prepaid is not None:
        return [*meter.prepaid.objects(), shown_object(meter.prepaid.account, meter.credit, meter.clock.reads)]
    return [] if meter.credit is None else [cutoff_object(meter.credit, lambda: meter.register_wh)]


def _disconnect_control(meter: Metered) -> dlms.ServerObject:
    def refuse(_now: Instant) -> None:
        raise dlms.AccessRefusedError(dlms.ActionResult.READ_WRITE_DENIED, "remote disconnect without confirmation")

    control = dlms.disconnect_control(
        objects.ELECTRICITY_DISCONNECT,
        output=lambda: meter.switch.closed,
        state=lambda: meter.switch.state,
        mode=lambda: meter.switch.mode,
        disconnect=refuse,
        reconnect=meter.arm,
    )
    # A cut comes sealed and is asked back, so the method does not exist; where orders come sealed, so does the arm.
    return replace(control, invoke={2: control.invoke[2]} if meter.gate is None else {})


PUBLIC_RIGHTS: Final = {
    objects.CLOCK: dlms.Rights.of(range(1, 10)),
    objects.LOGICAL_DEVICE_NAME: dlms.Rights.of([1, 2]),
    objects.INVOCATION_COUNTER: dlms.Rights.of([1, 2]),
}
"""What a client without security may read: time, name and its own invocation counter."""

OPEN_READER_RIGHTS: Final = {
    **PUBLIC_RIGHTS,
    objects.ELECTRICITY_IMPORT: dlms.Rights.of([1, 2, 3]),
    objects.ELECTRICITY_PROFILE: dlms.Rights.of(range(1, 9)),
    objects.ELECTRICITY_PROFILE_STATUS: dlms.Rights.of([1, 2]),
    objects.ELECTRICITY_DISCONNECT: dlms.Rights.of(range(1, 5)),
}
"""What a reader may see and never touch: the hub's, and that of a site that opens its meter to readers without keys."""

HUB_RIGHTS: Final = {
    **OPEN_READER_RIGHTS,
    objects.sealed_port(_OWN_CHANNEL, objects.DOWNLINK): dlms.Rights.of([1], [2]),
    **{
        objects.sealed_port(_OWN_CHANNEL, part): dlms.Rights.of(range(1, 9))
        for part in (objects.LAST_UPLINK, objects.UPLINK_QUEUE, objects.PORT_STATUS, objects.UPLINK_SEQUENCE)
    },
}
"""A hub also carries sealed messages in and out, which it cannot open."""

CUTOFF_RIGHTS: Final = {ELECTRICITY_CUTOFF: dlms.Rights.of([1, 2], [2])}
"""What more the hub of a home may do whose account stands in it."""

MIRROR_RIGHTS: Final = {
    ACCOUNT_OBJECTS[Fuel.ELECTRICITY].credit: dlms.Rights.of([1, 2, 3]),
    ACCOUNT_OBJECTS[Fuel.ELECTRICITY].emergency_credit: dlms.Rights.of([1, 2, 3, 6, 8, 9, 10]),
    ELECTRICITY_SHOWN: dlms.Rights.of([1, 2]),
}
"""What more the hub may see where the meter holds the account, for its display."""
