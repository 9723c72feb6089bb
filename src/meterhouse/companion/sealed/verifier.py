"""The device's side of a sealed order: eleven questions, cheap ones first, and only then a stored counter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from meterhouse.companion.sealed.agreement import Agreement
from meterhouse.companion.sealed.catalogue import Catalogue
from meterhouse.companion.sealed.counters import MAX_COUNTER, Counters, Newest
from meterhouse.companion.sealed.envelope import Envelope, Kind, covered_by_signature, decode_envelope, signed_part_of
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.mandate import decode_mandate
from meterhouse.companion.sealed.parties import Party
from meterhouse.companion.sealed.signature import is_low
from meterhouse.companion.sealed.use_case import UseCase
from meterhouse.companion.sealed.verdict import Accepted, Reason, Refused, Repeated, Verdict
from meterhouse.crypto import sha256, verify
from meterhouse.model import AuthenticationError, Eui64, Instant

__all__ = ["Verifier"]

_NEVER: Final = Newest(-1, b"")


class Verifier:
    """Asks of an order: form, target, counter, MAC, signature, role, validity, premises, content; in that order.

    A refusal changes nothing. An accepted order's counter has been stored before `verify` returns, so what a power cut
    interrupts is never done twice. Brakes, confirmation and the act itself are the device's.

    Args:
        own: the device.
        premises: the binding that was set at commissioning (`premises_binding`).
        parties: whose orders it takes.
        broker: its agreement with the access-control broker, who closes every order with a MAC.
        catalogue: the use cases it knows.
        counters: its durable memory.
    """

    __slots__ = ("_broker", "_catalogue", "_counters", "_own", "_parties", "_premises")

    def __init__(
        self,
        own: Eui64,
        premises: bytes,
        parties: Mapping[Eui64, Party],
        broker: Agreement,
        catalogue: Catalogue,
        counters: Counters,
    ) -> None:
        self._own = own
        self._premises = premises
        self._parties = parties
        self._broker = broker
        self._catalogue = catalogue
        self._counters = counters

    def verify(self, octets: bytes, now: Instant) -> Verdict:
        """What to make of these bytes at this time.

        Raises:
            StorageError: the counter could not be stored; the order is not to be acted upon.
        """
        try:
            envelope = decode_envelope(octets)
        except SealedError as error:
            return Refused(Reason.FORM, error.sentence())
        known = self._known(envelope)
        if isinstance(known, Refused):
            return known
        party, use_case = known
        digest = sha256(octets)
        newest = self._counters.newest(party.role, use_case.counter_class) or _NEVER
        if envelope.counter == newest.counter and digest == newest.digest:
            return Repeated(envelope, newest.answer)
        if not newest.counter < envelope.counter <= MAX_COUNTER:
            why = f"counter {envelope.counter} is not above {newest.counter} and below 2^63"
            return Refused(Reason.COUNTER, why, envelope)
        refusal = self._authentic(envelope, octets, party, use_case) or self._allowed(envelope, party, use_case, now)
        if refusal is not None:
            return refusal
        self._counters.advance(party.role, use_case.counter_class, Newest(envelope.counter, digest))
        return Accepted(envelope, use_case, party)

    def _known(self, envelope: Envelope) -> tuple[Party, UseCase] | Refused:
        if envelope.kind is not Kind.COMMAND:
            return Refused(Reason.NOT_A_COMMAND, f"a device takes no {envelope.kind.name.lower()}", envelope)
        if envelope.target != self._own:
            return Refused(Reason.TARGET, f"the order is for {envelope.target}", envelope)
        party = self._parties.get(envelope.originator)
        if party is None:
            return Refused(Reason.ORIGINATOR, f"{envelope.originator} is not known here", envelope)
        use_case = self._catalogue.get(envelope.code)
        if use_case is None:
            return Refused(Reason.CODE, f"message code {envelope.code:#06x} is not in the catalogue", envelope)
        return party, use_case

    def _authentic(self, envelope: Envelope, octets: bytes, party: Party, use_case: UseCase) -> Refused | None:
        signed = signed_part_of(octets)
        try:
            self._broker.verify(envelope, signed)
        except AuthenticationError as error:
            return Refused(Reason.MAC, error.why, envelope)
        if not use_case.critical and not envelope.signature:
            return None
        if not envelope.signature:
            return Refused(
                Reason.SIGNATURE, "a critical order is not signed; the carrier's MAC is not enough", envelope
            )
        if not is_low(envelope.signature):
            return Refused(Reason.HIGH_S, "the signature's s is above half the order of the curve", envelope)
        try:
            verify(party.signing, covered_by_signature(signed), envelope.signature)
        except AuthenticationError as error:
            return Refused(Reason.SIGNATURE, error.why, envelope)
        return None

    def _allowed(self, envelope: Envelope, party: Party, use_case: UseCase, now: Instant) -> Refused | None:
        if party.role not in use_case.roles:
            return Refused(Reason.ROLE, f"{use_case.name} is not for the role {party.role}", envelope)
        refusal = self._in_time_and_place(envelope, use_case, now)
        if refusal is not None:
            return refusal
        try:
            use_case.check(envelope.content)
        except SealedError as error:
            return Refused(Reason.CONTENT, error.sentence(), envelope)
        return None

    def _in_time_and_place(self, envelope: Envelope, use_case: UseCase, now: Instant) -> Refused | None:
        if not envelope.supplement and not use_case.critical:
            return None
        try:
            mandate = decode_mandate(envelope.supplement)
        except SealedError as error:
            return Refused(Reason.MANDATE, error.sentence(), envelope)
        if not mandate.is_sound:
            return Refused(Reason.MANDATE, "the window is empty or longer than a day", envelope)
        if now < mandate.not_before:
            return Refused(Reason.EARLY, f"not to be done before {mandate.not_before}", envelope)
        if now > mandate.not_after:
            return Refused(Reason.LATE, f"not to be done after {mandate.not_after}", envelope)
        if mandate.premises != self._premises:
            return Refused(Reason.PREMISES, "the order is for other premises or another tenancy", envelope)
        return None
