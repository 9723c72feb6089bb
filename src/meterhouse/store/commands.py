"""The outbox: orders to hubs as rows with a state, a due time, a lease and an expiry, claimed in batches (design D7).

::

    queued ──claim──▶ leased ──finish──▶ done | refused
       ▲                 │
       └──lease ran out──┘   either ──expire──▶ expired
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, bindparam, select, update

from meterhouse.model import Duration, Eui64, Instant, UsageError
from meterhouse.store.many import inserting
from meterhouse.store.prepared import Prepared
from meterhouse.store.schema import commands
from meterhouse.store.transaction import Transaction
from meterhouse.supplier.vending import Delivery

__all__ = [
    "DELIVER_TOKEN",
    "SHOW_DEBT",
    "Command",
    "CommandState",
    "NewCommand",
    "SqlCommands",
    "delivery_command",
    "delivery_name",
]

DELIVER_TOKEN: Final = "token.deliver"  # noqa: S105 - the name of an order
"""Payload: request, meter, fuel, token, value_money5, debt_left_money5, currency."""

SHOW_DEBT: Final = "debt.show"
"""The same payload with an empty token: only the debt to display has changed."""


class CommandState(StrEnum):
    """Where a command stands; the last three are ends."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    REFUSED = "refused"
    EXPIRED = "expired"


_QUEUED: Final = CommandState.QUEUED.value
_ENDS: Final = (CommandState.DONE, CommandState.REFUSED)


@dataclass(frozen=True, slots=True)
class NewCommand:
    """An order to write.

    Attributes:
        hub: whom it is for.
        kind: a dotted word.
        payload: JSON values; units in the names.
        due: not before.
        expiry: never after.
        request: names the order, so that it is queued once; None where twice would do no harm.
    """

    hub: Eui64
    kind: str
    payload: Mapping[str, object] = field(hash=False)
    due: Instant
    expiry: Instant
    request: str | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """An order as it stands.

    Attributes:
        attempts: how often it has been claimed.
        lease_until: while leased, when it is given to another.
        reason: why it was refused or expired.
    """

    command_id: int
    hub: Eui64
    kind: str
    payload: Mapping[str, object] = field(hash=False)
    state: CommandState
    due: Instant
    lease_until: Instant
    attempts: int
    expiry: Instant
    reason: str


