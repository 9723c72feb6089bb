"""What ordinary bearers in and around a home do to bytes, as channels of a link in memory."""

from __future__ import annotations

from typing import Final

from meterhouse.links.memory import Channel, Manner

__all__ = ["LOW_POWER_RADIO", "POWER_LINE", "POWER_LINE_STREAM"]

LOW_POWER_RADIO: Final = Channel(manner=Manner.DATAGRAM, delay_ms=8)
"""868 MHz wireless M-Bus in reach: the time of a report on the air at 100 kbit/s."""

POWER_LINE: Final = Channel(manner=Manner.DATAGRAM, delay_ms=18, jitter_ms=7, loss_permille=10)
"""Telegrams over a building's mains at 128 kbit/s (CENELEC B or above), with its repetitions: slower than the air,
and what a switch or dimmer hits is lost. There and back, with radio behind it, fits a listen window of 100 ms."""

POWER_LINE_STREAM: Final = Channel(delay_ms=120, jitter_ms=80)
"""A connection over narrow-band mains, which repeats what it loses: nothing is missing, all is late."""
