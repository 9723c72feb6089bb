"""What each device of a home may have heard between its last checkpoint and a crash.

A street that was killed comes back as it was at its last checkpoint. Whoever speaks under a key reserves its numbers in
blocks, durably before the first of them leaves, and goes on after the last block. So all numbers below that block may
have been used, and none of them will ever be again: whoever listens counts them as seen, and no message that anybody
kept from the lost hours is believed a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from meterhouse.companion import objects
from meterhouse.model import Eui64
from meterhouse.store import SEEN

__all__ = ["caught_up", "seen_name", "sent_name"]

_HEAD_END, _HUB = str(objects.HEAD_END_SAP), str(objects.HUB_SAP)


def sent_name(device: Eui64) -> str:
    """What the counter of what we say to a device is kept as."""
    return f"dlms/{device}"


def seen_name(device: Eui64) -> str:
    """What the counter of what we believed of a device is kept as."""
    return f"{SEEN}{device}"


def caught_up(
    meter: Eui64,
    meter_state: Mapping[str, Any],
    hub: Eui64,
    hub_state: Mapping[str, Any],
    reserved: Callable[[str], int],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The states of a home's electricity meter and hub, with all that may have been said before the crash as heard.

    Args:
        meter: identity of the electricity meter.
        meter_state: its checkpoint.
        hub: identity of the hub.
        hub_state: its checkpoint, of the same instant.
        reserved: the end of the last block that the head end reserved, by the name of its counter.
    """
    seen, counters = dict(meter_state["seen"]), dict(hub_state["counters"])
    seen[_HEAD_END] = max(seen[_HEAD_END], reserved(sent_name(meter)) - 1)
    seen[_HUB] = max(seen[_HUB], counters["meter"] - 1)
    counters["head_end_seen"] = max(counters["head_end_seen"], reserved(sent_name(hub)) - 1)
    counters["meter_seen"] = max(counters["meter_seen"], meter_state["reserved"][_HUB] - 1)
    return {**meter_state, "seen": seen}, {**hub_state, "counters": counters}
