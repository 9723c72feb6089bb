"""The home page as texts: what each meter shows, and what a person in the home may do now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.desk import AccountPlace, ButtonPress, KeyIn, LinkWeek, MeterView, PaymentMode, PrepayTerms, Supply
from meterhouse.console.views.supply_badge import FUEL_WORDS, SupplyBadge, Tone, supply_badge
from meterhouse.console.views.words import (
    age_text,
    countdown_text,
    money_text,
    quantity_text,
    time_text,
)
from meterhouse.model import Fuel, Instant
from meterhouse.supplier.office import NO_ISOLATION

__all__ = [
    "TOKEN_DIGITS",
    "Fact",
    "MeterPanel",
    "Outcome",
    "RestoreOffer",
    "emergency_outcome",
    "key_in_outcome",
    "meter_panel",
    "press_outcome",
    "restore_offer",
    "switch_text",
    "token_progress",
]

TOKEN_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """A name, its value, and when or why where that matters."""

    name: str
    value: str
    hint: str = ""
    tone: Tone = Tone.QUIET


@dataclass(frozen=True, slots=True)
class MeterPanel:
    """What one meter shows. `why` is empty where the restore offer says it."""

    fuel: Fuel
    title: str
    badge: SupplyBadge
    why: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class RestoreOffer:
    """The button that a person in the home may press now, and what to check before."""

    fuel: Fuel
    label: str
    reason: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an act, in one line and one hint."""

    said: str
    next_step: str
    icon: str
    tone: Tone


_CHECKS: Final = {
    Fuel.ELECTRICITY: (
        "Turn off cookers, heaters, irons and power tools.",
        "Nobody is working on the wiring.",
    ),
    Fuel.GAS: (
        "Every gas tap and appliance is turned off.",
        "You don't smell gas. If you do: don't press, open windows, leave, and call the gas emergency line.",
        "Pilot lights can be lit again afterwards.",
    ),
}
_SWITCH: Final = {Fuel.ELECTRICITY: "Switch", Fuel.GAS: "Valve"}
_POSITION: Final = {
    (Fuel.ELECTRICITY, Supply.ON): "Closed",
    (Fuel.ELECTRICITY, Supply.ARMED): "Open, may be closed by hand",
    (Fuel.ELECTRICITY, Supply.OFF): "Open",
    (Fuel.GAS, Supply.ON): "Open",
    (Fuel.GAS, Supply.ARMED): "Closed, may be opened by hand",
    (Fuel.GAS, Supply.OFF): "Closed",
}


def meter_panel(meter: MeterView, now: Instant, zone: tzinfo) -> MeterPanel:
    """One meter's panel at the street's time `now`. Values are as of the meter's last contact with its hub."""
    as_of = f"as of {time_text(meter.last_contact, zone)}" if meter.last_contact is not None else "no contact yet"
    facts = [Fact("Register", quantity_text(meter.fuel, meter.register), as_of)]
    if meter.mode is PaymentMode.PREPAY:
        tone = Tone.WAITING if meter.low_credit else Tone.QUIET
        hint = f"low credit, {as_of}" if meter.low_credit else as_of
        facts.append(Fact("Balance", money_text(meter.balance), hint, tone))
        if meter.account_in is AccountPlace.METER and meter.account:
            facts.append(Fact("Account", "In the meter", f"{_in_sixes(meter.account)}; its tokens are typed there"))
        if meter.debt is not None and meter.debt.amount > 0:
            facts.append(Fact("Debt", money_text(meter.debt), "a share of each payment goes to it"))
        facts.extend(_terms_facts(meter.terms, meter.fuel))
    name, position = switch_text(meter)
    facts.append(Fact(name, position, as_of if meter.supply is Supply.ON else f"{NO_ISOLATION} {as_of.capitalize()}"))
    facts.extend(_cutoff_facts(meter))
    facts.append(_link_fact(meter, now))
    facts.extend(_week_facts(meter.link_week))
    why = "" if restore_offer(meter) is not None else meter.why
    return MeterPanel(meter.fuel, FUEL_WORDS[meter.fuel], supply_badge(meter), why, tuple(facts))


def switch_text(meter: MeterView) -> tuple[str, str]:
    """What the meter breaks its supply with, and how that stands; never that anybody may work behind it."""
    return _SWITCH[meter.fuel], _POSITION.get((meter.fuel, meter.supply), "Not known")


def restore_offer(meter: MeterView) -> RestoreOffer | None:
    """The restore button, only where pressing it may help: an armed supply, or gas that is off with its link down."""
    if meter.supply is Supply.ARMED:
        reason = meter.why or "The supply is armed: it comes back when you press, never by itself."
    elif meter.fuel is Fuel.GAS and meter.supply is Supply.OFF and not meter.link_ok:
        reason = meter.why or "The gas meter has lost its link; its button may restore gas for a limited time."
    else:
        return None
    return RestoreOffer(meter.fuel, f"Press to restore {meter.fuel.value}", reason, _CHECKS[meter.fuel])


