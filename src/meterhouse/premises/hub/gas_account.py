"""The gas account in the hub: the balance of a home, kept where the gas is used.

Only values come from outside: tokens in, half hours from the meter, a tariff from the supplier. The balance itself is
never sent to the premises and never computed elsewhere (S3-23, S3-107).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterhouse.model import DAY, HALF_HOUR, REGISTER_LIMIT_LITRES, HalfHour, Instant, half_hour_end
from meterhouse.premises.hub.gas_tariff import UNUSED_BLOCK, ComingTariff, GasTariff
from meterhouse.rules import (
    BLOCKS,
    CONVERSION_FACTOR,
    DENOMINATOR,
    NO_LIMIT_LITRES,
    SLOTS,
    charge_day,
    charge_volume,
    credit,
    emergency_after_credit,
    emergency_offered,
    energy_wh,
    friendly_cutoff_l,
    friendly_half_hours,
    litres_to,
    low_credit,
    price_in_force,
    rate_in_force,
    register_after,
    select_emergency,
    spendable,
)
from meterhouse.rules.emergency import ACTIVE

__all__ = ["CreditLimits", "GasAccount"]

_MONDAY: Final = 3
"""1970-01-01 was a Thursday."""
_WEEKEND: Final = 5
_DAYS: Final = 7
_MOST_L: Final = 20_000
"""In one half hour, more than any meter in a home passes: 40 m³/h."""
_FALLEN_L: Final = REGISTER_LIMIT_LITRES // 2
"""A register that seems to have risen by half its range has fallen."""


@dataclass(frozen=True, slots=True)
class CreditLimits:
    """Money in 10⁻⁵ of the unit.

    Attributes:
        emergency: how far below zero emergency credit lets the balance go; 0 where there is none.
        emergency_threshold: it is offered while the balance is below this.
        low: the warning is on while what can be spent is below this.
    """

    emergency: int = 0
    emergency_threshold: int = 0
    low: int = 200_000


@dataclass(slots=True)
class GasAccount:
    """One prepay account: the record that the rules read and write, and how far it has been charged.

    Attributes:
        prices, rates, thresholds_wh, standing_charge, cv: of the tariff in force.
        price: of the half hour that was charged last.
        used_wh: since the tariff came into force.
        emergency, emergency_limit, emergency_threshold, low_threshold: see `rules.EmergencyRecord`.
        friendly: see `rules.FriendlyRecord`.
        charged_l: the register up to which the gas has been charged; None before the first report.
        charged_until: the end of the last half hour charged.
        credited: sum of all token values credited.
        tokens: how many.
        consumed: sum of all charges for volume and days.
        debt_note: what the supplier says is still owed; shown, never reckoned with (C-02).
        coming: tariffs that are set and not yet in force, each at another instant, the next first.
        exact_blocks: a block changes over at the litre that reaches it, not at the half hour after (S0-122).
        coming_cv: calorific values that are set and not yet in force, (from when on, kJ/m³), the next first.
        disbelieved: the newest half hours were refused: nothing is charged until they can be again.
        provisional: taken for a reading that was keyed in; given back when the half hours themselves are charged.
        provisional_l: that reading.
    """

    balance: int
    prices: Sequence[int]
    rates: Sequence[int]
    thresholds_wh: Sequence[int]
    standing_charge: int
    cv: int
    price: int = 0
    used_wh: int = 0
    emergency: int = 0
    emergency_limit: int = 0
    emergency_threshold: int = 0
    low_threshold: int = 0
    friendly: Sequence[int] = field(default_factory=lambda: [0] * _DAYS)
    residue: int = 0
    charged_l: int | None = None
    charged_until: Instant | None = None
    credited: int = 0
    tokens: int = 0
    consumed: int = 0
    debt_note: int | None = None
    opening: int = 0
    coming: list[ComingTariff] = field(default_factory=list)
    exact_blocks: bool = False
    coming_cv: list[tuple[int, int]] = field(default_factory=list)
    disbelieved: bool = False
    provisional: int = 0
    provisional_l: int | None = None

    @classmethod
    def open(cls, balance: int, tariff: GasTariff, limits: CreditLimits | None = None) -> GasAccount:
        """A new account with an opening balance."""
        account = cls(balance, [], [], [], 0, 0, opening=balance)
        account._take_tariff(tariff)
        account.limits = CreditLimits() if limits is None else limits
        return account

    def begin(self, register_l: int, at: Instant) -> None:
        """Set the reading from which gas is charged; does nothing once set."""
        if self.charged_l is None:
            self.charged_l, self.charged_until = register_l, at

    def charge(self, half_hours: Iterable[HalfHour]) -> int:
        """Charge the half hours that follow the last one charged, each once; returns the money taken.

        A half hour that ends at UTC midnight brings the standing charge of the day it ends. A gap is charged by the
        register at its far side, so no gas is lost or charged twice whatever telegrams were. Each row costs by the
        tariff, rate and block that were in force when it began, however late its telegram came.

        A row whose register fell, or rose by more than any meter passes, is refused: it is not charged, and the next
        that can be believed is charged from the last that was. `disbelieved` tells.
        """
        assert self.charged_l is not None
        assert self.charged_until is not None
        before = self.balance + self.provisional
        for row in half_hours:
            if row.end <= self.charged_until:
                continue
            self.balance += self.provisional  # the half hours themselves are here: by each one's own tariff
            self.provisional, self.provisional_l = 0, None
            litres = (row.register - self.charged_l) % REGISTER_LIMIT_LITRES
            steps = (row.end - self.charged_until + HALF_HOUR - 1) // HALF_HOUR
            self.disbelieved = litres > min(steps * _MOST_L, _FALLEN_L)
            if self.disbelieved:
                continue
            self._change_tariff(self.charged_until)
            self._charge_half_hour(litres, self.charged_until)
            for _ in range(row.end // DAY - self.charged_until // DAY):
                charge_day(self)
            self.charged_l, self.charged_until = row.register, row.end
        self._change_tariff(self.charged_until)
        taken = before - self.balance - self.provisional
        self.consumed += taken
        return taken

    def _charge_half_hour(self, litres: int, begins: Instant) -> None:
        while True:
            self.price = self._price_at(begins)
            step = min(litres, self._left_in_block_l(self.used_wh)) if self.exact_blocks else litres
            charge_volume(self, step)
            self.used_wh += energy_wh(step, self.cv)
            litres -= step
            if litres == 0:
                return

    def _left_in_block_l(self, used_wh: int) -> int:
        """Litres until the next block changes over; more than any meter shows in the last."""
        threshold = next((one for one in self.thresholds_wh if one > used_wh), UNUSED_BLOCK)
        return litres_to(threshold - used_wh, self.cv) if threshold < UNUSED_BLOCK else NO_LIMIT_LITRES

    def provide(self, register_l: int, at: Instant) -> int:
        """Take what the gas up to a reading that was keyed in costs, at the price of now; returns the balance.

        For now only: the half hours between, once they come, are charged by the tariffs of their own times instead.
        """
        assert self.charged_l is not None
        weekend, slot, _ = _place(at)
        litres = (register_l - self.charged_l) % REGISTER_LIMIT_LITRES
        cost = (
            self.residue + litres * CONVERSION_FACTOR * self.cv * price_in_force(self, slot, weekend)
        ) // DENOMINATOR
        self.balance += self.provisional - cost
        self.provisional, self.provisional_l = cost, register_l
        return self.balance

    def rebase(self, register_l: int, at: Instant) -> None:
        """Charge from this reading on, whatever lies between: after a fall whose reason was found."""
        self.charged_l, self.disbelieved = register_l, False
        self.charged_until = at if self.charged_until is None else max(self.charged_until, at)

    def credit(self, amount: int) -> int:
        """Add a token's value (> 0), which repays emergency credit first; returns the new balance."""
        self.credited += amount
        self.tokens += 1
        balance = credit(self, amount)
        emergency_after_credit(self)
        return balance

    def cutoff_l(self) -> int:
        """The register at which what can be spent ends, at the price of the half hour to come.

        No limit before the first report; raised while that half hour is one of friendly credit.
        """
        if self.charged_l is None or self.charged_until is None:
            return NO_LIMIT_LITRES
        _, slot, weekday = _place(self.charged_until)
        return friendly_cutoff_l(friendly_half_hours(self, weekday, slot), self.bought_l(), self.charged_l)

    def bought_l(self) -> int:
        """The same without friendly credit."""
        if self.charged_l is None or self.charged_until is None:
            return NO_LIMIT_LITRES
        register_l = self.charged_l if self.provisional_l is None else self.provisional_l
        if not self.exact_blocks:
            price = self._price_at(self.charged_until)
            return register_after(spendable(self), self.residue, self.cv, price, register_l)
        return self._bought_over_blocks(register_l, self.charged_until)

    def _bought_over_blocks(self, register_l: int, begins: Instant) -> int:
        """Block after block, each at its own price of the half hour that begins then, until the money is used up."""
        weekend, slot, _ = _place(begins)
        money, residue, used_wh = spendable(self), self.residue, self.used_wh
        while True:
            block = sum(used_wh >= threshold for threshold in self.thresholds_wh)
            price = self.prices[rate_in_force(self, slot, weekend) * BLOCKS + block]
            reach_l = register_after(money, residue, self.cv, price, register_l)
            left_l = self._left_in_block_l(used_wh)
            if reach_l - register_l <= left_l:
                return reach_l
            units = residue + left_l * CONVERSION_FACTOR * self.cv * price
            money, residue = money - units // DENOMINATOR, units % DENOMINATOR
            used_wh += energy_wh(left_l, self.cv)
            register_l += left_l

    # emergency credit ---------------------------------------------------------------------------------------------

    def offer_emergency(self) -> bool:
        """Offer emergency credit if it is due; whether it is on offer."""
        return emergency_offered(self)

    def select_emergency(self) -> bool:
        """A person selects it; whether it was on offer."""
        return select_emergency(self)

    @property
    def emergency_active(self) -> bool:
        """Whether it was selected and is not repaid."""
        return self.emergency == ACTIVE

    @property
    def spendable(self) -> int:
        """What may still be used before the supply closes."""
        return spendable(self)

    @property
    def low_credit(self) -> bool:
        """Whether the warning is on."""
        return low_credit(self)

    @property
    def limits(self) -> CreditLimits:
        """Of emergency credit and of the warning."""
        return CreditLimits(self.emergency_limit, self.emergency_threshold, self.low_threshold)

    @limits.setter
    def limits(self, limits: CreditLimits) -> None:
        self.emergency_limit, self.low_threshold = limits.emergency, limits.low
        self.emergency_threshold = limits.emergency_threshold

    # the tariff ---------------------------------------------------------------------------------------------------

    def set_tariff(self, tariff: GasTariff, now: Instant, begins: Instant | None = None) -> Instant:
        """Charge by this tariff from an instant on; returns when that is.

        Args:
            tariff: a sensible one.
            now: the half hour under way keeps its tariff.
            begins: a half-hour boundary; None, and any that is over, for the half hour that begins next. Of two
                tariffs for one instant the newer holds.
        """
        earliest = half_hour_end(Instant(now - 1))
        begins = earliest if begins is None else max(begins, earliest)
        self.coming = [one for one in self.coming if one.begins != begins]
        insort(self.coming, ComingTariff(begins, tariff), key=lambda one: one.begins)
        return begins

    @property
    def tariff(self) -> GasTariff:
        """The last that is set, in force or to come."""
        return self.coming[-1].tariff if self.coming else self.tariff_in_force

    @property
    def tariff_in_force(self) -> GasTariff:
        """The one that is charged by, as far as the gas has been charged."""
        rows = tuple(self.prices), tuple(self.rates), tuple(self.thresholds_wh)
        return GasTariff(*rows, self.standing_charge, self.cv)

    @property
    def price_now(self) -> int:
        """Of the half hour that follows the last one charged; before the first, that of the first rate and block."""
        return self.prices[0] if self.charged_until is None else self._price_at(self.charged_until)

    def friendly_at(self, at: Instant) -> bool:
        """Whether no supply closes in the half hour of an instant."""
        _, slot, weekday = _place(at)
        return friendly_half_hours(self, weekday, slot) > 0

    def set_cv(self, cv: int, now: Instant, begins: Instant | None = None) -> Instant:
        """Reckon with this calorific value from an instant on, as `set_tariff`; the block period goes on."""
        earliest = half_hour_end(Instant(now - 1))
        begins = earliest if begins is None else max(begins, earliest)
        self.coming_cv = sorted([*(one for one in self.coming_cv if one[0] != begins), (begins, cv)])
        return begins

    def _change_tariff(self, at: Instant) -> None:
        while self.coming and self.coming[0].begins <= at:
            self._take_tariff(self.coming.pop(0).tariff)
        while self.coming_cv and self.coming_cv[0][0] <= at:
            self.cv = self.coming_cv.pop(0)[1]

    def _take_tariff(self, tariff: GasTariff) -> None:
        self.prices, self.rates = list(tariff.prices), list(tariff.rates)
        self.thresholds_wh, self.used_wh = list(tariff.thresholds_wh), 0
        self.standing_charge, self.cv = tariff.standing_charge, tariff.cv

    def _price_at(self, at: Instant) -> int:
        weekend, slot, _ = _place(at)
        return price_in_force(self, slot, weekend)

    # a snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        state = {name: getattr(self, name) for name in self.__slots__}
        return state | {"coming": [[one.begins, one.tariff.state()] for one in self.coming]}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> GasAccount:
        """From a snapshot."""
        coming = [ComingTariff(Instant(begins), GasTariff.restored(tariff)) for begins, tariff in state["coming"]]
        values = [(begins, cv) for begins, cv in state.get("coming_cv", ())]
        return cls(**(state | {"coming": coming, "coming_cv": values}))


def _place(at: Instant) -> tuple[int, int, int]:
    """(1 at the weekend, half hour of the UTC day, weekday from Monday) of the half hour that begins at `at`."""
    weekday = (at // DAY + _MONDAY) % _DAYS
    return int(weekday >= _WEEKEND), at % DAY // HALF_HOUR % SLOTS, weekday
