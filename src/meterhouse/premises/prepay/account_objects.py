"""The COSEM objects of a prepay account, wherever it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.companion.token_status import TokenVerdict, encode_status
from meterhouse.model import Instant
from meterhouse.premises.prepay.account import PrepayAccount
from meterhouse.premises.prepay.tariff_objects import tariff_objects
from meterhouse.premises.prepay.token_slot import TokenSlot
from meterhouse.protocols import dlms

__all__ = ["account_objects"]

_TOKEN_CREDIT: Final = 0
"""Credit type (IEC 62056-6-2, class 112)."""
_DEBTS: Final = range(1 << 32)
"""What the attribute, a display and a hub's record can say."""


def account_objects(account: PrepayAccount, slot: TokenSlot, tell: Callable[..., None]) -> list[dlms.ServerObject]:
    """Balance, tariff, the supplier's note of the debt, the token gateway of one account."""
    at = ACCOUNT_OBJECTS[account.fuel]

    def enter(parameter: dlms.CosemData, now: Instant) -> None:
        entry = slot.enter(parameter.octets().decode("ascii", "replace"), now, by_hand=False)
        if entry.verdict is not TokenVerdict.ACCEPTED:
            raise dlms.AccessRefusedError(dlms.ActionResult.OTHER_REASON, entry.verdict.sentence)

    def note(value: dlms.CosemData, _now: Instant) -> None:
        debt = value.whole()
        if debt not in _DEBTS:
            raise dlms.AccessRefusedError(dlms.DataAccessResult.OTHER_REASON, f"debt {debt} is not 0 to {_DEBTS[-1]}")
        account.debt_note = debt

    def last_time(_selection: dlms.Selection | None, _now: Instant) -> dlms.CosemData:
        last = slot.last_at
        return dlms.octet_string(b"\xff" * 12 if last is None else dlms.encode_date_time(last))

    return [
        dlms.ServerObject(
            dlms.CREDIT,
            at.credit,
            {2: lambda _s, _n: dlms.double_long(account.balance), 3: dlms.constant(dlms.enum(_TOKEN_CREDIT))},
        ),
        dlms.ServerObject(
            dlms.DATA,
            at.debt_note,
            {2: lambda _s, _n: dlms.double_long_unsigned(account.debt_note or 0)},
            {2: note},
        ),
        *tariff_objects(account, tell),
        dlms.token_gateway(
            at.token_gateway,
            {
                2: lambda _s, _n: dlms.octet_string(slot.last_token),
                3: last_time,
                4: lambda _s, _n: dlms.array([dlms.octet_string(slot.last.verdict.sentence.encode())]),
                6: lambda _s, _n: encode_status(slot.last.verdict),
            },
            enter,
        ),
    ]
