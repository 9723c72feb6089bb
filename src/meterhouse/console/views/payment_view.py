"""A payment as texts: its split, its token, and the life line of that token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.app.desk import HomeView, Receipt, Stage, StageName
from meterhouse.companion.token_status import TokenVerdict
from meterhouse.console.views.supply_badge import FUEL_WORDS, Tone
from meterhouse.console.views.words import clock_text, money_text, time_text, token_text
from meterhouse.model import Money

__all__ = ["PaymentView", "Step", "account_choices", "payment_view"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the life line: done, waiting, or refused; said by icon and word."""

    word: str
    icon: str
    tone: Tone
    when: str


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A receipt, ready to draw.

    Attributes:
        state: the newest step in a few words.
        why: filled where the token was refused.
        next_step: what to do about it, where the reason itself does not say so.
        settled: no further step will come.
    """

    request: str
    account: str
    fuel: str
    home: str
    paid: str
    to_debt: str
    in_token: str
    debt_left: str
    token: str
    made_at: str
    steps: tuple[Step, ...]
    state: Step
    why: str
    next_step: str
    settled: bool


_LINE: Final = (StageName.MADE, StageName.CARRIED, StageName.HUB, StageName.ACCEPTED)
_WORDS: Final = {
    StageName.MADE: "Token made",
    StageName.CARRIED: "Carried",
    StageName.HUB: "At the hub",
    StageName.ACCEPTED: "Accepted",
    StageName.REFUSED: "Refused",
}
_ASK: Final = "Check that the token is for this home's meter, and ask the customer to type it on the keypad."
_SAID_BY_HUBS: Final = frozenset(verdict.sentence for verdict in TokenVerdict)
"""Reasons that say themselves what to do, or that nothing is to be done."""
_DEBT_ONLY: Final = Step("All to debt", "check_circle", Tone.GOOD, "")


def payment_view(receipt: Receipt, zone: tzinfo) -> PaymentView:
    """The receipt as it stands now."""
    reached = {stage.name: stage for stage in receipt.stages}
    refused = reached.get(StageName.REFUSED)
    settled = refused is not None or StageName.ACCEPTED in reached or not receipt.token
    return PaymentView(
        request=receipt.request,
        account=receipt.account,
        fuel=FUEL_WORDS[receipt.fuel],
        home=receipt.home,
        paid=_exact(receipt.paid),
        to_debt=_exact(receipt.to_debt),
        in_token=_exact(receipt.in_token),
        debt_left=_exact(receipt.debt_left),
        token=token_text(receipt.token),
        made_at=clock_text(receipt.made_at, zone),
        steps=_steps(reached, refused, zone) if receipt.token else (),
        state=_state(receipt, zone),
        why=refused.why if refused else "",
        next_step=_ASK if refused and refused.why not in _SAID_BY_HUBS else "",
        settled=settled,
    )


def account_choices(homes: tuple[HomeView, ...]) -> dict[str, str]:
    """The accounts that can buy credit, each with its home, and with its fuel where the home has two."""
    found: dict[str, str] = {}
    for home in homes:
        fuels = {meter.account: meter.fuel.value for meter in home.meters}
        for account in home.accounts:
            fuel = f" · {fuels[account]}" if len(home.accounts) > 1 else ""
            found[account] = f"{account} · home {home.home}{fuel}"
    return found


def _exact(money: Money) -> str:
    """A receipt never rounds: five decimals where there are five."""
    to_the_cent = money.amount % 1000 == 0
    return money_text(money) if to_the_cent else str(money)


def _steps(reached: dict[StageName, Stage], refused: Stage | None, zone: tzinfo) -> tuple[Step, ...]:
    steps: list[Step] = []
    for name in _LINE:
        stage = reached.get(name)
        if stage is not None:
            steps.append(Step(_WORDS[name], "check_circle", Tone.GOOD, time_text(stage.at, zone)))
        elif refused is None:
            steps.append(Step(_WORDS[name], "radio_button_unchecked", Tone.QUIET, "waiting"))
    if refused is not None:
        steps.append(Step(_WORDS[StageName.REFUSED], "cancel", Tone.BAD, time_text(refused.at, zone)))
    return tuple(steps)


def _state(receipt: Receipt, zone: tzinfo) -> Step:
    if not receipt.token:
        return _DEBT_ONLY
    if not receipt.stages:
        return Step("Waiting", "schedule", Tone.QUIET, "")
    newest = receipt.stages[-1]
    when = time_text(newest.at, zone)
    if newest.name is StageName.ACCEPTED:
        return Step("Accepted", "check_circle", Tone.GOOD, when)
    if newest.name is StageName.REFUSED:
        return Step("Refused", "cancel", Tone.BAD, when)
    return Step(_WORDS[newest.name], "schedule", Tone.WAITING, when)
