"""A prepay account at the premises: the balance of a home for one fuel, kept where it is used, in hub or meter.

Only values come from outside: tokens in, half hours from the meter, a tariff from the supplier. The balance itself is
never sent to the premises and never computed elsewhere (S3-23, S3-107).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meterhouse.model import DAY, HALF_HOUR, Fuel, HalfHour, Instant, half_hour_end
from meterhouse.premises.prepay.measure import MEASURES, Measure
from meterhouse.premises.prepay.tariff import UNUSED_BLOCK, ComingTariff, EnergyTariff
from meterhouse.rules import (
    BLOCKS,
    DENOMINATOR,
    SLOTS,
    amount_to,
    charge,
    charge_day,
    credit,
    emergency_after_credit,
    emergency_offered,
    energy_of,
    friendly_cutoff,
    friendly_half_hours,
    low_credit,
    price_in_force,
    rate_in_force,
    reach,
    select_emergency,
    spendable,
)
from meterhouse.rules.emergency import ACTIVE

__all__ = ["CreditLimits", "PrepayAccount"]

_MONDAY: Final = 3
"""1970-01-01 was a Thursday."""
_WEEKEND: Final = 5
_DAYS: Final = 7
_RECORD_NAMES: Final = {
    "charged": "charged_l",
    "provisional_register": "provisional_l",
}
"""Under these the snapshots and records of hubs in the field have them."""


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
class PrepayAccount:
    """One prepay account: the record that the rules read and write, and how far it has been charged.

    Attributes:
        prices, rates, thresholds_wh, standing_charge, cv: of the tariff in force.
        price: of the half hour that was charged last.
        used_wh: since the tariff came into force.
        emergency, emergency_limit, emergency_threshold, low_threshold: see `rules.EmergencyRecord`.
        friendly: see `rules.FriendlyRecord`.
        charged: the register up to which the energy has been charged, in the fuel's unit; None before the first report.
        charged_until: the end of the last half hour charged.
        credited: sum of all token values credited.
        tokens: how many.
        consumed: sum of all charges for volume and days.
        debt_note: what the supplier says is still owed; shown, never reckoned with (C-02).
        coming: tariffs that are set and not yet in force, each at another instant, the next first.
        exact_blocks: a block changes over at the litre or Wh that reaches it, not at the half hour after (S0-122).
        coming_cv: calorific values that are set and not yet in force, (from when on, kJ/m³), the next first.
        disbelieved: the newest half hours were refused: nothing is charged until they can be again.
        provisional: taken for a reading that was keyed in; given back when the half hours themselves are charged.
        provisional_register: that reading.
        fuel: whose account it is.
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
    charged: int | None = None
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
    provisional_register: int | None = None
    fuel: Fuel = Fuel.GAS

    @classmethod
    def open(
        cls, balance: int, tariff: EnergyTariff, limits: CreditLimits | None = None, fuel: Fuel = Fuel.GAS
    ) -> PrepayAccount:
        """A new account with an opening balance."""
        account = cls(balance, [], [], [], 0, 0, opening=balance, fuel=fuel)
        account._take_tariff(tariff)
        account.limits = CreditLimits() if limits is None else limits
        return account

    @property
    def measure(self) -> Measure:
        """Of its register."""
        return MEASURES[self.fuel]

    @property
    def _weight(self) -> int:
        return self.measure.weight(self.cv)

    def begin(self, register: int, at: Instant) -> None:
        """Set the reading from which energy is charged; does nothing once set."""
        if self.charged is None:
            self.charged, self.charged_until = register, at

    def charge(self, half_hours: Iterable[HalfHour]) -> int:
        """Charge the half hours that follow the last one charged, each once; returns the money taken.

        A half hour that ends at UTC midnight brings the standing charge of the day it ends. A gap is charged by the
        register at its far side, so no energy is lost or charged twice whatever telegrams were. Each row costs by the
        tariff, rate and block that were in force when it began, however late its telegram came.

        A row whose register fell, or rose by more than any meter passes, is refused: it is not charged, and the next
        that can be believed is charged from the last that was. `disbelieved` tells.
        """
        assert self.charged is not None
        assert self.charged_until is not None
        measure = self.measure
        before = self.balance + self.provisional
        for row in half_hours:
            if row.end <= self.charged_until:
                continue
            self.balance += self.provisional  # the half hours themselves are here: by each one's own tariff
            self.provisional, self.provisional_register = 0, None
            amount = (row.register - self.charged) % measure.limit
            steps = (row.end - self.charged_until + HALF_HOUR - 1) // HALF_HOUR
            # A register that seems to have risen by half its range has fallen.
            self.disbelieved = amount > min(steps * measure.most, measure.limit // 2)
            if self.disbelieved:
                continue
            self._change_tariff(self.charged_until)
            self._charge_half_hour(amount, self.charged_until)
            for _ in range(row.end // DAY - self.charged_until // DAY):
                charge_day(self)
            self.charged, self.charged_until = row.register, row.end
        self._change_tariff(self.charged_until)
        taken = before - self.balance - self.provisional
        self.consumed += taken
        return taken

    def _charge_half_hour(self, amount: int, begins: Instant) -> None:
        while True:
            self.price = self._price_at(begins)
            step = min(amount, self._left_in_block(self.used_wh)) if self.exact_blocks else amount
            charge(self, step, self._weight)
            self.used_wh += energy_of(step, self._weight)
            amount -= step
            if amount == 0:
                return

    def _left_in_block(self, used_wh: int) -> int:
        """Units of the register until the next block changes over; more than any meter shows in the last."""
        threshold = next((one for one in self.thresholds_wh if one > used_wh), UNUSED_BLOCK)
        return amount_to(threshold - used_wh, self._weight) if threshold < UNUSED_BLOCK else self.measure.furthest

    def provide(self, register: int, at: Instant) -> int:
        """Take what the energy up to a reading that was keyed in costs, at the price of now; returns the balance.

        For now only: the half hours between, once they come, are charged by the tariffs of their own times instead.
        """
        assert self.charged is not None
        weekend, slot, _ = _place(at)
        amount = (register - self.charged) % self.measure.limit
        cost = (self.residue + amount * self._weight * price_in_force(self, slot, weekend)) // DENOMINATOR
        self.balance += self.provisional - cost
        self.provisional, self.provisional_register = cost, register
        return self.balance

    def rebase(self, register: int, at: Instant) -> None:
        """Charge from this reading on, whatever lies between: after a fall whose reason was found."""
        self.charged, self.disbelieved = register, False
        self.charged_until = at if self.charged_until is None else max(self.charged_until, at)

    def turn_back(self, at: Instant) -> None:
        """The clock whose half hours are charged was plainly wrong, and is set back: charge those that follow `at`.

        The days of the time that never was are given back; its energy flowed, and stays charged.
        """
        if self.charged_until is None or at >= self.charged_until:
            return
        days = self.charged_until // DAY - at // DAY
        self.balance += days * self.standing_charge
        self.consumed -= days * self.standing_charge
        self.charged_until = at

    def credit(self, amount: int) -> int:
        """Add a token's value (> 0), which repays emergency credit first; returns the new balance."""
        self.credited += amount
        self.tokens += 1
        balance = credit(self, amount)
        emergency_after_credit(self)
        return balance

    def cutoff(self, shown: Instant | None = None) -> int:
        """The register at which what can be spent ends, at the price of the half hour to come.

        No limit before the first report; raised while that half hour is one of friendly credit.

        Args:
            shown: time by the clock of the half hours: after a loss of power, or once that clock was set, the half hour
                that it is in is not the one that follows the last charged. None: that one.
        """
        measure = self.measure
        if self.charged is None or self.charged_until is None:
            return measure.furthest
        _, slot, weekday = _place(self.charged_until if shown is None else shown)
        ahead = friendly_half_hours(self, weekday, slot)
        return friendly_cutoff(ahead, self.bought(), self.charged, measure.flow, measure.allowance, measure.furthest)

    def bought(self) -> int:
        """The same without friendly credit."""
        if self.charged is None or self.charged_until is None:
            return self.measure.furthest
        register = self.charged if self.provisional_register is None else self.provisional_register
        if not self.exact_blocks:
            price = self._price_at(self.charged_until)
            return reach(spendable(self), self.residue, self._weight, price, register, self.measure.furthest)
        return self._bought_over_blocks(register, self.charged_until)

    def _bought_over_blocks(self, register: int, begins: Instant) -> int:
        """Block after block, each at its own price of the half hour that begins then, until the money is used up."""
        weekend, slot, _ = _place(begins)
        money, residue, used_wh = spendable(self), self.residue, self.used_wh
        weight = self._weight
        while True:
            block = sum(used_wh >= threshold for threshold in self.thresholds_wh)
            price = self.prices[rate_in_force(self, slot, weekend) * BLOCKS + block]
            end = reach(money, residue, weight, price, register, self.measure.furthest)
            left = self._left_in_block(used_wh)
            if end - register <= left:
                return end
            units = residue + left * weight * price
            money, residue = money - units // DENOMINATOR, units % DENOMINATOR
            used_wh += energy_of(left, weight)
            register += left

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

    def set_tariff(self, tariff: EnergyTariff, now: Instant, begins: Instant | None = None) -> Instant:
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
    def tariff(self) -> EnergyTariff:
        """The last that is set, in force or to come."""
        return self.coming[-1].tariff if self.coming else self.tariff_in_force

    @property
    def tariff_in_force(self) -> EnergyTariff:
        """The one that is charged by, as far as the energy has been charged."""
        rows = tuple(self.prices), tuple(self.rates), tuple(self.thresholds_wh)
        return EnergyTariff(*rows, self.standing_charge, self.cv)

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

    def _take_tariff(self, tariff: EnergyTariff) -> None:
        self.prices, self.rates = list(tariff.prices), list(tariff.rates)
        self.thresholds_wh, self.used_wh = list(tariff.thresholds_wh), 0
        self.standing_charge, self.cv = tariff.standing_charge, tariff.cv

    def _price_at(self, at: Instant) -> int:
        weekend, slot, _ = _place(at)
        return price_in_force(self, slot, weekend)

    # a snapshot ---------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        state = {_RECORD_NAMES.get(name, name): getattr(self, name) for name in self.__slots__ if name != "fuel"}
        return state | {"coming": [[one.begins, one.tariff.state()] for one in self.coming]}

    @classmethod
    def restored(cls, state: dict[str, Any], fuel: Fuel = Fuel.GAS) -> PrepayAccount:
        """From a snapshot."""
        coming = [ComingTariff(Instant(begins), EnergyTariff.restored(tariff)) for begins, tariff in state["coming"]]
        values = [(begins, cv) for begins, cv in state.get("coming_cv", ())]
        own = {new: state[old] for new, old in _RECORD_NAMES.items() if old in state}
        rest = {name: value for name, value in state.items() if name not in _RECORD_NAMES.values()}
        return cls(**(rest | own | {"coming": coming, "coming_cv": values, "fuel": fuel}))


def _place(at: Instant) -> tuple[int, int, int]:
    """(1 at the weekend, half hour of the UTC day, weekday from Monday) of the half hour that begins at `at`."""
    weekday = (at // DAY + _MONDAY) % _DAYS
    return int(weekday >= _WEEKEND), at % DAY // HALF_HOUR % SLOTS, weekday
