"""What each device of a home may have heard between its last checkpoint and a crash.

A street that was killed comes back as it was at its last checkpoint. Whoever speaks under a key reserves its numbers in
blocks, durably before the first of them leaves, and goes on after the last block. So all numbers below that block may
have been used, and none of them will ever be again: whoever listens counts them as seen, and no message that anybody
kept from the lost hours is believed a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from meterhouse.app.desk import AccountPlace
from meterhouse.companion import objects
from meterhouse.model import ConfigurationError, Eui64
from meterhouse.premises.orders import newest_record
from meterhouse.store import SEEN

__all__ = ["caught_up", "check_place", "remembering", "seen_name", "sent_name", "with_gas_record", "with_record"]

_HEAD_END, _HUB = str(objects.HEAD_END_SAP), str(objects.HUB_SAP)

_TOGETHER: Final = (("account", "slot", "hand_at"), ("mirror", "gas_sent", "gas_received"))
"""What a hub keeps all of, or nothing where the home has no gas or pays by bill."""


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

    Raises:
        KeyError: a checkpoint does not hold what belongs together; see `remembering`.
    """
    for names in _TOGETHER:
        if any(name in hub_state for name in names):
            missing = [name for name in names if name not in hub_state]
            if missing:
                raise KeyError(missing[0])
    seen, counters = dict(meter_state["seen"]), dict(hub_state["counters"])
    seen[_HEAD_END] = max(seen[_HEAD_END], reserved(sent_name(meter)) - 1)
    seen[_HUB] = max(seen[_HUB], counters["meter"] - 1)
    counters["head_end_seen"] = max(counters["head_end_seen"], reserved(sent_name(hub)) - 1)
    counters["meter_seen"] = max(counters["meter_seen"], meter_state["reserved"][_HUB] - 1)
    return {**meter_state, "seen": seen}, {**hub_state, "counters": counters}


def check_place(home: str, meter_state: Mapping[str, Any], hub_state: Mapping[str, Any], said: object) -> None:
    """An account of electricity is where it was, whatever the street file says by now: a word moves no money.

    Raises:
        ConfigurationError: the file says another place (`said`; None: no account) than the checkpoint.
    """
    kept = AccountPlace.METER if "prepaid" in meter_state else AccountPlace.HUB if "electricity" in hub_state else None
    if kept is not said:
        now, then = (f"in its {place}" if place else "nowhere" for place in (said, kept))
        raise ConfigurationError(
            f"the street file puts the electricity account of home {home} {now}; its devices hold it {then}",
            why="A balance does not move by a word in a file.",
            remedy="Write the file as it was, or begin a new data folder.",
        )


def with_record(meter_state: dict[str, Any], record: dict[str, Any] | None) -> dict[str, Any]:
    """An electricity meter's checkpoint, its sealed orders as in the newer of that and the record kept on their way."""
    newest = newest_record(meter_state.get("orders"), record)
    return meter_state if newest is None else {**meter_state, "orders": newest}


def with_gas_record(hub_state: dict[str, Any], record: dict[str, Any] | None) -> dict[str, Any]:
    """The same of a hub and the gas."""
    orders = {"gate": None, "post": {}} | hub_state.get("orders", {})
    return {**hub_state, "orders": orders | {"gate": newest_record(orders["gate"], record)}}


@contextmanager
def remembering(device: str) -> Iterator[None]:
    """Give a device its checkpoint inside this; one that another version kept in another form is refused in words.

    A form is never guessed at: a register or a counter read wrong would be money. Money itself is in the ledger, which
    every version brings forward.

    Raises:
        ConfigurationError: what the checkpoint holds is not what this version keeps.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ConfigurationError(
            f"what {device} remembers was kept by another version of the program",
            why=f"Its checkpoint does not hold what this version needs ({type(error).__name__}: {error}).",
            remedy="Run the street with the version that kept it, or begin a new data folder.",
        ) from error
