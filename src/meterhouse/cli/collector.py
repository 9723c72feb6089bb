"""How often Python's collector of cycles looks: for every process that is started from the command line."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["look_seldom"]

_YOUNG: Final = 50_000
"""Objects between two looks. At Python's own 700, a tenth to a fifth of a start went into looking at what imports leave
behind, and a twelfth of each payment into looking at what the counter has just made and lets go of by itself."""
_OLDER: Final = 20


def look_seldom() -> None:
    """Let cycles wait longer before they are collected; nothing else is kept any longer."""
    gc.set_threshold(_YOUNG, _OLDER, _OLDER)