_C: Final = commands.c
_INSERT: Final = inserting(commands, *(column.name for column in _C if column.name != "id"))
_JSON: Final = json.JSONEncoder(separators=(",", ":")).encode
_BY_REQUEST: Final = Prepared(select(_C.id).where(_C.request == bindparam("named")))
_BY_ID: Final = Prepared(select(commands).where(_C.id == bindparam("command")))
_LAPSED: Final = Prepared(
    update(commands)
    .where(_C.state == bindparam("leased"), _C.lease_until <= bindparam("now"))
    .values(state=bindparam("queued"))
)
_LAPSES: Final = {"leased": CommandState.LEASED.value, "queued": CommandState.QUEUED.value}
_OLDEST: Final = (
    select(_C.id)
    .where(_C.state == CommandState.QUEUED.value, _C.due <= bindparam("now"), _C.expiry > bindparam("now"))
    .order_by(_C.due, _C.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_DUE: Final = Prepared(_OLDEST)
_DUE_OF_HUB: Final = Prepared(_OLDEST.where(_C.hub == bindparam("only_hub")))
_OPEN: Final = _C.state.in_([CommandState.QUEUED.value, CommandState.LEASED.value])
_EXPIRE: Final = (
    update(commands)
    .where(_OPEN, _C.expiry <= bindparam("now"))
    .values(state=CommandState.EXPIRED.value, reason="not delivered in time")
    .returning(commands)
)
_FINISH: Final = (
    update(commands).where(_C.id == bindparam("command"), _OPEN).values(state=bindparam("end"), reason=bindparam("why"))
)
_WITHDRAW: Final = (
    update(commands)
    .where(_C.request == bindparam("named"), _C.state == CommandState.QUEUED.value, _C.attempts == 0)
    .values(state=CommandState.REFUSED.value, reason=bindparam("why"))
)
_POSTPONE: Final = (
    update(commands)
    .where(_C.id == bindparam("command"), _OPEN)
    .values(state=CommandState.QUEUED.value, due=bindparam("later"), lease_until=0)
)


class SqlCommands:
    """The outbox within one transaction. Every command ends done, refused (with the reason) or expired."""

    __slots__ = ("_transaction",)

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def enqueue(self, command: NewCommand) -> None:
        """Queue an order; one whose `request` is there already changes nothing."""
        if command.request is None or not self._transaction.quick(_BY_REQUEST, {"named": command.request}):
            self.enqueue_new(command)

    def enqueue_new(self, command: NewCommand) -> None:
        """Queue an order whose `request` is known to be new; the table refuses a second."""
        self.enqueue_all([command])

    def enqueue_all(self, new: Sequence[NewCommand]) -> None:
        """Queue orders whose `request`s are known to be new; the table refuses a second."""
        self._transaction.many(_INSERT, list(map(_values, new)))

    def claim(
        self, now: Instant, *, lease: Duration, limit: int = 100, hub: Eui64 | None = None
    ) -> tuple[Command, ...]:
        """Lease the oldest due orders, for one hub or for all; leases that ran out are due again.

        Args:
            now: by the street's clock.
            lease: how long nobody else is given them, ms.
            limit: how many at most.
            hub: only this hub's.
        """
        self._transaction.quick(_LAPSED, {**_LAPSES, "now": now})
        wanted: dict[str, object] = {"now": now, "most": limit}
        if hub is not None:
            wanted["only_hub"] = hub.octets.hex()
        found = [row.id for row in self._transaction.quick(_DUE if hub is None else _DUE_OF_HUB, wanted)]
        if not found:
            return ()
        leased = (
            update(commands)
            .where(_C.id.in_(found))
            .values(state=CommandState.LEASED.value, lease_until=now + lease, attempts=_C.attempts + 1)
            .returning(commands)
        )
        return _in_order(self._transaction.rows(leased))

    def finish(self, command_id: int, end: CommandState, reason: str = "") -> bool:
        """End an order as done or refused.

        Returns:
            Whether it was still open; an end is never changed.

        Raises:
            UsageError: `end` is not an end, or a refusal has no reason.
        """
        if end not in _ENDS or (end is CommandState.REFUSED and not reason):
            raise UsageError(f"command {command_id} cannot end as {end.value} with reason '{reason}'")
        done = self._transaction.execute(_FINISH, {"command": command_id, "end": end.value, "why": reason})
        return done.rowcount == 1

    def complete(self, command_id: int) -> bool:
        """End an order as done; whether it was still open."""
        return self.finish(command_id, CommandState.DONE)

    def refuse(self, command_id: int, reason: str) -> bool:
        """End an order as refused; whether it was still open."""
        return self.finish(command_id, CommandState.REFUSED, reason)

    def withdraw(self, request: str, reason: str) -> bool:
        """End an order as refused that nobody has ever claimed; whether it was one."""
        return self._transaction.execute(_WITHDRAW, {"named": request, "why": reason}).rowcount == 1

    def postpone(self, command_id: int, due: Instant) -> bool:
        """Give a leased order back, to be tried again at `due`; whether it was still open."""
        return self._transaction.execute(_POSTPONE, {"command": command_id, "later": due}).rowcount == 1

    def expire(self, now: Instant) -> tuple[Command, ...]:
        """End every open order whose time is over, and say which."""
        return _in_order(self._transaction.rows(_EXPIRE, {"now": now}))

    def get(self, command_id: int) -> Command | None:
        """One order as it stands."""
        rows = self._transaction.quick(_BY_ID, {"command": command_id})
        return _command(rows[0]) if rows else None

    def replace_hub(self, old: Eui64, new: Eui64) -> None:
        """What has not ended goes to the hub that stands in another's place."""
        change = update(commands).where(_OPEN, _C.hub == old.octets.hex()).values(hub=new.octets.hex())
        self._transaction.execute(change)

    def open(self) -> tuple[Command, ...]:
        """All that have not ended, oldest due first."""
        return tuple(map(_command, self._transaction.rows(select(commands).where(_OPEN).order_by(_C.due, _C.id))))


def _values(command: NewCommand) -> tuple[object, ...]:
    return (
        command.hub.octets.hex(),
        command.kind,
        _JSON(command.payload),
        _QUEUED,
        command.due,
        0,
        0,
        command.expiry,
        "",
        command.request,
    )


def delivery_command(delivery: Delivery) -> NewCommand:
    """The order that carries a token, and the debt to show, to a hub."""
    return NewCommand(
        hub=delivery.hub,
        kind=DELIVER_TOKEN if delivery.token else SHOW_DEBT,
        payload={
            "request": delivery.request_id,
            "meter": delivery.meter.octets.hex(),
            "fuel": str(delivery.fuel),
            "token": delivery.token,
            "value_money5": delivery.value.amount,
            "debt_left_money5": delivery.debt_left.amount,
            "currency": delivery.value.currency,
        },
        due=delivery.due,
        expiry=delivery.expiry,
        request=delivery_name(delivery.request_id),
    )


def delivery_name(request_id: str) -> str:
    """What the order of a vend is called in the outbox."""
    return f"vend:{request_id}"


def _in_order(rows: Sequence[Row[Any]]) -> tuple[Command, ...]:
    return tuple(sorted(map(_command, rows), key=lambda command: (command.due, command.command_id)))


def _command(row: Row[Any]) -> Command:
    return Command(
        command_id=row.id,
        hub=Eui64(bytes.fromhex(row.hub)),
        kind=row.kind,
        payload=json.loads(row.payload),
        state=CommandState(row.state),
        due=Instant(row.due),
        lease_until=Instant(row.lease_until),
        attempts=row.attempts,
        expiry=Instant(row.expiry),
        reason=row.reason,
    )
