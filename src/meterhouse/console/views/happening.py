"""What has happened at a home, in plain sentences: a table from the devices' events to words for people.

An event that is not in the table is for engineers: it stays in the log, and is not shown here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from meterhouse.console.views.words import countdown_text, day_text, money_text, quantity_text, time_text
from meterhouse.model import Event, Fuel, Instant, Money

__all__ = ["Happening", "happenings", "said_of"]

_Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Happening:
    """One line for a person."""

    when: str
    said: str


def happenings(events: Iterable[Event], zone: tzinfo, currency: str) -> list[Happening]:
    """The lines of events, in their order; events for engineers are left out."""
    found = ((event.at, said_of(event, currency)) for event in events)
    return [Happening(_when(at, zone), said) for at, said in found if said]


def said_of(event: Event, currency: str) -> str:
    """One plain sentence; empty where the event is for engineers."""
    if event.kind == "token.accepted":
        added, balance = (_money(event.fields, name, currency) for name in ("amount_money5", "balance_money5"))
        return f"{_way(event.fields)} added {added}. Balance {balance}."
    tell = _SENTENCES.get(event.kind)
    return "" if tell is None else tell(event.fields)


def _when(at: Instant, zone: tzinfo) -> str:
    return f"{day_text(at, zone)} {time_text(at, zone)}"


def _money(fields: _Fields, name: str, currency: str) -> str:
    amount = fields.get(name)
    return money_text(Money(amount, currency) if isinstance(amount, int) else None)


def _word(fields: _Fields, name: str) -> str:
    return str(fields.get(name, ""))


def _number(fields: _Fields, name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) else None


def _volume(fields: _Fields, name: str) -> str:
    return quantity_text(Fuel.GAS, _number(fields, name))


def _left(fields: _Fields) -> str:
    return countdown_text(_number(fields, "countdown_half_hours"))


def _valve_closed(fields: _Fields) -> str:
    why = _CLOSED.get(_word(fields, "reason"), "")
    return f"The gas valve closed at {_volume(fields, 'volume_l')}{why}."


def _valve_opened(fields: _Fields) -> str:
    # Only the gas meter's own event has a reading; the hub's word about the same valve would say it twice.
    return f"The gas valve opened at {_volume(fields, 'volume_l')}." if "volume_l" in fields else ""


def _button(fields: _Fields) -> str:
    said = "The button on the gas meter was pressed"
    return f"{said}: gas is on for now." if fields.get("opened") else f"{said}."


def _way(fields: _Fields) -> str:
    """How a token came; for which fuel, where an account other than that of the gas says it."""
    fuel = _word(fields, "fuel")
    said = _WAYS.get(_word(fields, "way"), "A token")
    return said.replace("A token", f"A token for {fuel}", 1) if fuel else said


def _access_refused(fields: _Fields) -> str:
    """At hub or meter. A token's verdict is an event of its own, for whoever sees payments."""
    return "" if _OF_TOKENS in _word(fields, "what") else f"A reader was refused: {_word(fields, 'why')}."


def _token_refused(fields: _Fields) -> str:
    return f"{_way(fields)} was refused. {_word(fields, 'why')}".strip()


def _of_fuel(fields: _Fields) -> str:
    return f" for {fuel}" if (fuel := _word(fields, "fuel")) else ""


def _switch_opened(fields: _Fields) -> str:
    # Not that credit ended: who sees what happens at a home need not see what it pays; the meter's `why` says it.
    silent = _word(fields, "why") == "countdown_ended"
    return f"The electricity was disconnected{_SILENT if silent else ''}."


def _clock_set(fields: _Fields) -> str:
    step = _number(fields, "step_ms")
    if step is None:
        return "The electricity meter's clock was set."
    return f"The electricity meter's clock was set {'forward' if step >= 0 else 'back'} by {abs(step)} ms."


def _plain(said: str) -> Callable[[_Fields], str]:
    return lambda _fields: said


