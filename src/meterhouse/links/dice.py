"""Dice that fall the same way on every machine and every Python: SplitMix64 in integer arithmetic.

For simulated air and simulated homes only. Nothing secret may ever be drawn from here.
"""

from __future__ import annotations

import hashlib
from typing import Final

__all__ = ["Dice"]

_MASK: Final = 0xFFFF_FFFF_FFFF_FFFF
_GAMMA: Final = 0x9E37_79B9_7F4A_7C15


class Dice:
    """A small deterministic generator with 64 bits of state.

    Args:
        seed: any integer; only its lowest 64 bits count.
    """

    __slots__ = ("_state",)

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    @classmethod
    def of(cls, seed: int, *names: str) -> Dice:
        """Dice of their own for a named thing, so that adding another thing moves nobody else's throws."""
        text = "\0".join((str(seed), *names))
        return cls(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))

    def draw(self) -> int:
        """The next 64 bits, as an integer 0 ≤ n < 2⁶⁴."""
        self._state = state = (self._state + _GAMMA) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
        return state ^ (state >> 31)

    def below(self, limit: int) -> int:
        """An integer 0 ≤ n < limit, for 1 ≤ limit ≤ 2³²; its bias is below 2⁻³²."""
        return (self.draw() * limit) >> 64

    def hit(self, permille: int) -> bool:
        """Whether a chance of `permille` in a thousand came true."""
        return self.below(1000) < permille

    def octets(self, count: int) -> bytes:
        """`count` bytes; the shape that a machine takes its entropy in."""
        words = (self.draw().to_bytes(8, "big") for _ in range((count + 7) // 8))
        return b"".join(words)[:count]
