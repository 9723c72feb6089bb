"""The requests that carry one block of a long SET or ACTION."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from meterhouse.protocols.dlms.conversation import MakeRequest
from meterhouse.protocols.dlms.requests import Access, ActionBlock, ActionNext, SetBlock, SetListBlock, Target

__all__ = ["MakePart", "act_parts", "next_action", "set_parts"]


class MakePart(Protocol):
    """Makes the request for one block."""

    def __call__(self, number: int, raw: bytes, *, last: bool) -> MakeRequest:
        """Block `number`, from 1; the first one (0 is taken for it) carries what the whole is for."""


def set_parts(accesses: Sequence[Access], *, listed: bool) -> MakePart:
    """The blocks of a SET of one attribute or a list."""

    def part(number: int, raw: bytes, *, last: bool) -> MakeRequest:
        if number > 1:
            return lambda invoke: SetBlock(invoke, None, last, number, raw)
        if listed:
            return lambda invoke: SetListBlock(invoke, tuple(accesses), last, number, raw)
        return lambda invoke: SetBlock(invoke, accesses[0], last, number, raw)

    return part


def act_parts(targets: Sequence[Target], *, listed: bool) -> MakePart:
    """The blocks of an ACTION on one method or a list."""

    def part(number: int, raw: bytes, *, last: bool) -> MakeRequest:
        first = number <= 1
        carried = tuple(targets) if first else ()
        return lambda invoke: ActionBlock(invoke, carried, listed and first, last, number, raw)

    return part


def next_action(block: int) -> MakeRequest:
    """Asks for the block after `block` of a long answer to an ACTION."""
    return lambda invoke: ActionNext(invoke, block)