_WAYS: Final = {"keypad": "A token typed on the keypad", "network": "A token from the network"}
_CLOSED: Final = {
    "cutoff": ", where the credit ended",
    "countdown_ended": ": the link was down for longer than is allowed",
    "order": ", by order",
}
_OF_TOKENS: Final = " class 115 "
"""COSEM class of what takes tokens, in the words that name what was asked for."""
_SILENT: Final = ": the hub was silent for longer than is allowed"
_SENTENCES: Final[Mapping[str, Callable[[_Fields], str]]] = {
    "access.refused": _access_refused,
    "button.pressed": _button,
    "clock.set": _clock_set,
    "debt.mismatch": lambda fields: (
        f"Alarm: the home shows a debt of {_word(fields, 'shown')}, and {_word(fields, 'owed')} is owed. "
        "The right one is sent."
    ),
    "delay.set": lambda fields: (
        f"Without its link, gas may now go on for {countdown_text(_number(fields, 'half_hours'))}."
    ),
    "electricity_cutoff.refused": _plain("Alarm: the electricity meter does not take from its hub where credit ends."),
    "electricity_rows.overdue": _plain("The electricity meter has no half hours of this time: its clock is off."),
    "electricity_rows.refused": lambda fields: (
        f"Half hours of electricity were not believed, and cost nothing: {_word(fields, 'why')}"
    ),
    "electricity_rows.unread": _plain("The electricity meter does not give its half hours to its hub."),
    "emergency.offered": lambda fields: f"Emergency credit{_of_fuel(fields)} is on offer.",
    "emergency.selected": lambda fields: (
        f"Emergency credit{_of_fuel(fields)} was selected{'' if _of_fuel(fields) else ' on the hub'}."
    ),
    "gas.manual_reading": lambda fields: (
        f"The gas meter's reading was typed on the hub: {_volume(fields, 'register_l')}."
    ),
    "gas.reopen_code": _plain("The hub showed a code that opens the gas meter by hand."),
    "gas_link.failed": lambda fields: (
        f"The gas meter was not heard. Without its link, gas goes on for {_left(fields)}."
    ),
    "gas_link.refused": _plain("A telegram that was not the gas meter's own was refused."),
    "gas_link.restored": _plain("The gas meter is heard again."),
    "gas_rows.refused": lambda fields: (
        f"Half hours of gas were not believed, and cost nothing: {_word(fields, 'why')}."
    ),
    "hub_link.failed": lambda fields: (
        f"The electricity meter does not hear its hub. Without it, electricity goes on for {_left(fields)}."
    ),
    "hub_link.restored": _plain("The electricity meter hears its hub again."),
    "link_ticket.closed": _plain("The gas link has been good for a week: nobody needs to look at it."),
    "link_ticket.opened": _plain("The gas link failed too often this week: somebody should look at it."),
    "low_credit": lambda fields: f"Low credit: {_volume(fields, 'remaining_l')} left until the cut-off.",
    "m_link.failed": _plain("The hub cannot read the electricity meter."),
    "m_link.up": _plain("The hub reads the electricity meter again."),
    "machine.fault": _plain("A fault of the program was caught in a device here; the log of the street says more."),
    "order.refused": lambda fields: f"The gas meter refused an order: {_word(fields, 'reason')}.",
    "switch.armed": _plain("The electricity supply may be restored: press the button on the meter."),
    "switch.closed": _plain("The electricity was restored by hand."),
    "switch.no_credit": _plain("The button was pressed without credit: the electricity stays off."),
    "switch.opened": _switch_opened,
    "telegram.refused": _plain("The gas meter refused a telegram that was not its hub's own."),
    "token.refused": _token_refused,
    "valve.closed": _valve_closed,
    "valve.opened": _valve_opened,
    "wan.down": _plain("The hub lost its line to the network."),
    "wan.up": _plain("The hub is online."),
}
