"""What carries the bytes of a link, and a link in memory that knows what carries it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from meterhouse.links import Channel

__all__ = ["Bearer", "BearerChannel"]


class Bearer(StrEnum):
    """What carries the bytes of a link."""

    WAN = "wide area network"
    WIRED_M = "wired M interface"
    RADIO_868 = "868 MHz wireless M-Bus"
    RADIO_2400 = "2.4 GHz IEEE 802.15.4"
    POWER_LINE = "power line"
    BACK_LINE = "line between data centres"


@dataclass(frozen=True, slots=True)
class BearerChannel(Channel):
    """A channel that says by which bearer it goes, where its port alone does not tell."""

    bearer: Bearer = Bearer.RADIO_868

    @classmethod
    def over(cls, bearer: Bearer, channel: Channel, loss_permille: int) -> BearerChannel:
        """A channel's ways, over a bearer, losing at least so many of a thousand datagrams."""
        kept = {item.name: getattr(channel, item.name) for item in fields(Channel)}
        return cls(**{**kept, "loss_permille": max(loss_permille, channel.loss_permille)}, bearer=bearer)
