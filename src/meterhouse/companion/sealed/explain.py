"""A sealed message told line by line, for people. Nothing of it is verified."""

from __future__ import annotations

from collections.abc import Iterator

from meterhouse.companion.sealed.catalogue import Catalogue
from meterhouse.companion.sealed.cosem import decode_steps
from meterhouse.companion.sealed.envelope import Envelope, Kind, decode_envelope
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.gbz import decode_components
from meterhouse.companion.sealed.mandate import BINDING_LENGTH, decode_mandate
from meterhouse.companion.sealed.use_case import ContentKind
from meterhouse.model import isoformat

__all__ = ["explain"]


def explain(octets: bytes, catalogue: Catalogue) -> list[str]:
    """One line for each thing the message says.

    Raises:
        SealedError: it is no sealed message.
    """
    envelope = decode_envelope(octets)
    use_case = catalogue.get(envelope.code)
    name = use_case.name if use_case else "not known here"
    lines = [
        f"sealed {envelope.kind.name.lower()}, code {envelope.code:#06x}: {name}",
        f"from {envelope.originator} to {envelope.target}, counter {envelope.counter}",
        *_mandate(envelope),
        *_content(envelope, use_case.content if use_case else None),
        f"signature {envelope.signature.hex()}" if envelope.signature else "not signed",
        f"MAC {envelope.mac.hex()}" if envelope.mac else "no MAC",
        f"identity {envelope.identity.hex()}",
    ]
    return [*lines, "nothing of this was verified"]


def _mandate(envelope: Envelope) -> Iterator[str]:
    if len(envelope.supplement) == BINDING_LENGTH + 16:
        mandate = decode_mandate(envelope.supplement)
        try:
            window = f"from {isoformat(mandate.not_before)} to {isoformat(mandate.not_after)}"
        except (OverflowError, ValueError):
            window = f"from {mandate.not_before} to {mandate.not_after} ms, which is no time"
        yield f"premises {mandate.premises.hex()}, {window}"
    elif envelope.supplement:
        yield f"supplement {envelope.supplement.hex()}"


def _content(envelope: Envelope, kind: ContentKind | None) -> Iterator[str]:
    try:
        if kind is ContentKind.GBZ and envelope.kind is not Kind.ALERT:
            for component in decode_components(envelope.content):
                frame = component.frame
                way = "to client" if frame.to_client else "to server"
                head = f"cluster {component.cluster:#06x} command {frame.command:#04x}"
                yield f"{head} {way}, payload {frame.payload.hex()}"
            return
        if kind is ContentKind.COSEM and envelope.kind is Kind.COMMAND:
            for step in decode_steps(envelope.content):
                yield f"{step.kind.name.lower()} {step.target}, {step.data}"
            return
    except SealedError as error:
        yield f"content does not decode: {error.sentence()}"
    yield f"content {envelope.content.hex()}"
