"""People who raise and approve orders, and what they sign: a word counts only under its own person's key (S0-54)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from meterhouse.crypto import KeyPair, PublicPoint, sign, verify
from meterhouse.model import AuthenticationError, Instant, PolicyError

__all__ = ["Deed", "Duty", "Person", "Staff", "Statement", "believe", "state"]

_TAG: Final = b"MHWO1"
"""Sets these signatures apart from every other use of the same key."""


class Duty(StrEnum):
    """What a person may do."""

    OPERATOR = "operator"
    APPROVER = "approver"
    OFFICER = "officer"


class Deed(StrEnum):
    """What a person says about an order or a home, and the duties that let them."""

    RAISE = "raise"
    APPROVE = "approve"
    CANCEL = "cancel"
    PROTECT = "protect"
    UNPROTECT = "unprotect"
    PLACE = "place"

    @property
    def about(self) -> str:
        """What is done so."""
        return "orders" if self in {Deed.RAISE, Deed.APPROVE, Deed.CANCEL} else "homes"

    @property
    def duties(self) -> frozenset[Duty]:
        """Any one of these."""
        return _DUTIES[self]


_DUTIES: Final = {
    Deed.RAISE: frozenset({Duty.OPERATOR, Duty.APPROVER, Duty.OFFICER}),
    Deed.APPROVE: frozenset({Duty.APPROVER, Duty.OFFICER}),
    Deed.CANCEL: frozenset(Duty),
    Deed.PROTECT: frozenset(Duty),
    Deed.UNPROTECT: frozenset({Duty.APPROVER, Duty.OFFICER}),
    Deed.PLACE: frozenset({Duty.APPROVER, Duty.OFFICER}),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the supplier's.

    Attributes:
        name: unique.
        public: their signature key, P-256.
        duties: what they may do.
    """

    name: str
    public: PublicPoint
    duties: frozenset[Duty]


Staff = Mapping[str, Person]
"""Everybody, by name."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One person's signed word about one order or home.

    Attributes:
        person: who.
        deed: what they say.
        at: when, by the clock of whatever held the pen.
        signature: 64 bytes.
    """

    person: str
    deed: Deed
    at: Instant
    signature: bytes


def state(person: str, pair: KeyPair, deed: Deed, digest: bytes, now: Instant) -> Statement:
    """A person's word about what has this digest."""
    return Statement(person, deed, now, sign(pair, _words(person, deed, digest, now)))


def believe(statement: Statement, digest: bytes, staff: Staff) -> Person:
    """Whose word it is.

    Raises:
        PolicyError: nobody of the staff, or not their duty.
        AuthenticationError: not their signature, or about another order.
    """
    person = staff.get(statement.person)
    if person is None:
        raise PolicyError(f"'{statement.person}' is not of the staff")
    if not person.duties & statement.deed.duties:
        raise PolicyError(
            f"{person.name} may not {statement.deed} {statement.deed.about}", remedy="Ask somebody whose duty it is."
        )
    words = _words(statement.person, statement.deed, digest, statement.at)
    try:
        verify(person.public, words, statement.signature)
    except AuthenticationError as error:
        why = f"It is not {person.name}'s signature under this order."
        raise AuthenticationError(f"a statement to {statement.deed} is not believed", why=why) from error
    return person


def _words(person: str, deed: Deed, digest: bytes, at: Instant) -> bytes:
    name = person.encode()
    return b"".join((_TAG, digest, at.to_bytes(8, "big"), bytes((len(deed.value),)), deed.value.encode(), name))
