"""Time on the air of the gas link (EN 13757-4, mode C2)."""

from __future__ import annotations

from typing import Final

from meterhouse.model import Duration

__all__ = ["LISTEN_WINDOW", "air_time"]

LISTEN_WINDOW: Final[Duration] = 100
"""How long a meter listens after each of its telegrams, ms."""

_OVERHEAD_BYTES: Final = 8
"""Preamble and synchronisation."""

_UP_BYTES_A_MS_TENTHS: Final = 125
"""100 kbit/s from the meter: 12.5 bytes a millisecond."""


def air_time(length: int) -> Duration:
    """How long a frame of `length` bytes from the meter takes, ms, rounded up."""
    return -(-(length + _OVERHEAD_BYTES) * 10 // _UP_BYTES_A_MS_TENTHS)
