"""The audit chain: each line names the one before by its hash, and each hour a signed head names them all (S3-64).

Whoever changes, cuts or reorders lines afterwards must make every later hash anew, and cannot make the heads'
signatures; whoever cuts the end off is found out by the newest head, of which the signer keeps a copy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meterhouse.crypto import KeyPair, PublicPoint, sha256, sign, verify
from meterhouse.model import HOUR, AuthenticationError, Instant

__all__ = [
    "HEAD_EVERY",
    "NOTHING",
    "AuditBreach",
    "AuditHead",
    "AuditLine",
    "due_head",
    "next_line",
    "sign_head",
    "verify_chain",
]

HEAD_EVERY: Final = HOUR
NOTHING: Final = bytes(32)
"""What the first line names as the one before."""
_TAG: Final = b"MHAU1"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did.

    Attributes:
        number: from 1, without gaps.
        at: when.
        who: a person, or a part of the house.
        deed: a dotted word.
        subject: what it was done to.
        fields: the rest, JSON.
        digest: SHA-256 over all that, and the digest of the line before.
    """

    number: int
    at: Instant
    who: str
    deed: str
    subject: str
    fields: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The signed word that the chain has come so far: line, when, its digest, signature."""

    number: int
    at: Instant
    digest: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class AuditBreach:
    """Something that is not as it was written: at which line, and what."""

    number: int
    what: str


def next_line(
    last: AuditLine | None, at: Instant, who: str, deed: str, subject: str, fields: Mapping[str, Any]
) -> AuditLine:
    """The line after the last one; None where there is none yet."""
    number, previous = (1, NOTHING) if last is None else (last.number + 1, last.digest)
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    return AuditLine(number, at, who, deed, subject, text, _digest(previous, number, at, who, deed, subject, text))


def sign_head(line: AuditLine, now: Instant, pair: KeyPair) -> AuditHead:
    """The signed word that the chain ends with this line now."""
    return AuditHead(line.number, now, line.digest, sign(pair, _words(line.number, now, line.digest)))


def due_head(last: AuditHead | None, newest: AuditLine | None, now: Instant) -> bool:
    """Whether a head is to be signed: an hour after the last, where there are lines since."""
    if newest is None:
        return False
    return last is None or (now >= last.at + HEAD_EVERY and newest.number > last.number)


def verify_chain(
    lines: Iterable[AuditLine], heads: Iterable[AuditHead], public: PublicPoint, witness: AuditHead | None = None
) -> list[AuditBreach]:
    """Everything that is not as it was written; nothing where the chain is whole.

    Args:
        lines: in the order of their numbers.
        heads: likewise.
        public: key of whoever signs heads.
        witness: a head of which somebody else kept a copy: the chain must reach it.
    """
    breaches: list[AuditBreach] = []
    digests: dict[int, bytes] = {}
    previous, number = NOTHING, 0
    for line in lines:
        number += 1
        if line.number != number:
            breaches.append(AuditBreach(number, f"line {number} is missing; {line.number} follows"))
            number = line.number
        right = _digest(previous, line.number, line.at, line.who, line.deed, line.subject, line.fields)
        if right != line.digest:
            breaches.append(AuditBreach(line.number, "the line is not what was written, or not where it was"))
        digests[line.number] = previous = line.digest
    for head in (*heads, *(() if witness is None else (witness,))):
        try:
            verify(public, _words(head.number, head.at, head.digest), head.signature)
        except AuthenticationError:
            breaches.append(AuditBreach(head.number, "the head is not signed by the key that signs heads"))
            continue
        if head.number not in digests:
            breaches.append(AuditBreach(head.number, "the chain was cut: a signed head names a line that is gone"))
        elif digests[head.number] != head.digest:
            breaches.append(AuditBreach(head.number, "the lines up to here are not those that were signed"))
    return breaches


def _digest(previous: bytes, number: int, at: Instant, who: str, deed: str, subject: str, fields: str) -> bytes:
    told = json.dumps([previous.hex(), number, at, who, deed, subject, fields], separators=(",", ":"))
    return sha256(told.encode())


def _words(number: int, at: Instant, digest: bytes) -> bytes:
    return _TAG + number.to_bytes(8, "big") + at.to_bytes(8, "big") + digest
