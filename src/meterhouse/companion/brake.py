"""The brake on effects: how many homes may lose their supply in a second, an hour, a day, and on one feeder (S0-54).

Five places have one, each with its own configuration and its own state: work orders (B1), signing daemon (B2), carrier
(B3), confirm service (B4), device (B5, in the meter's own words). What counts is homes, not messages: whoever asks says
how many homes a batch will put off. Arming, cancelling and reading are never asked about: only what is dangerous is
braked, so that a tripped brake hinders no recovery.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from meterhouse.companion.sealed import UseCase
from meterhouse.model import DAY, HOUR, SECOND, Duration, Instant, PolicyError, StateError, UsageError

__all__ = ["NO_FEEDER", "UNBRAKED", "WAYS_BACK", "Brake", "BrakeLimits", "Hold", "Limit", "is_braked"]

NO_FEEDER: Final = ""
"""The feeder of a home whose feeder is not known: it counts for hour and day only."""
UNBRAKED: Final = frozenset({"nothing", "token", "order"})
"""Effects that put no home off."""
WAYS_BACK: Final = frozenset({0x0051, 0x0085})
"""Use cases that touch the supply, but only towards the consumer: arming load switch and valve."""

_MILLION: Final = 1_000_000
_OFFICERS: Final = 3
_NEEDED: Final = 2


def is_braked(use_case: UseCase) -> bool:
    """Whether an order of this use case can put a home off, by switch, price, credit, clock or otherwise."""
    return use_case.effect not in UNBRAKED and use_case.code not in WAYS_BACK


class Limit(StrEnum):
    """Which limit holds an order back."""

    PACE = "pace"
    HOUR = "hour"
    DAY = "day"
    FEEDER = "feeder"
    LATCHED = "latched"


@dataclass(frozen=True, slots=True)
class Hold:
    """An order may not go.

    Attributes:
        limit: which limit.
        why: in words.
        until: when it may be asked again; None: not before two officers have released the brake.
    """

    limit: Limit
    why: str
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class BrakeLimits:
    """How many homes. Shares are parts of a million; each share is rounded down, and never below its floor.

    Attributes:
        fleet: homes in all.
        hour_ppm: of the fleet, in any 3,600 s.
        day_ppm: of the fleet, in any 24 h.
        feeder_ppm: of one feeder's homes, in any 24 h; at least 1.
        floor: homes that any hour may lose, however small the fleet.
        pace: ms between two homes.
        feeders: homes on each feeder, by its name.
    """

    fleet: int
    hour_ppm: int = 500
    day_ppm: int = 2_000
    feeder_ppm: int = 50_000
    floor: int = 3
    pace: Duration = SECOND
    feeders: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what is no limit.

        Raises:
            UsageError: a number is negative, or a share is more than all.
        """
        shares = (self.hour_ppm, self.day_ppm, self.feeder_ppm)
        if min(self.fleet, self.floor, self.pace, *shares) < 0 or max(shares) > _MILLION:
            raise UsageError("a limit of a brake is negative, or a share above a million parts of a million")

    @property
    def an_hour(self) -> int:
        """Homes in any hour."""
        return max(self.floor, self.fleet * self.hour_ppm // _MILLION)

    @property
    def a_day(self) -> int:
        """Homes in any 24 hours."""
        return max(self.an_hour, self.fleet * self.day_ppm // _MILLION)

    def a_feeder(self, feeder: str) -> int | None:
        """Homes on one feeder in any 24 hours; None where the feeder is not known."""
        homes = self.feeders.get(feeder)
        return None if homes is None else max(1, homes * self.feeder_ppm // _MILLION)


class Brake:
    """Counts homes, and latches at the first batch that would go beyond a limit.

    A batch passes whole or not at all. Too fast (`Limit.PACE`) only waits. After a trip nothing passes until two of the
    three officers have released it; who they are is for the caller to prove (`companion.release`). Time that goes back
    is taken for standing still: a clock set back frees nothing.

    Args:
        name: of the place; part of what an officer signs.
        limits: its own.
        officers: exactly three names.
        state: what `snapshot` gave; None for a new one.

    Raises:
        UsageError: not three different officers, or the state is no snapshot.
    """

    __slots__ = (
        "_hour",
        "_limits",
        "_now",
        "_past",
        "_ready",
        "_released",
        "_sums",
        "name",
        "officers",
        "trips",
        "why",
    )

    def __init__(
        self, name: str, limits: BrakeLimits, officers: Iterable[str], state: Mapping[str, Any] | None = None
    ) -> None:
        self.name = name
        self.officers = frozenset(officers)
        if len(self.officers) != _OFFICERS:
            raise UsageError(f"brake '{name}' needs {_OFFICERS} different officers, not {len(self.officers)}")
        self._limits = limits
        self._past: deque[tuple[Instant, str, int]] = deque()
        """What passed in the last 24 hours: when, on which feeder, how many homes."""
        self._hour: deque[tuple[Instant, int]] = deque()
        self._sums: dict[str, int] = {"hour": 0, "day": 0}
        self._ready = Instant(0)
        self._now = Instant(0)
        self._released: set[str] = set()
        self.trips = 0
        self.why = ""
        if state is not None:
            self._restore(state)

    @property
    def latched(self) -> bool:
        """Whether it has tripped and waits for two officers."""
        return bool(self.why)

    @property
    def limits(self) -> BrakeLimits:
        """Its limits."""
        return self._limits

    def passed(self, now: Instant) -> tuple[int, int]:
        """Homes that passed in the last hour, and in the last 24."""
        self._forget(now)
        return self._sums["hour"], self._sums["day"]

    def ask(self, homes: Mapping[str, int], now: Instant) -> Hold | None:
        """Let a batch pass, and count it; or say what holds it.

        Args:
            homes: how many homes on each feeder it will put off.
            now: the place's own time.

        Raises:
            UsageError: a negative number of homes.
        """
        if min(homes.values(), default=0) < 0:
            raise UsageError("a batch puts a negative number of homes off")
        self._forget(now)
        total = sum(homes.values())
        if total == 0:
            return None
        if self.latched:
            return Hold(Limit.LATCHED, self.why)
        broken = self._broken(homes, total)
        if broken is not None:
            self.trip(broken.why)
            return broken
        if self._now < self._ready:
            return Hold(Limit.PACE, f"one home in {self._limits.pace} ms", self._ready)
        self._count(homes, total)
        return None

    def ask_one(self, now: Instant, feeder: str = NO_FEEDER) -> Hold | None:
        """`ask` for one home."""
        return self.ask({feeder: 1}, now)

    def trip(self, why: str) -> None:
        """Latch it, for a reason of somebody else's too: an officer's hand, or an alarm. Again changes nothing."""
        if not self.latched:
            self.why = why or "tripped"
            self.trips += 1
            self._released.clear()

    def release(self, officer: str) -> bool:
        """One officer's word. The second different one opens the brake, and counting begins anew.

        Returns:
            Whether it is open now.

        Raises:
            PolicyError: not one of the three.
            StateError: it has not tripped.
        """
        if officer not in self.officers:
            raise PolicyError(f"'{officer}' is not an officer of brake '{self.name}'")
        if not self.latched:
            raise StateError(f"brake '{self.name}' has not tripped")
        self._released.add(officer)
        if len(self._released) < _NEEDED:
            return False
        self.why = ""
        self._released.clear()
        self._past.clear()
        self._hour.clear()
        self._sums = {"hour": 0, "day": 0}
        return True

    @property
    def released_by(self) -> tuple[str, ...]:
        """Who has released it since it tripped, while one word is still missing."""
        return tuple(sorted(self._released))

    def snapshot(self) -> dict[str, Any]:
        """Its state as JSON values, to be kept durably before an effect follows from what `ask` said."""
        return {
            "now": self._now,
            "ready": self._ready,
            "trips": self.trips,
            "why": self.why,
            "released": sorted(self._released),
            "past": [[at, feeder, homes] for at, feeder, homes in self._past],
        }

    # inside ------------------------------------------------------------------------------------------------------

    def _broken(self, homes: Mapping[str, int], total: int) -> Hold | None:
        if self._sums["hour"] + total > self._limits.an_hour:
            return Hold(Limit.HOUR, f"{self._sums['hour'] + total} homes in an hour; {self._limits.an_hour} may be")
        if self._sums["day"] + total > self._limits.a_day:
            return Hold(Limit.DAY, f"{self._sums['day'] + total} homes in 24 hours; {self._limits.a_day} may be")
        for feeder, count in homes.items():
            most = self._limits.a_feeder(feeder)
            after = self._sums.get(_sum_of(feeder), 0) + count
            if count and most is not None and after > most:
                return Hold(Limit.FEEDER, f"{after} homes on feeder '{feeder}' in 24 hours; {most} may be")
        return None

    def _count(self, homes: Mapping[str, int], total: int) -> None:
        self._ready = Instant(self._now + total * self._limits.pace)
        for feeder, count in homes.items():
            if count:
                self._add(self._now, feeder, count)

    def _add(self, at: Instant, feeder: str, count: int) -> None:
        self._past.append((at, feeder, count))
        self._hour.append((at, count))
        for name in ("hour", "day", _sum_of(feeder)):
            self._sums[name] = self._sums.get(name, 0) + count

    def _forget(self, now: Instant) -> None:
        self._now = max(self._now, now)
        while self._hour and self._hour[0][0] <= self._now - HOUR:
            self._sums["hour"] -= self._hour.popleft()[1]
        while self._past and self._past[0][0] <= self._now - DAY:
            _, feeder, count = self._past.popleft()
            self._sums["day"] -= count
            name = _sum_of(feeder)
            self._sums[name] -= count
            if not self._sums[name]:
                del self._sums[name]

    def _restore(self, state: Mapping[str, Any]) -> None:
        try:
            for at, feeder, homes in state["past"]:
                self._add(Instant(int(at)), str(feeder), int(homes))
            self._now, self._ready = Instant(int(state["now"])), Instant(int(state["ready"]))
            self.trips, self.why = int(state["trips"]), str(state["why"])
            self._released = {str(officer) for officer in state["released"]}
        except (KeyError, TypeError, ValueError) as error:
            raise UsageError(f"the state of brake '{self.name}' is no snapshot", why=f"{error}.") from error
        self._forget(self._now)


def _sum_of(feeder: str) -> str:
    return f"feeder:{feeder}"
