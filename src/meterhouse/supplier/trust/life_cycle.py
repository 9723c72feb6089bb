"""The life of a device of the utilities' domain, from its design to its withdrawal; no state is skipped (S3-80)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from meterhouse.model import StateError

__all__ = ["OF_PRODUCT", "LifeState", "check_step"]


class LifeState(StrEnum):
    """Where a device is in its life; the first two are its product's."""

    DESIGNED = "designed"
    TYPE_TESTED = "type-tested"
    MANUFACTURED = "manufactured"
    INSTALLED = "installed"
    REGISTERED = "registered"
    PROVEN = "proven"
    IN_SERVICE = "in-service"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


OF_PRODUCT: Final = frozenset({LifeState.DESIGNED, LifeState.TYPE_TESTED})
"""States in which there is a design and no device yet."""

_NEXT: Final[Mapping[LifeState, frozenset[LifeState]]] = {
    LifeState.DESIGNED: frozenset({LifeState.TYPE_TESTED}),
    LifeState.TYPE_TESTED: frozenset({LifeState.MANUFACTURED}),
    LifeState.MANUFACTURED: frozenset({LifeState.INSTALLED, LifeState.SUSPENDED}),
    LifeState.INSTALLED: frozenset({LifeState.REGISTERED, LifeState.SUSPENDED}),
    LifeState.REGISTERED: frozenset({LifeState.PROVEN, LifeState.SUSPENDED}),
    LifeState.PROVEN: frozenset({LifeState.IN_SERVICE, LifeState.SUSPENDED}),
    LifeState.IN_SERVICE: frozenset({LifeState.SUSPENDED}),
    # What was suspended is proven anew before it serves again; what never served is withdrawn by way of suspension too.
    LifeState.SUSPENDED: frozenset({LifeState.REGISTERED, LifeState.WITHDRAWN}),
    LifeState.WITHDRAWN: frozenset(),
}


def check_step(name: str, now: LifeState, then: LifeState) -> None:
    """Let a step pass that leads to the next state.

    Raises:
        StateError: it skips a state, or goes back.
    """
    if then not in _NEXT[now]:
        ways = ", ".join(sorted(_NEXT[now])) or "nothing: its life is over"
        raise StateError(f"{name} is {now} and cannot become {then}", why=f"From there it becomes {ways}.")
