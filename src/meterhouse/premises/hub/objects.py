"""The hub's own COSEM objects, and those of the gas mirror."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.gas import MAX_DELAY_HALF_HOURS, ValveState
from meterhouse.model import Instant
from meterhouse.premises.electricity_meter.supply_switch import ARM_ONLY_MODE
from meterhouse.premises.hub.event_log import EventLog
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.protocols import dlms

__all__ = ["PUBLIC_RIGHTS", "hub_objects", "log_object", "mirror_objects"]

_CUBIC_METRE: Final = 13
"""Unit code (IEC 62056-6-2 table 4); with scaler -3: litres."""
_LONGEST_REASON: Final = 400
_DELAYS: Final = range(48, MAX_DELAY_HALF_HOURS + 1)
"""One day to fourteen (S0-113)."""

PUBLIC_RIGHTS: Final = {
    objects.CLOCK: dlms.Rights.of(range(1, 10)),
    objects.LOGICAL_DEVICE_NAME: dlms.Rights.of([1, 2]),
}


def hub_objects(
    serial: str, clock: Callable[[Instant], Instant], refusal: Callable[[], str] = str
) -> list[dlms.ServerObject]:
    """What every hub has; `refusal` says why the last refused request was refused."""
    name = dlms.octet_string(serial.encode("ascii"))
    return [
        dlms.clock(clock, obis=objects.CLOCK),
        dlms.data_object(objects.LOGICAL_DEVICE_NAME, lambda: name),
        dlms.data_object(objects.HUB_LAST_REFUSAL, lambda: dlms.octet_string(refusal().encode()[:_LONGEST_REASON])),
    ]


def log_object(log: EventLog) -> dlms.ServerObject:
    """What the supplier is told of."""
    data = dlms.DATA.class_id
    columns = (
        dlms.Column(dlms.CaptureObject(dlms.CLOCK_CLASS.class_id, objects.CLOCK, 2), dlms.Tag.OCTET_STRING),
        dlms.Column(dlms.CaptureObject(data, objects.HUB_EVENT_CODE, 2), dlms.Tag.UNSIGNED),
        dlms.Column(dlms.CaptureObject(data, objects.HUB_EVENT_DETAIL, 2), dlms.Tag.LONG64_UNSIGNED),
    )
    return dlms.profile_generic(objects.HUB_EVENT_LOG, columns, log, period=0, capacity=500)


def _state(mirror: GasMirror, account: PrepayAccount | None) -> int:
    if mirror.report is None or mirror.report.valve is ValveState.OPEN:
        return ValveState.OPEN
    return ValveState.ARMED if account is not None and account.spendable > 0 else ValveState.CLOSED


def mirror_objects(
    mirror: GasMirror, account: PrepayAccount | None, tell: Callable[..., None] = lambda *_args, **_fields: None
) -> list[dlms.ServerObject]:
    """The mirror of the gas meter: whoever asks is answered from here, and the meter sleeps on (S0-31)."""

    def set_delay(value: dlms.CosemData, now: Instant) -> None:
        delay = value.whole()
        if delay not in _DELAYS:
            why = f"delay {delay} is not {_DELAYS.start} to {_DELAYS.stop - 1} half hours"
            raise dlms.AccessRefusedError(dlms.DataAccessResult.OTHER_REASON, why)
        mirror.full_countdown = delay
        tell(now, "delay.set", half_hours=delay)

    def volume() -> dlms.CosemData:
        return dlms.double_long_unsigned(0 if mirror.report is None else mirror.report.volume_l)

    def captured(_selection: dlms.Selection | None, _now: Instant) -> dlms.CosemData:
        at = mirror.heard_at
        return dlms.null if at is None else dlms.octet_string(dlms.encode_date_time(at))

    def quality() -> dlms.CosemData:
        return dlms.unsigned(0 if mirror.log.newest is None else mirror.log.newest.quality)

    return [
        dlms.ServerObject(
            dlms.EXTENDED_REGISTER,
            objects.GAS_VOLUME,
            {
                2: lambda _s, _n: volume(),
                3: dlms.constant(dlms.structure(dlms.integer(-3), dlms.enum(_CUBIC_METRE))),
                4: dlms.constant(dlms.null),
                5: captured,
            },
        ),
        dlms.data_object(objects.GAS_PROFILE_STATUS, quality),
        objects.half_hour_profile(
            objects.GAS_PROFILE,
            objects.GAS_PROFILE_STATUS,
            dlms.CaptureObject(dlms.EXTENDED_REGISTER.class_id, objects.GAS_VOLUME, 2),
            mirror.log,
        ),
        dlms.ServerObject(
            dlms.DISCONNECT_CONTROL,
            objects.GAS_VALVE,
            {
                2: lambda _s, _n: dlms.boolean(mirror.report is None or mirror.report.valve is ValveState.OPEN),
                3: lambda _s, _n: dlms.enum(_state(mirror, account)),
                4: dlms.constant(dlms.enum(ARM_ONLY_MODE)),
            },
        ),
        dlms.data_object(
            objects.GAS_HAN_FAILURE,
            lambda: dlms.structure(
                dlms.long_unsigned(mirror.full_countdown),
                dlms.long_unsigned(mirror.countdown),
                dlms.boolean(mirror.link_failed),
                dlms.double_long_unsigned(mirror.misses),
            ),
        ),
        dlms.ServerObject(
            dlms.DATA,
            objects.GAS_DELAY,
            {2: lambda _s, _n: dlms.long_unsigned(mirror.full_countdown)},
            {2: set_delay},
        ),
    ]
