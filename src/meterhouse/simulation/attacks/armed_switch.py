"""Attacks by what happens at a home: hands, loads, waits, power cuts and voltage at an armed switch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.links import Dice
from meterhouse.model import DAY, HOUR, MINUTE, Duration, Instant
from meterhouse.premises.electricity_meter import ControlState
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark

__all__ = ["armed_switch"]

_STORIES: Final = 20_000
_STEPS: Final = 12
_LIMIT_W: Final = 3_000
_HANDS: Final = frozenset({"press", "hold"})
_DEEDS: Final = ("press", "hold", "let_go", "back_feed", "wait", "power_cut", "overload", "arm")


@dataclass(slots=True)
class _Story:
    """What a bystander knows: whether a hand that comes now may close the supply."""

    mark: Mark
    now: Instant
    armed_at: Instant | None = None
    lived: Duration = 0
    tripped: bool = False
    held: bool = False
    closings: int = 0

    def may_close(self) -> bool:
        """Armed less than a day of power ago, or tripped by load; no voltage behind it; a hand that was away."""
        armed = self.armed_at is not None and self.lived < DAY
        return (armed or self.tripped) and not self.mark.meter.back_feed and not self.held

    def step(self, deed: str, dice: Dice) -> bool:
        """One thing that happens; whether the switch closed though it may not have."""
        was, allowed = self.mark.meter.switch.state, deed in _HANDS and self.may_close()
        if deed == "wait":
            self.pass_time((MINUTE, HOUR, 11 * HOUR, 25 * HOUR)[dice.below(4)])
        else:
            getattr(self, deed)()
        state = self.mark.meter.switch.state
        closed = was is not ControlState.CONNECTED and state is ControlState.CONNECTED
        if closed:
            self.armed_at, self.tripped = None, False
            self.closings += 1
        return closed and not allowed

    def press(self) -> None:
        """A hand, and off again."""
        self.mark.meter.press_button(self.now)
        self.held = False

    def hold(self) -> None:
        """A hand that stays, or a button that sticks."""
        self.mark.meter.hold_button(self.now)
        self.held = True

    def let_go(self) -> None:
        """The hand leaves."""
        self.mark.meter.release_button()
        self.held = False

    def back_feed(self) -> None:
        """Voltage behind the switch comes or goes."""
        self.mark.meter.back_feed = not self.mark.meter.back_feed

    def power_cut(self) -> None:
        """And back again, with the button and the voltage as they were."""
        fed = self.mark.meter.back_feed
        self.mark.power_cut(self.now)
        self.mark.meter.back_feed = fed
        if self.held:
            self.mark.meter.hold_button(self.now)

    def overload(self) -> None:
        """More is drawn than may be."""
        self.pass_time(MINUTE)
        on = self.mark.on
        self.mark.meter.use(_LIMIT_W, self.now)
        self.tripped = self.tripped or (on and not self.mark.on)

    def arm(self) -> None:
        """By order."""
        meter = self.mark.meter
        off, fed = meter.switch.state is ControlState.DISCONNECTED, meter.back_feed
        self.mark.take(self.mark.arm(self.now), self.now)
        if not fed and (off or self.armed_at is not None):
            self.armed_at, self.lived = self.now, 0

    def pass_time(self, duration: Duration) -> None:
        """With power."""
        until = Instant(self.now + duration)
        while (due := self.mark.meter.deadline()) is not None and due <= until:
            self.mark.meter.elapse(due)
        self.now, self.lived = until, self.lived + duration


@attack("T16", "an armed switch is waited for, restarted, back-fed, overloaded, pressed twice, and its button sticks")
def armed_switch(terms: Terms) -> Tally:
    """Random stories of a home, told to a bystander who knows when a hand may close a supply."""
    tally, dice = Tally(), terms.dice("stories")
    (mark,) = Fleet(terms.seed, 1).marks
    closings = 0
    for number in range(terms.tries(_STORIES, 20)):
        mark.meter = mark.fresh(NOON)
        story = _Story(mark, NOON)
        mark.genuine_cut(NOON)
        story.arm()
        mark.meter.load_limit_w = _LIMIT_W // 2
        for _ in range(_STEPS):
            deed = _DEEDS[dice.below(len(_DEEDS))]
            tally.tried(story.step(deed, dice), f"story {number}: closed by {deed}")
        closings += story.closings
    tally.figures["stories"] = terms.tries(_STORIES, 20)
    tally.figures["closed by a hand that may"] = closings
    mark.meter = mark.fresh(NOON)
    tally.must(mark.genuine_cut(NOON) and mark.genuine_return(NOON), "a cut, an arm and a hand")
    return tally