def press_outcome(press: ButtonPress) -> Outcome:
    """What the press did."""
    if press.supply is Supply.ON:
        return Outcome(press.said, "", "check_circle", Tone.GOOD)
    return Outcome(press.said, "", "info", Tone.WAITING)


def key_in_outcome(result: KeyIn) -> Outcome:
    """What the keypad said."""
    if not result.accepted:
        return Outcome(f"Refused. {result.why}".strip(), result.remedy, "cancel", Tone.BAD)
    added = f"{money_text(result.amount)} added." if result.amount is not None else "Accepted."
    balance = f"Balance {money_text(result.balance)}." if result.balance is not None else ""
    return Outcome(f"Accepted. {added}" if result.amount is not None else added, balance, "check_circle", Tone.GOOD)


def emergency_outcome(result: KeyIn) -> Outcome:
    """What the hub said to the wish for emergency credit."""
    if not result.accepted:
        return Outcome(result.why, result.remedy, "cancel", Tone.BAD)
    said = f"{money_text(result.amount)} of emergency credit may be used now."
    fuel = Fuel.GAS if result.fuel is None else result.fuel
    return Outcome(said, f"If the {fuel} is off, press the {fuel} meter's button.", "check_circle", Tone.GOOD)


def token_progress(typed: str) -> tuple[str, str]:
    """The digits typed so far, and how many are missing in words; the second is empty when all are there."""
    digits = "".join(letter for letter in typed if letter in "0123456789")
    missing = TOKEN_DIGITS - len(digits)
    if missing > 0:
        return digits, f"{len(digits)} of {TOKEN_DIGITS} digits"
    return digits, "" if missing == 0 else f"{-missing} digit{'' if missing == -1 else 's'} too many"


def _cutoff_facts(meter: MeterView) -> list[Fact]:
    if meter.mode is not PaymentMode.PREPAY or meter.register is None:
        return []
    fuel, cutoff = meter.fuel, meter.cutoff_l if meter.fuel is Fuel.GAS else meter.cutoff_wh
    if cutoff is None:
        facts = [Fact("Cut-off", "No limit now")]
    else:
        left = max(cutoff - meter.register, 0)
        facts = [
            Fact("Cut-off at", quantity_text(fuel, cutoff), "register reading where the credit ends"),
            Fact(
                f"{FUEL_WORDS[fuel]} left",
                quantity_text(fuel, left),
                "until the cut-off",
                Tone.QUIET if left else Tone.BAD,
            ),
        ]
    if meter.countdown is not None:
        facts.append(Fact("Allowed without link", countdown_text(meter.countdown), _countdown_hint(meter.countdown)))
    return facts


def _in_sixes(number: str) -> str:
    """A MeterPAN as a person reads it out, and as a narrow column can break it."""
    return " ".join(number[at : at + 6] for at in range(0, len(number), 6))


def _terms_facts(terms: PrepayTerms | None, fuel: Fuel) -> list[Fact]:
    if terms is None:
        return []
    parts = [f"{terms.rates} rates"] * (terms.rates > 1) + [f"{terms.blocks} blocks"] * (terms.blocks > 1)
    prices = " and ".join(parts) or "one price"
    hint = f"{prices}; {money_text(terms.standing_charge)} a day"
    facts = [Fact("Price now", f"{money_text(terms.price)} a kWh", hint)]
    if terms.emergency_limit.amount:
        facts.append(_emergency_fact(terms))
    if terms.friendly_half_hours:
        hint = f"{terms.friendly_half_hours} half hours a week in which the {fuel} stays on"
        facts.append(Fact("Friendly credit", "Now" if terms.friendly_now else "Not now", hint))
    return facts


def _emergency_fact(terms: PrepayTerms) -> Fact:
    limit, below = money_text(terms.emergency_limit), money_text(terms.emergency_below)
    if terms.emergency == "in use":
        return Fact("Emergency credit", f"{money_text(terms.emergency_left)} left", f"of {limit}", Tone.WAITING)
    if terms.emergency == "offered":
        return Fact("Emergency credit", f"{limit} on offer", "select it below, or on the hub", Tone.WAITING)
    return Fact("Emergency credit", f"Up to {limit}", f"offered once the balance is below {below}")


def _week_facts(week: LinkWeek | None) -> list[Fact]:
    if week is None:
        return []
    tone = Tone.WAITING if week.ticket else Tone.QUIET
    hint = f"{week.misses} half hours missed" + (": the link needs a look" if week.ticket else "")
    tenths = week.availability_permille
    return [Fact("Link this week", f"{tenths // 10}.{tenths % 10} % heard", hint, tone)]


def _countdown_hint(half_hours: int) -> str:
    return f"{half_hours} half hour{'' if half_hours == 1 else 's'} left while the link is down"


def _link_fact(meter: MeterView, now: Instant) -> Fact:
    contact = f"last contact {age_text(meter.last_contact, now)}"
    return (
        Fact("Link to hub", "Working", contact) if meter.link_ok else Fact("Link to hub", "Down", contact, Tone.WAITING)
    )
