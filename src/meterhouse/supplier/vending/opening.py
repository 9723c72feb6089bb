"""What an old prepayment meter held, and what its customer begins with on the new one: told step by step (S3-76)."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import Money

__all__ = ["OldMeter", "Opening", "OpeningStep", "opening_of"]


@dataclass(frozen=True, slots=True)
class OldMeter:
    """What is read at an old meter as it is taken down. All of one currency.

    Attributes:
        credit: left on it; less than nothing where it let the customer go below.
        emergency_used: emergency credit that was used and is not repaid; zero or more.
        charges_owed: standing charges that it has saved up and not taken yet; zero or more.
        debt: that it was recovering; zero or more.
    """

    credit: Money
    emergency_used: Money
    charges_owed: Money
    debt: Money


@dataclass(frozen=True, slots=True)
class OpeningStep:
    """One line of the explanation: what, and how much it adds or takes."""

    what: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Opening:
    """What the customer begins with.

    Attributes:
        credit: the value of the opening token; zero or more.
        debt: owed on the new account; zero or more.
        steps: how the credit came about; they add up to `credit`, to the last unit.
    """

    credit: Money
    debt: Money
    steps: tuple[OpeningStep, ...]


def opening_of(old: OldMeter) -> Opening:
    """The rule: old credit, less emergency credit used, less charges owed. Below nothing, the rest becomes debt.

    So nobody gains or loses by the exchange: credit minus debt is the same before and after.
    """
    nothing = Money(0, old.credit.currency)
    left = old.credit - old.emergency_used - old.charges_owed
    short = max(nothing, -left)
    steps = [
        OpeningStep("credit on the old meter", old.credit),
        OpeningStep("emergency credit used", -old.emergency_used),
        OpeningStep("standing charges owed", -old.charges_owed),
        OpeningStep("carried over as debt", short),
    ]
    told = (steps[0], *(step for step in steps[1:] if step.amount != nothing))
    return Opening(max(left, nothing), old.debt + short, told)
