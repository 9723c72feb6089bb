"""The hub's display: every parameter of every meter in the home, a page a fuel (S0-123), as a wired in-home display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.companion.gas import ValveState
from meterhouse.model import DAY, HALF_HOUR, Fuel, Instant, Money, isoformat
from meterhouse.premises.hub.gas_mirror import GasMirror
from meterhouse.premises.hub.hub import Hub
from meterhouse.premises.hub.meter_credit import MirroredCredit, MirroredTerms
from meterhouse.premises.prepay import PrepayAccount
from meterhouse.rules import NO_LIMIT_LITRES, NO_LIMIT_WH

__all__ = ["DisplayLine", "DisplayPage", "display_of"]

_THOUSAND: Final = 1_000
_ON, _ARMED = 1, 2
"""Control states of class 70."""
_SELECTABLE, _SELECTED = 1, 2
"""Of a credit (class 112, attribute 8); what is selected may be in use or exhausted."""


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
    """What the hub shows now: the electricity's page, and the gas's where there is gas. Needs no network.

    A parameter that the home has and the hub has not heard of yet shows as "-".
    """
    pages = [DisplayPage(Fuel.ELECTRICITY, (*_electricity(hub, now), _supplier(hub)))]
    if hub.mirror is not None:
        money = () if hub.account is None else (*_money(hub.account), *_credit(hub.account, now))
        pages.append(DisplayPage(Fuel.GAS, (*money, *_gas(hub.mirror, hub.account), _supplier(hub))))
    return tuple(pages)


def _supplier(hub: Hub) -> DisplayLine:
    return DisplayLine("line to supplier", "working" if hub.online else "down", warns=not hub.online)


def _electricity(hub: Hub, now: Instant) -> list[DisplayLine]:
    works, read_at = hub.electricity_link
    reading, held = hub.electricity, hub.electricity_account
    link = "working" if works else "down"
    if held is not None:
        paid = [*_money(held.account), *_credit(held.account, now)]
    elif hub.settings.mirrors_credit:
        paid = _mirrored(hub.electricity_credit, hub.electricity_terms)
    else:
        paid = [DisplayLine("paid", "by bill")]
    return [
        *paid,
        DisplayLine("register", "-" if reading is None else _kilowatt_hours(reading[0])),
        *_supply_left(hub),
        _switch(hub),
        DisplayLine(
            "link to meter", link if read_at is None else f"{link}, read {isoformat(read_at)}", warns=not works
        ),
    ]


def _mirrored(credit: MirroredCredit | None, terms: MirroredTerms | None) -> list[DisplayLine]:
    """Of an account that the meter holds, as the meter said it last."""
    balance, emergency, price, standing, debt, low, friendly = ("-",) * 7
    if credit is not None:
        balance, emergency = Money(credit.balance).decimal(), _mirrored_emergency(credit)
    if terms is not None:
        price, standing = _price(terms.price), _standing_charge(terms.standing_charge)
        debt, low = _debt(terms.debt_note), _yes(terms.low_credit)
        friendly = _friendly(Fuel.ELECTRICITY, now=terms.friendly)
    return [
        DisplayLine("balance", balance, warns=credit is not None and credit.balance <= 0),
        DisplayLine("price of this half hour", price),
        DisplayLine("standing charge", standing),
        DisplayLine("debt at supplier", debt),
        DisplayLine("low credit", low, warns=terms is not None and terms.low_credit),
        DisplayLine("emergency credit", emergency),
        DisplayLine("friendly credit", friendly),
    ]


def _mirrored_emergency(credit: MirroredCredit) -> str:
    left = Money(credit.emergency_left).decimal()
    if credit.emergency_state >= _SELECTED:
        return f"in use, {left} left"
    if credit.emergency_state == _SELECTABLE:
        return f"on offer: {left}"
    return f"{left} once credit is low" if credit.emergency_left else "none"


def _supply_left(hub: Hub) -> list[DisplayLine]:
    """How much more flows before the supply ends; nothing of it in a home that pays by bill."""
    held, terms, cutoff = hub.electricity_account, hub.electricity_terms, _cutoff(hub)
    if held is None and not hub.settings.mirrors_credit:
        return []
    if hub.electricity is None or cutoff is None:
        return [DisplayLine("supply left", "-")]
    low = held.account.low_credit if held is not None else terms is not None and terms.low_credit
    left = "no limit" if cutoff >= NO_LIMIT_WH else _kilowatt_hours(max(0, cutoff - hub.electricity[0]))
    return [DisplayLine("supply left", left, warns=low)]


def _cutoff(hub: Hub) -> int | None:
    """The register at which credit ends; None where there is no account, or nobody has said."""
    if hub.electricity_account is not None:
        return hub.electricity_account.account.cutoff()
    return None if hub.electricity_terms is None else hub.electricity_terms.cutoff_wh


def _switch(hub: Hub) -> DisplayLine:
    if hub.electricity is None:
        return DisplayLine("supply", "-")
    register, state = hub.electricity
    if state == _ON:
        return DisplayLine("supply", "on")
    held, cutoff = hub.electricity_account, _cutoff(hub)
    if state == _ARMED:
        spent = cutoff is not None and register >= cutoff
        value = "armed, but credit has ended" if spent else "armed: press the button on the electricity meter"
    elif hub.off_for_credit is None:
        value = "off"
    elif not hub.off_for_credit:
        value = "off: by order"
    else:
        waits = held is not None and held.account.spendable > 0
        value = "off: the meter is yet to hear of the credit" if waits else "off: for want of credit"
    return DisplayLine("supply", value, warns=True)


def _money(account: PrepayAccount) -> list[DisplayLine]:
    tariff = account.tariff_in_force
    cv = [DisplayLine("calorific value", f"{_thousandths(tariff.cv)} MJ/m³")] if account.fuel is Fuel.GAS else []
    return [
        DisplayLine("balance", Money(account.balance).decimal(), warns=account.balance <= 0),
        DisplayLine("price of this half hour", _price(account.price_now)),
        DisplayLine("standing charge", _standing_charge(tariff.standing_charge)),
        *cv,
        DisplayLine("debt at supplier", _debt(account.debt_note)),
    ]


def _price(money5: int) -> str:
    return f"{Money(money5).decimal()} a kWh"


def _standing_charge(money5: int) -> str:
    return f"{Money(money5).decimal()} a day"


def _debt(note: int | None) -> str:
    return "-" if note is None else Money(note).decimal()


def _yes(told: bool) -> str:  # noqa: FBT001 -- a word for it
    return "yes" if told else "no"


def _friendly(fuel: Fuel, *, now: bool) -> str:
    return f"now: the {fuel.value} stays on" if now else "not now"


def _credit(account: PrepayAccount, now: Instant) -> list[DisplayLine]:
    low = account.low_credit
    return [
        DisplayLine("low credit", _yes(low), warns=low),
        DisplayLine("emergency credit", _emergency(account)),
        DisplayLine("friendly credit", _friendly(account.fuel, now=account.friendly_at(now))),
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


def _kilowatt_hours(watt_hours: int) -> str:
    return f"{_thousandths(watt_hours)} kWh"


def _cubic_metres(litres: int) -> str:
    return f"{_thousandths(litres)} m³"


def _thousandths(amount: int) -> str:
    return f"{amount // _THOUSAND}.{amount % _THOUSAND:03d}"
