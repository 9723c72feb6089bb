"""The keypads of a home: the hub's, for every account that it holds, and the meter's that holds an account itself."""

from __future__ import annotations

from typing import Final, Protocol

from meterhouse.app.desk import AccountPlace, KeyIn
from meterhouse.app.driver import Driver
from meterhouse.app.site import HomeSite
from meterhouse.app.street import StreetPlan
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.model import Fuel, Money

__all__ = ["KeypadStreet", "key_in", "select_emergency"]

_NOTHING: Final = "Nothing has changed."
_DARK: Final = {
    AccountPlace.HUB: KeyIn(False, None, None, why="The hub's display is dark.", remedy="Try again once it has power."),
    AccountPlace.METER: KeyIn(
        False, None, None, why="The electricity meter's display is dark.", remedy="Try again once it has power."
    ),
}


class KeypadStreet(Protocol):
    """What a keypad needs of a live street."""

    plan: StreetPlan
    driver: Driver


def key_in(street: KeypadStreet, site: HomeSite, token: str, place: AccountPlace) -> KeyIn:
    """Type a token on the hub, or on the electricity meter. The balance is that of the account whose token it is."""
    currency, at_hub = street.plan.currency, place is AccountPlace.HUB
    device = site.hub if at_hub else site.electricity
    if not street.driver.runs(device):
        return _DARK[place]
    if at_hub:
        entry = street.driver.call(site.hub, lambda now: site.hub.key_in(token, now))
    else:
        entry = street.driver.call(site.electricity, lambda now: site.electricity.key_in_token(token, now))
    account = site.held(entry.fuel or _shown(site, place))
    balance = None if account is None else Money(account.balance, currency)
    if entry.amount:
        return KeyIn(True, Money(entry.amount, currency), balance, fuel=entry.fuel)
    why, remedy = _refusal(site, place, entry.verdict)
    return KeyIn(False, None, balance, why=why, remedy=remedy, fuel=entry.fuel)


def select_emergency(street: KeypadStreet, site: HomeSite, fuel: Fuel | None) -> KeyIn:
    """Select emergency credit of a fuel where its account is; None: of the home's first account."""
    wanted = next(iter(site.accounts), Fuel.GAS) if fuel is None else fuel
    place = site.place(wanted) or AccountPlace.HUB
    account, at_hub = site.held(wanted), place is AccountPlace.HUB
    if not street.driver.runs(site.hub if at_hub else site.electricity):
        return _DARK[place]
    if account is None:
        return KeyIn(False, None, None, why="This home does not pay in advance.", remedy=_NOTHING)
    if at_hub:
        taken = street.driver.call(site.hub, lambda now: site.hub.select_emergency(now, wanted))
    else:
        taken = street.driver.call(site.electricity, site.electricity.select_emergency)
    balance = Money(account.balance, street.plan.currency)
    if taken:
        return KeyIn(True, Money(account.emergency_limit, street.plan.currency), balance, fuel=wanted)
    below = Money(account.emergency_threshold, street.plan.currency)
    why = "Emergency credit is in use already." if account.emergency_active else "Emergency credit is not on offer."
    remedy = f"It is offered once the balance is below {below}."
    return KeyIn(False, None, balance, why=why, remedy=remedy, fuel=wanted)


def _shown(site: HomeSite, place: AccountPlace) -> Fuel:
    """Whose balance a display shows where a token says nothing of its fuel."""
    return next((fuel for fuel in site.accounts if site.place(fuel) is place), Fuel.GAS)


def _refusal(site: HomeSite, place: AccountPlace, verdict: TokenVerdict) -> tuple[str, str]:
    """Why, and what to do: a token that is typed at the wrong one of two keypads is no wrong token."""
    why = verdict.sentence
    if verdict is TokenVerdict.NO_ACCOUNT and site.accounts:
        why = f"The {'hub' if place is AccountPlace.HUB else 'electricity meter'} holds no account."
    other = next((fuel for fuel in site.accounts if site.place(fuel) is not place), None)
    if other is None or verdict not in (TokenVerdict.NO_ACCOUNT, TokenVerdict.WRONG):
        return why, _NOTHING
    return why, f"{_NOTHING} A token for {other} is typed on {'the meter' if place is AccountPlace.HUB else 'the hub'}."
