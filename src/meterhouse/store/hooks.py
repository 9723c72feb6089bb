"""Webhooks: each step of each vend, told in order to whoever asked, signed, again and again until it was heard.

The life lines are the outbox: a hook is a position in them that moves on only after a 2xx. So a listener hears each
step at least once, never out of order, and a payment never waits for a listener.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import bindparam, delete, func, insert, select, update

from meterhouse.model import HOUR, SECOND, Instant, NotFoundError, StateError, UsageError, isoformat
from meterhouse.store.database import Database
from meterhouse.store.schema import hooks, vend_stages
from meterhouse.store.transaction import Transaction

__all__ = ["Call", "Hook", "add_hook", "list_hooks", "remove_hook", "signature", "tell_hooks"]

_AT_ONCE: Final = 100
_FIRST_PAUSE: Final = 2 * SECOND
_LONGEST_PAUSE: Final = HOUR
_SECRET: Final = 16
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})

_ALL: Final = select(hooks).order_by(hooks.c.name)
_DUE: Final = select(hooks).where(hooks.c.due <= bindparam("now")).order_by(hooks.c.name)
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
    return [Hook(row.name, row.url, row.attempts, Instant(row.due)) for row in transaction.rows(_ALL)]


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


def tell_hooks(database: Database, now: Instant, post: Callable[[Call], bool]) -> int:
    """Tell every listener that is due what it has not heard; a deaf one is tried again, ever more slowly.

    Args:
        database: of the counter.
        now: by the clock that listeners check.
        post: makes the call; whether the answer was 2xx.

    Returns:
        How many steps were heard.
    """
    heard = 0
    for hook in database.read(lambda tx: tx.rows(_DUE, {"now": now})):
        steps = database.read(lambda tx, after=hook.position: tx.rows(_STEPS, {"after": after}))  # type: ignore[misc]
        if not steps:
            continue
        told = [
            {"id": step.id, "request": step.request, "step": step.stage, "at": isoformat(step.at), "why": step.reason}
            for step in steps
        ]
        body = json.dumps({"steps": told}, separators=(",", ":")).encode()
        headers = {"Content-Type": "application/json", "Meterhouse-Signature": signature(hook.secret, now, body)}
        if post(Call(hook.url, body, headers)):
            moved = {"named": hook.name, "to": steps[-1].id, "tries": 0, "then": 0}
            heard += len(steps)
        else:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE << min(hook.attempts, 20))
            moved = {"named": hook.name, "to": hook.position, "tries": hook.attempts + 1, "then": now + pause}
        database.run(lambda tx, moved=moved: tx.execute(_MOVED, moved))  # type: ignore[misc]
    return heard
