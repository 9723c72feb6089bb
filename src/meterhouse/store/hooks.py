"""Webhooks: each step of each vend, told in order to whoever asked, signed, again and again until it was heard.

The life lines are the outbox: a hook is a position in them that moves on only after a 2xx. So a listener hears each
step at least once, never out of order, and a payment never waits for a listener.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Row, bindparam, delete, func, insert, select, update

from meterhouse.model import HOUR, SECOND, Instant, NotFoundError, StateError, UsageError, isoformat
from meterhouse.store.database import Database
from meterhouse.store.schema import hooks, vend_stages
from meterhouse.store.transaction import Transaction

__all__ = ["Call", "Hook", "add_hook", "due_hooks", "list_hooks", "remove_hook", "signature", "tell_hook", "tell_hooks"]

_AT_ONCE: Final = 100
_FIRST_PAUSE: Final = 2 * SECOND
_LONGEST_PAUSE: Final = HOUR
_SECRET: Final = 16
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})

_ALL: Final = select(hooks).order_by(hooks.c.name)
_DUE: Final = select(hooks).where(hooks.c.due <= bindparam("now")).order_by(hooks.c.name)
_DUE_BY_NAME: Final = _DUE.where(hooks.c.name == bindparam("named"))
_LAST_STEP: Final = select(func.max(vend_stages.c.id))
_STEPS: Final = (
    select(vend_stages).where(vend_stages.c.id > bindparam("after")).order_by(vend_stages.c.id).limit(_AT_ONCE)
)
_MOVED: Final = (
    update(hooks)
    .where(hooks.c.name == bindparam("named"))
    .values(position=bindparam("to"), attempts=bindparam("tries"), due=bindparam("then"))
)


@dataclass(frozen=True, slots=True)
class Call:
    """One POST to make.

    Attributes:
        url: where.
        body: JSON: the steps, oldest first.
        headers: with the signature.
    """

    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hook:
    """Who listens.

    Attributes:
        name: of the listener.
        url: where it is called.
        attempts: calls in a row that were not heard.
        due: when it is called again at the earliest, by the wall's clock; 0 at once.
    """

    name: str
    url: str
    attempts: int
    due: Instant


def signature(secret: bytes, at: Instant, body: bytes) -> str:
    """`t=seconds,v1=HMAC-SHA-256(secret, seconds "." body)`: the listener must refuse old seconds and other sums."""
    seconds = str(at // SECOND)
    return f"t={seconds},v1={hmac.digest(secret, seconds.encode() + b'.' + body, 'sha256').hex()}"


def add_hook(transaction: Transaction, name: str, url: str, secret: bytes) -> None:
    """Tell a listener every step from now on.

    Raises:
        UsageError: the address is not HTTPS (or loopback), or the secret is short.
        StateError: the name listens already.
    """
    if not _callable(url) or len(secret) < _SECRET:
        raise UsageError(f"hook {name}: the address must be https, and the secret have {_SECRET} bytes or more")
    if name in {hook.name for hook in list_hooks(transaction)}:
        raise StateError(f"'{name}' listens already", remedy="Remove it first, or choose another name.")
    row = transaction.first(select(func.coalesce(func.max(vend_stages.c.id), 0)))
    position = 0 if row is None else row[0]
    new = {"name": name, "url": url, "secret": secret, "position": position, "attempts": 0, "due": 0}
    transaction.execute(insert(hooks), new)


def list_hooks(transaction: Transaction) -> list[Hook]:
    """Who listens, by name."""
    return [_hook(row) for row in transaction.rows(_ALL)]


def remove_hook(transaction: Transaction, name: str) -> None:
    """Tell a listener nothing any more.

    Raises:
        NotFoundError: nobody of this name listens.
    """
    if transaction.execute(delete(hooks).where(hooks.c.name == name)).rowcount == 0:
        raise NotFoundError(f"no hook '{name}'")


def _callable(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return bool(parts.hostname) and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )


def due_hooks(database: Database, now: Instant) -> list[Hook]:
    """Listeners that may be called now, and have something to hear; those that heard last time come first."""

    def look(transaction: Transaction) -> list[Hook]:
        rows = transaction.rows(_DUE, {"now": now})
        newest = transaction.rows(_LAST_STEP)[0][0]
        found = [_hook(row) for row in rows if newest is not None and row.position < newest]
        return sorted(found, key=lambda hook: (hook.attempts > 0, hook.due, hook.name))

    return database.read(look)


def tell_hooks(database: Database, now: Instant, post: Callable[[Call], bool]) -> int:
    """Tell every listener that is due, one after another; see `tell_hook`. How many steps were heard."""
    return sum(tell_hook(database, hook.name, now, post) for hook in due_hooks(database, now))


def tell_hook(database: Database, name: str, now: Instant, post: Callable[[Call], bool]) -> int:
    """Tell one listener what it has not heard; a deaf one is tried again, ever more slowly.

    Args:
        database: of the counter.
        name: of the listener; one that is gone, or not due, is told nothing.
        now: by the clock that listeners check.
        post: makes the call; whether the answer was 2xx.

    Returns:
        How many steps were heard.
    """
    hook = database.read(lambda tx: tx.first(_DUE_BY_NAME, {"now": now, "named": name}))
    steps = () if hook is None else database.read(lambda tx: tx.rows(_STEPS, {"after": hook.position}))
    if hook is None or not steps:
        return 0
    told = [
        {"id": step.id, "request": step.request, "step": step.stage, "at": isoformat(step.at), "why": step.reason}
        for step in steps
    ]
    body = json.dumps({"steps": told}, separators=(",", ":")).encode()
    headers = {"Content-Type": "application/json", "Meterhouse-Signature": signature(hook.secret, now, body)}
    heard = post(Call(hook.url, body, headers))
    if heard:
        moved = {"named": hook.name, "to": steps[-1].id, "tries": 0, "then": 0}
    else:
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE << min(hook.attempts, 20))
        moved = {"named": hook.name, "to": hook.position, "tries": hook.attempts + 1, "then": now + pause}
    database.run(lambda tx: tx.execute(_MOVED, moved))
    return len(steps) if heard else 0


def _hook(row: Row[Any]) -> Hook:
    return Hook(row.name, row.url, row.attempts, Instant(row.due))
