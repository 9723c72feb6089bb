"""The hub's display: every parameter of every meter in the home, a page a fuel (S0-123), as a wired in-home display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.companion.gas import ValveState
from meterhouse.model import DAY, HALF_HOUR, Fuel, Instant, Money, isoformat
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.hub import Hub
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.rules import NO_LIMIT_LITRES

__all__ = ["DisplayLine", "DisplayPage", "display_of"]

_THOUSAND: Final = 1_000
_SWITCH: Final = ("off", "on", "armed: press the meter's button")


@dataclass(frozen=True, slots=True)
class DisplayLine:
    """One line: what, and how it stands. `warns` where the display calls for attention."""

    name: str
    value: str
    warns: bool = False


@dataclass(frozen=True, slots=True)
class DisplayPage:
    """One fuel's page."""

    fuel: Fuel
    lines: tuple[DisplayLine, ...]

    def value(self, name: str) -> str:
        """Of the line with this name; empty where there is none."""
        return next((line.value for line in self.lines if line.name == name), "")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What calls for attention."""
        return tuple(f"{line.name}: {line.value}" for line in self.lines if line.warns)


def display_of(hub: Hub, now: Instant) -> tuple[DisplayPage, ...]:
    """What the hub shows now: the electricity's page, and the gas's where there is gas. Needs no network."""
    pages = [DisplayPage(Fuel.ELECTRICITY, (*_electricity(hub), _supplier(hub)))]
    if hub.mirror is not None:
        money = () if hub.account is None else (*_money(hub.account), *_credit(hub.account, now))
        pages.append(DisplayPage(Fuel.GAS, (*money, *_gas(hub.mirror, hub.account), _supplier(hub))))
    return tuple(pages)


def _supplier(hub: Hub) -> DisplayLine:
    return DisplayLine("line to supplier", "working" if hub.online else "down", warns=not hub.online)


def _electricity(hub: Hub) -> list[DisplayLine]:
    works, read_at = hub.electricity_link
    reading = hub.electricity
    link = "working" if works else "down"
    return [
        DisplayLine("paid", "by bill"),
        DisplayLine("register", "-" if reading is None else f"{_thousandths(reading[0])} kWh"),
        DisplayLine(
            "supply", "-" if reading is None else _SWITCH[reading[1]], warns=reading is not None and reading[1] != 1
        ),
        DisplayLine(
            "link to meter", link if read_at is None else f"{link}, read {isoformat(read_at)}", warns=not works
        ),
    ]


def _money(account: PrepayAccount) -> list[DisplayLine]:
    tariff = account.tariff_in_force
    return [
        DisplayLine("balance", Money(account.balance).decimal(), warns=account.balance <= 0),
        DisplayLine("price of this half hour", f"{Money(account.price_now).decimal()} a kWh"),
        DisplayLine("standing charge", f"{Money(tariff.standing_charge).decimal()} a day"),
        DisplayLine("calorific value", f"{_thousandths(tariff.cv)} MJ/m³"),
        DisplayLine("debt at supplier", "-" if account.debt_note is None else Money(account.debt_note).decimal()),
    ]


def _credit(account: PrepayAccount, now: Instant) -> list[DisplayLine]:
    low = account.low_credit
    return [
        DisplayLine("low credit", "yes" if low else "no", warns=low),
        DisplayLine("emergency credit", _emergency(account)),
        DisplayLine("friendly credit", "now: the gas stays on" if account.friendly_at(now) else "not now"),
    ]


def _emergency(account: PrepayAccount) -> str:
    limit = Money(account.emergency_limit).decimal()
    if account.emergency_active:
        left = max(account.emergency_limit + min(account.balance, 0), 0)
        return f"in use, {Money(left).decimal()} of {limit} left"
    if account.emergency:
        return f"on offer: {limit}"
    return (
        f"{limit} once the balance is below {Money(account.emergency_threshold).decimal()}"
        if account.emergency_limit
        else "none"
    )


def _gas(mirror: GasMirror, account: PrepayAccount | None) -> list[DisplayLine]:
    report = mirror.report
    lines = [] if account is not None else [DisplayLine("paid", "by bill")]
    lines.append(DisplayLine("register", "-" if report is None else _cubic_metres(report.volume_l)))
    if account is not None and report is not None:
        cutoff = account.cutoff()
        left = "no limit" if cutoff >= NO_LIMIT_LITRES else _cubic_metres(max(0, cutoff - report.volume_l))
        lines.append(DisplayLine("gas left", left, warns=report.low_credit))
    lines.append(_valve(mirror, account))
    lines.append(_link(mirror))
    if report is not None:
        ending = report.low_battery
        lines.append(DisplayLine("meter's battery", f"{report.battery_days} days", warns=ending))
    return lines


def _valve(mirror: GasMirror, account: PrepayAccount | None) -> DisplayLine:
    if mirror.valve is None:
        return DisplayLine("valve", "-")
    if mirror.valve is ValveState.OPEN:
        return DisplayLine("valve", "open")
    armed = account is not None and account.spendable > 0
    return DisplayLine("valve", "armed: press the gas meter's button" if armed else "closed", warns=True)


def _link(mirror: GasMirror) -> DisplayLine:
    if not mirror.link_failed:
        return DisplayLine("link to meter", "working")
    days, rest = divmod(mirror.countdown * HALF_HOUR, DAY)
    allowed = f"{days} d {rest // (2 * HALF_HOUR)} h {'30' if rest % (2 * HALF_HOUR) else '00'} min"
    return DisplayLine("link to meter", f"gas meter not heard; gas goes on without it for {allowed}", warns=True)


def _cubic_metres(litres: int) -> str:
    return f"{_thousandths(litres)} m³"


def _thousandths(amount: int) -> str:
    return f"{amount // _THOUSAND}.{amount % _THOUSAND:03d}"
