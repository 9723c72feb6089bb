"""The event loop that a process runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

try:
    import uvloop
except ImportError:
    _new_loop = asyncio.new_event_loop
else:
    _new_loop = uvloop.new_event_loop

__all__ = ["run_loop"]

_R = TypeVar("_R")


def run_loop(main: Coroutine[Any, Any, _R]) -> _R:
    """Run `main` to its end on a new loop: uvloop's where it is installed, asyncio's own where not."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(main)
