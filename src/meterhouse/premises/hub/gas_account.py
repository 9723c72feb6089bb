"""The gas account in the hub: the balance of a home, kept where the gas is used.

Only values come from outside: tokens in, half hours from the meter, a tariff from the supplier. The balance itself is
never sent to the premises and never computed elsewhere (S3-23, S3-107).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from meterhouse.model import DAY, REGISTER_LIMIT_LITRES, HalfHour, Instant, half_hour_end
from meterhouse.rules import NO_LIMIT_LITRES, charge_day, charge_volume, credit, cutoff_volume_l

__all__ = ["GasAccount", "GasTariff"]


@dataclass(frozen=True, slots=True)
class GasTariff:
    """What gas costs. Money in 10⁻⁵ of the unit.

    Attributes:
        price: per kWh.
        standing_charge: per UTC day.
        cv: calorific value, kJ/m³.
    """

    price: int
    standing_charge: int
    cv: int


@dataclass(slots=True)
class GasAccount:
    """One prepay account; the rules read and write its first five fields (`rules.GasAccountRecord`).

    Attributes:
        charged_l: the register up to which the gas has been charged; None before the first report.
        charged_until: the end of the last half hour charged.
        credited: sum of all token values credited.
        tokens: how many.
        consumed: sum of all charges for volume and days.
        debt_note: what the supplier says is still owed; shown, never reckoned with (C-02).
        coming: tariffs that are set and not yet in force: [from, price, standing charge, cv], in the order of setting.
    """

    balance: int
    price: int
    standing_charge: int
    cv: int
    residue: int = 0
    charged_l: int | None = None
    charged_until: Instant | None = None
    credited: int = 0
    tokens: int = 0
    consumed: int = 0
    debt_note: int | None = None
    opening: int = field(default=0)
    coming: list[list[int]] = field(default_factory=list)

    @classmethod
    def open(cls, balance: int, tariff: GasTariff) -> GasAccount:
        """A new account with an opening balance."""
        return cls(balance, tariff.price, tariff.standing_charge, tariff.cv, opening=balance)

    def begin(self, register_l: int, at: Instant) -> None:
        """Set the reading from which gas is charged; does nothing once set."""
        if self.charged_l is None:
            self.charged_l, self.charged_until = register_l, at

    def charge(self, half_hours: Iterable[HalfHour]) -> int:
        """Charge the half hours that follow the last one charged, each once; returns the money taken.

        A half hour that ends at UTC midnight brings the standing charge of the day it ends. A gap is charged by the
        register at its far side, so no gas is lost or charged twice whatever telegrams were. Each row costs by the
        tariff that was in force when it began, however late its telegram came.
        """
        assert self.charged_l is not None
        assert self.charged_until is not None
        before = self.balance
        for row in half_hours:
            if row.end <= self.charged_until:
                continue
            if self.coming:
                self._change_tariff(self.charged_until)
            charge_volume(self, (row.register - self.charged_l) % REGISTER_LIMIT_LITRES)
            for _ in range(row.end // DAY - self.charged_until // DAY):
                charge_day(self)
            self.charged_l, self.charged_until = row.register, row.end
        if self.coming:
            self._change_tariff(self.charged_until)
        self.consumed += before - self.balance
        return before - self.balance

    def credit(self, amount: int) -> int:
        """Add a token's value (> 0); returns the new balance."""
        self.credited += amount
        self.tokens += 1
        return credit(self, amount)

    def cutoff_l(self) -> int:
        """The register at which the balance ends; no limit before the first report."""
        return NO_LIMIT_LITRES if self.charged_l is None else cutoff_volume_l(self, self.charged_l)

    def set_tariff(self, tariff: GasTariff, now: Instant) -> Instant:
        """From the half hour that begins next, charge by this tariff; returns when that is."""
        begins = half_hour_end(Instant(now - 1))
        self.coming.append([begins, tariff.price, tariff.standing_charge, tariff.cv])
        return begins

    @property
    def tariff(self) -> GasTariff:
        """The newest that was set, in force or about to be."""
        return GasTariff(*self.coming[-1][1:]) if self.coming else GasTariff(self.price, self.standing_charge, self.cv)

    def _change_tariff(self, at: Instant) -> None:
        while self.coming and self.coming[0][0] <= at:
            _, self.price, self.standing_charge, self.cv = self.coming.pop(0)

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> GasAccount:
        """From a snapshot."""
        return cls(**state)
