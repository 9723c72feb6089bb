"""the gas link: report, acknowledgement, six orders, and its two secured ends"""

from meterhouse.companion.gas.air import LISTEN_WINDOW, air_time
from meterhouse.companion.gas.by_hand import (
    CHECK_DIGITS,
    CODE_DIGITS,
    MOST_GRANTED_M3,
    check_digits,
    code_grant,
    reopen_code,
)
from meterhouse.companion.gas.ends import HubEnd, MeterEnd, sender_link
from meterhouse.companion.gas.messages import (
    MAX_DELAY_HALF_HOURS,
    Acknowledgement,
    CloseValve,
    ForbiddenOrderError,
    GasAddress,
    GasReport,
    OpenValve,
    Order,
    OrderAnswer,
    ReadCutoffVolume,
    ReadPrepayStatus,
    ReadTotalVolume,
    Refusal,
    ValveState,
    WriteCutoff,
)
from meterhouse.companion.gas.profile import HALF_HOURS_A_REPORT
from meterhouse.rules import NO_LIMIT_LITRES

__all__ = [
    "CHECK_DIGITS",
    "CODE_DIGITS",
    "HALF_HOURS_A_REPORT",
    "LISTEN_WINDOW",
    "MAX_DELAY_HALF_HOURS",
    "MOST_GRANTED_M3",
    "NO_LIMIT_LITRES",
    "Acknowledgement",
    "CloseValve",
    "ForbiddenOrderError",
    "GasAddress",
    "GasReport",
    "HubEnd",
    "MeterEnd",
    "OpenValve",
    "Order",
    "OrderAnswer",
    "ReadCutoffVolume",
    "ReadPrepayStatus",
    "ReadTotalVolume",
    "Refusal",
    "ValveState",
    "WriteCutoff",
    "air_time",
    "check_digits",
    "code_grant",
    "reopen_code",
    "sender_link",
]
