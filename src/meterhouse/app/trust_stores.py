"""What signing daemon and confirm service keep, each in its own data base: counters, brakes, words, answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import update

from meterhouse.companion.brake import Brake, BrakeLimits
from meterhouse.crypto import KeyPair, PublicPoint
from meterhouse.model import Eui64, Instant, PolicyError
from meterhouse.store import Database, SqlAnswers, SqlAuditChain, SqlBrakes, SqlCounters, SqlPen
from meterhouse.store.schema import counters
from meterhouse.supplier.trust import BLOCK, RESTORE_STEP, Given, Statement
from meterhouse.supplier.trust.audit import AuditHead, AuditLine, sign_head

__all__ = [
    "BlockCounters",
    "HeadSigner",
    "KeptAnswers",
    "KeptPen",
    "database_of",
    "head_of",
    "keeper",
    "kept_brake",
    "raise_after_restore",
]

_ALARM: Final = 1 << 62
"""Half of what a device takes: far beyond what honest use reaches."""


class BlockCounters:
    """`OrderCounters`: blocks of 1,000 are reserved durably, so no value is ever given out twice.

    Args:
        database: the place's own.
        alarm: told when a counter is past half of what devices take.
    """

    def __init__(self, database: Database, alarm: Callable[[str], None] = lambda _words: None) -> None:
        self._database = database
        self._alarm = alarm
        self._blocks: dict[str, list[int]] = {}

    def next(self, name: str) -> int:
        """The next value, from 1."""
        block = self._blocks.get(name)
        if not block:
            reserved = self._database.run(lambda tx: SqlCounters(tx).reserve(f"order {name}", BLOCK, floor=1))
            block = self._blocks[name] = list(reversed(reserved))
            if reserved[0] >= _ALARM:
                self._alarm(f"counter '{name}' has come to {reserved[0]}")
        return block.pop()


def raise_after_restore(database: Database) -> int:
    """After a restore from a backup: lift every counter past anything the lost time can have used.

    Returns:
        How many counters were lifted.
    """
    lift = update(counters).values(reserved=counters.c.reserved + RESTORE_STEP)
    return database.run(lambda tx: tx.execute(lift).rowcount)


class KeptPen:
    """`PenBook` in a data base."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wrote(self, statement: Statement, digest: bytes) -> None:
        """Remember a word."""
        self._database.run(lambda tx: SqlPen(tx).wrote(statement, digest))

    def knows(self, statement: Statement, digest: bytes) -> bool:
        """Whether this word, about this order, was written here."""
        return self._database.read(lambda tx: SqlPen(tx).knows(statement, digest))


class KeptAnswers:
    """`AnswerBook` in a data base."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def given(self, order_hash: bytes, device: Eui64) -> Given | None:
        """The newest answer about an order to a device."""
        return self._database.read(lambda tx: SqlAnswers(tx).given(order_hash, device))

    def give(self, order_hash: bytes, device: Eui64, given: Given, now: Instant) -> None:
        """Keep an answer."""
        self._database.run(lambda tx: SqlAnswers(tx).give(order_hash, device, given, now))


class HeadSigner:
    """Signs heads of the audit chain, each beyond the one before, and keeps the newest as a witness.

    A chain that was cut and written anew is shorter than what was signed, or another: it gets no signature.
    """

    def __init__(self, database: Database, pair: KeyPair) -> None:
        self._database = database
        self._pair = pair

    @property
    def public(self) -> PublicPoint:
        """The key that heads are checked with."""
        return self._pair.public

    def newest(self) -> dict[str, Any] | None:
        """The newest head that was signed, as JSON values; None before the first."""
        head = self._database.read(lambda tx: SqlAuditChain(tx).newest_head())
        return None if head is None else _head_json(head)

    def sign(self, number: int, digest: bytes, now: Instant) -> dict[str, Any]:
        """The signed head of a line, as JSON values.

        Raises:
            PolicyError: a head was signed there or beyond, of another line.
        """
        last = self._database.read(lambda tx: SqlAuditChain(tx).newest_head())
        if last is not None and number <= last.number:
            if (number, digest) == (last.number, last.digest):
                return _head_json(last)
            raise PolicyError(
                f"line {number} is not beyond {last.number}, which was signed",
                why="The audit chain was cut or written anew.",
                remedy="Say: meterhouse audit verify",
            )
        line = AuditLine(number, now, "", "", "", "", digest)
        head = sign_head(line, now, self._pair)
        self._database.run(lambda tx: SqlAuditChain(tx).keep(head))
        return _head_json(head)


def head_of(told: Mapping[str, Any]) -> AuditHead:
    """From what `HeadSigner` gave as JSON values."""
    digest, signature = bytes.fromhex(told["digest"]), bytes.fromhex(told["signature"])
    return AuditHead(int(told["number"]), Instant(int(told["at"])), digest, signature)


def _head_json(head: AuditHead) -> dict[str, Any]:
    return {"number": head.number, "at": head.at, "digest": head.digest.hex(), "signature": head.signature.hex()}


def kept_brake(database: Database, name: str, limits: BrakeLimits, officers: tuple[str, ...]) -> Brake:
    """A brake as it was left."""
    return Brake(name, limits, officers, database.read(lambda tx: SqlBrakes(tx).load(name)))


def keeper(database: Database) -> Callable[[Brake], None]:
    """What writes a brake's state durably."""
    return lambda brake: database.run(lambda tx: SqlBrakes(tx).save(brake.name, brake.snapshot()))


def database_of(folder: Path, name: str) -> Database:
    """A place's own data base, made if it is not there."""
    return Database(f"sqlite:///{folder / name}")
