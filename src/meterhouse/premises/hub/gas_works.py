"""The gas supply as sealed orders see it: the valve by radio, the account, the tariff; the hub is their target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from meterhouse.companion.gas import CloseValve, GasReport, Order, ValveState, WriteCutoff
from meterhouse.companion.sealed import (
    Accepted,
    Component,
    Hindrance,
    OrderCode,
    SealedError,
    SupplierChange,
    ZclFrame,
    decode_components,
    encode_components,
)
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.crypto import KeyPair
from meterhouse.model import HALF_HOUR, Duration, Instant
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.gas_prices import flat_price
from meterhouse.premises.orders import SupplyFacts
from meterhouse.premises.prepay import EnergyTariff, PrepayAccount, TokenSlot, knows_tokens_of, take_tokens_of
from meterhouse.rules import friendly_cutoff_l

__all__ = ["GasWorks"]

_METERING: Final = 0x0702
_READ_RESPONSE: Final = 0x01
_SUPPLY_STATUS: Final = 0x0014
_UNSUPPORTED: Final = 0x86
_ENUM8: Final = 0x30
_DEARER: Final = 3
"""No order makes gas more than so many times dearer at once."""
_MEGAJOULE: Final = 100
"""kJ/m³ in a tenth of a MJ/m³, as a calorific value with one decimal travels."""


class GasWorks:
    """`Works` of the gas of one home.

    Args:
        mirror: what the hub knows of the meter.
        account: None in a credit home: there is no valve to order then.
        slot: where tokens enter; None in a credit home.
        tell: notes an event.

    Attributes:
        disabled: closed by order; no hand, token or emergency credit opens it before an order arms it.
    """

    def __init__(
        self,
        mirror: GasMirror,
        account: PrepayAccount | None,
        slot: TokenSlot | None,
        tell: Callable[..., None],
    ) -> None:
        self._mirror = mirror
        self._account = account
        self._slot = slot
        self._tell = tell
        self.disabled = False
        self._was_disabled = False
        self._vend_at: Instant | None = None

    # what the gate asks --------------------------------------------------------------------------------------------

    @property
    def fitted(self) -> bool:
        """See `Works`: meters of credit homes have no valve."""
        return self._account is not None

    @property
    def control_state(self) -> int:
        """See `Works`."""
        if self._mirror.valve is None or self._mirror.valve is ValveState.OPEN:
            return ValveState.OPEN
        armed = not self.disabled and self._account is not None and self._account.spendable > 0
        return ValveState.ARMED if armed else ValveState.CLOSED

    def facts(self) -> SupplyFacts:
        """See `Works`; a hub measures no load of gas."""
        return SupplyFacts(None if self._account is None else self._account.balance, 0, self._vend_at)

    def open(self, now: Instant) -> None:
        """See `Works`: the valve closes at the meter's next report."""
        self.disabled = True
        self._tell(now, "valve.disabled")

    def opening(self) -> bool:
        """See `Works`."""
        return self.disabled and self.control_state == ValveState.OPEN

    def stay(self, now: Instant) -> None:
        """See `Works`."""
        if self.opening():
            self.disabled = False
            self._tell(now, "valve.enabled")

    def arm(self, now: Instant) -> Hindrance:
        """See `Works`: lets a hand open the valve again, once there is credit."""
        if self._account is None:
            return Hindrance.NOT_FITTED
        if self.control_state == ValveState.OPEN and not self.disabled:
            return Hindrance.STATE
        self._was_disabled = self._was_disabled or self.disabled
        self.disabled = False
        self._tell(now, "valve.armed")
        return Hindrance.NONE

    def disarm(self, now: Instant) -> None:
        """See `Works`: only what an order had closed is closed again."""
        if self._was_disabled and self.control_state != ValveState.OPEN:
            self.disabled = True
            self._tell(now, "valve.disarmed")
        self._was_disabled = False

    def do(self, order: Accepted, now: Instant) -> bytes | Hindrance:
        """See `Works`."""
        components = decode_components(order.envelope.content)
        code = order.use_case.code
        if code == OrderCode.READ_VALVE:
            return self._read(components)
        account = self._account
        if account is None:
            return Hindrance.NOT_FITTED
        if code == OrderCode.TOP_UP:
            return self._top_up(components, now)
        if code == OrderCode.SELECT_EMERGENCY_CREDIT:
            return Hindrance.NONE if account.select_emergency() else Hindrance.STATE
        if code == OrderCode.SET_CALORIFIC_VALUE:
            return self._calorific_value(account, components, now)
        if code == OrderCode.SET_GAS_PRICE:
            price, standing = flat_price(components)
            if price > _DEARER * max(account.tariff.prices):
                return Hindrance.LIMIT
            return self._set_tariff(account, EnergyTariff.flat(price, standing, account.tariff.cv), now)
        return Hindrance.NOT_FITTED

    def _read(self, components: tuple[Component, ...]) -> bytes:
        answers = []
        for component in components:
            frame = component.frame
            if len(frame.payload) % 2:
                raise SealedError("attributes are asked for by two bytes each")
            asked = [int.from_bytes(frame.payload[at : at + 2], "little") for at in range(0, len(frame.payload), 2)]
            payload = b"".join(self._attribute(attribute) for attribute in asked)
            answer = ZclFrame(
                cluster_specific=False,
                to_client=True,
                sequence=frame.sequence,
                command=_READ_RESPONSE,
                payload=payload,
            )
            answers.append(Component(_METERING, answer))
        return encode_components(tuple(answers))

    def _attribute(self, attribute: int) -> bytes:
        name = attribute.to_bytes(2, "little")
        if attribute != _SUPPLY_STATUS:
            return name + bytes((_UNSUPPORTED,))
        # SE numbers its supply status as class 70 does armed and on, the other way round.
        status = {ValveState.CLOSED: 0, ValveState.ARMED: 1, ValveState.OPEN: 2}[ValveState(self.control_state)]
        return name + bytes((0, _ENUM8, status))

    def _top_up(self, components: tuple[Component, ...], now: Instant) -> Hindrance:
        if len(components) != 1 or self._slot is None:
            return Hindrance.LIMIT
        digits = components[0].frame.payload[2:22]
        entry = self._slot.enter(digits.decode("ascii", "replace"), now, by_hand=False)
        return Hindrance.NONE if entry.verdict is TokenVerdict.ACCEPTED else Hindrance.TOKEN

    def _calorific_value(self, account: PrepayAccount, components: tuple[Component, ...], now: Instant) -> Hindrance:
        values = [
            int.from_bytes(component.frame.payload[8:12], "little") * _MEGAJOULE
            for component in components
            if component.frame.command == 0x03
        ]
        if len(values) != 1:
            return Hindrance.LIMIT
        return self._set_tariff(account, replace(account.tariff, cv=values[0]), now)

    def _set_tariff(self, account: PrepayAccount, tariff: EnergyTariff, now: Instant) -> Hindrance:
        if why := tariff.refusal():
            self._tell(now, "sealed.limit", why=why)
            return Hindrance.LIMIT
        from_ms = account.set_tariff(tariff, now)
        self._tell(now, "tariff.set", from_ms=from_ms, **tariff.fields())
        return Hindrance.NONE

    # what the link asks --------------------------------------------------------------------------------------------

    def orders(self, report: GasReport) -> list[Order]:
        """What the meter is told while its supply is disabled: nothing more may flow than has."""
        told: list[Order] = [WriteCutoff(report.volume_l)]
        if report.valve is ValveState.OPEN:
            told.append(CloseValve())
        return told

    def held_cutoff_l(self, cutoff_l: int, held: Duration) -> int:
        """The cut-off while credit must not run out, for `held` ms more: so far, and no further."""
        if held <= 0 or self._account is None or self._account.charged is None:
            return cutoff_l
        return friendly_cutoff_l(-(-held // HALF_HOUR), cutoff_l, self._account.charged)

    def vended(self, now: Instant) -> None:
        """A token was accepted, by whichever way."""
        self._vend_at = now

    # a snapshot ----------------------------------------------------------------------------------------------------

    def knows_tokens_of(self, change: SupplierChange, own: KeyPair) -> bool:
        """See `Works`."""
        return knows_tokens_of(self._slot, change, own)

    def take_tokens_of(self, change: SupplierChange, own: KeyPair, order: str) -> None:
        """See `Works`."""
        if self._slot is not None and self._account is not None:
            take_tokens_of(self._slot, self._account, change, own, order)

    def orders_state(self) -> dict[str, int]:
        """See `Works`."""
        return {
            "disabled": int(self.disabled),
            "was_disabled": int(self._was_disabled),
            "vend_at": -1 if self._vend_at is None else self._vend_at,
        }

    def restore_orders(self, state: dict[str, int]) -> None:
        """See `Works`."""
        self.disabled, self._was_disabled = bool(state["disabled"]), bool(state["was_disabled"])
        self._vend_at = None if state["vend_at"] < 0 else Instant(state["vend_at"])
