"""How a head end works: its hours, its patience, and how much it does at once."""

from __future__ import annotations

from dataclasses import dataclass

from meterhouse.model import HOUR, MINUTE, SECOND, Duration, Eui64

__all__ = ["HeadEndSettings"]


@dataclass(frozen=True, slots=True)
class HeadEndSettings:
    """How the head end works.

    Attributes:
        identity: what it calls itself to the carrier.
        collect_at: how long after UTC midnight collection starts.
        collect_over: over how long the hubs' first tries are spread, so that a million homes are not one second.
        collect_again: how long after a collection whose newest day was not whole the next is tried; doubles each time.
        look_back: how many days back missing half hours are still asked for.
        answer_within: how long a device may take for one answer.
        first_pause, longest_pause: between tries; each pause is twice the last.
        sessions: how many at the same time.
        sessions_for_payments: how many more, which nothing but payments may take (S3-18).
        rung_again: a hub that rings is called at once, but not sooner after the last time than this: a link that comes
            and goes is known to, and need not be told of each time.
    """

    name: str
    identity: Eui64
    collect_at: Duration = 10 * MINUTE
    collect_over: Duration = 20 * MINUTE
    collect_again: Duration = 45 * MINUTE
    look_back: int = 60
    answer_within: Duration = 60 * SECOND
    redial_after: Duration = 30 * SECOND
    first_pause: Duration = 2 * MINUTE
    longest_pause: Duration = 120 * MINUTE
    sessions: int = 64
    sessions_for_payments: int = 16
    rung_again: Duration = HOUR
