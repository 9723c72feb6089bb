"""A world notes each breach of a promise once, with what is needed to see it again."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from meterhouse.links import Channel
from meterhouse.model import Event, Instant
from meterhouse.simulation import InvariantBrokenError, World
from ping_pong import Answerer, Caller


class EachBallOnce:
    """The balls come back in order, and no more than `limit` of them."""

    name = "balls.once"
    number = 4
    kinds = ("ball.back", "ball.")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.seen: list[object] = []
        self.checked: list[tuple[Instant, int]] = []

    def observe(self, event: Event) -> Iterable[str]:
        if event.kind != "ball.back":
            return
        self.seen.append(event.fields["ball"])
        if event.fields["ball"] == 3:
            yield "ball 3 came back"

    def check(self, now: Instant) -> Iterable[str]:
        self.checked.append((now, len(self.seen)))
        if len(self.seen) > self.limit:
            yield f"more than {self.limit} balls"


def watched(limit: int, rounds: int) -> tuple[World, EachBallOnce]:
    world, caller, answerer, invariant = World(9, Instant(0)), Caller(rounds=rounds), Answerer(), EachBallOnce(limit)
    world.add(caller)
    world.add(answerer)
    world.join(caller, "line", answerer, "line", Channel(delay_ms=50))
    world.watch(invariant, 200)
    world.run(Instant(1000))
    return world, invariant


def test_a_kept_promise_is_silent() -> None:
    world, invariant = watched(3, 3)
    assert invariant.seen == [0, 1, 2]
    assert world.violations == ()
    world.judge()


def test_a_check_comes_when_nothing_else_is_left_at_its_instant() -> None:
    _, invariant = watched(100, 5)
    assert invariant.checked == [(200, 2), (400, 4), (600, 5), (800, 5), (1000, 5)]


def test_a_breach_is_noted_once_with_seed_instant_and_trace() -> None:
    world, _ = watched(4, 6)
    assert [violation.line() for violation in world.violations] == [
        "1970-01-01T00:00:00.400Z invariant 4 balls.once: ball 3 came back (seed 9)",
        "1970-01-01T00:00:00.600Z invariant 4 balls.once: more than 4 balls (seed 9)",
    ]
    assert world.violations[0].trace[-1] == "1970-01-01T00:00:00.400Z caller ball.back ball=3"
    with pytest.raises(InvariantBrokenError, match="more than 4 balls") as broken:
        world.judge()
    assert broken.value.violations == world.violations
