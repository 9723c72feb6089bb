"""Associations: what opens one, what must not, and what both sides agree on."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterhouse.conformance.answers import demand_refusal, demand_rejection, shown
from meterhouse.conformance.bench import Bench
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.model import MeterhouseError
from meterhouse.protocols.dlms import AccessRefusedError, Client, ClientSettings
from meterhouse.protocols.dlms.acse import Aarq, Release, decode_aare, decode_release, encode_aarq, encode_release
from meterhouse.protocols.dlms.initiate import (
    IMPLEMENTED,
    Conformance,
    InitiateRequest,
    encode_initiate_request,
)
from meterhouse.protocols.dlms.protection import is_ciphered
from meterhouse.protocols.dlms.requests import Access, GetRequest, encode_request

__all__ = ["CHECKS", "read_request"]

_ACSE: Final = "IEC 62056-5-3 §9.4.2"
_INITIATE: Final = "IEC 62056-5-3 §9.3.1"
_SECURITY: Final = "IEC 62056-5-3 §5.3"
_NO_NAME: Final = 9
_NO_MECHANISM: Final = 99
_LEAST_CHALLENGE: Final = 8
_SMALL: Final = 128
_PROPOSAL: Final = InitiateRequest(int(IMPLEMENTED), 0xFFFF)


def read_request(bench: Bench, invoke: int = 0xC1) -> bytes:
    """A plain GET of the attribute that each client may read."""
    return encode_request(GetRequest(invoke, Access(bench.subject.read)))


def _plain(bench: Bench) -> ClientSettings:
    """The client without keys."""
    return bench.settings("password" if bench.subject.public is None else "public")


def _rejected(
    bench: Bench, context: int = 1, mechanism: int | None = None, initiate: InitiateRequest = _PROPOSAL
) -> None:
    """Demand that the AARQ of the client without keys, altered so, opens nothing; and that it opens as it should be."""
    settings = _plain(bench)
    information = encode_initiate_request(initiate)
    mechanism = settings.mechanism if mechanism is None else mechanism
    aarq = encode_aarq(Aarq(context, mechanism, b"", settings.secret, information))
    with bench.connected(settings.client_sap) as line:
        demand_rejection(line.ask(aarq))
    bench.alive()


def _opens(bench: Bench, kind: str) -> None:
    with bench.talking(kind) as talk:
        read = bench.subject.read
        talk.run(talk.client.get(read.class_id, read.obis, read.index))


@check("association.public", _ACSE, "the client without security associates and reads")
def _public(bench: Bench) -> None:
    _opens(bench, "public")


@check("association.password", _SECURITY, "the client with the right password associates and reads")
def _password(bench: Bench) -> None:
    _opens(bench, "password")


@check("association.proof", _SECURITY, "the client with the right keys proves itself, the server too, and reads")
def _proof(bench: Bench) -> None:
    _opens(bench, "keys")


@check("association.unknown-client", _ACSE, "a client address that the device does not know opens nothing")
def _unknown_client(bench: Bench) -> None:
    with bench.connected(bench.subject.unknown) as line:
        demand_rejection(line.ask(next(Client(ClientSettings(client_sap=bench.subject.unknown)).associate())))
    bench.alive()


@check("association.context", _ACSE, "an application context name that is not known opens nothing")
def _context(bench: Bench) -> None:
    _rejected(bench, context=_NO_NAME)


@check("association.mechanism", _ACSE, "an authentication mechanism that is not known opens nothing")
def _mechanism(bench: Bench) -> None:
    _rejected(bench, mechanism=_NO_MECHANISM)


@check("association.version", _INITIATE, "DLMS version 5 opens nothing")
def _version(bench: Bench) -> None:
    _rejected(bench, initiate=replace(_PROPOSAL, version=5))


@check("association.no-services", _INITIATE, "a proposal of no service at all opens nothing")
def _no_services(bench: Bench) -> None:
    _rejected(bench, initiate=replace(_PROPOSAL, conformance=0))


@check("association.pdu-too-short", _INITIATE, "a client that takes 11 bytes at once opens nothing")
def _pdu_too_short(bench: Bench) -> None:
    _rejected(bench, initiate=replace(_PROPOSAL, max_pdu=11))


@check("association.agreed", _INITIATE, "the server agrees to no service that was not proposed")
def _agreed(bench: Bench) -> None:
    proposed = int(Conformance.GET | Conformance.BLOCK_TRANSFER_WITH_GET)
    settings = _plain(bench)
    aarq = next(Client(replace(settings, conformance=proposed)).associate())
    with bench.connected(settings.client_sap) as line:
        aare = decode_aare(line.exchange(aarq))
        if aare.result:
            raise Failed(f"{shown(line.came)}: a proposal of GET is turned down")
        agreed = int.from_bytes(aare.user_information.partition(b"\x5f\x1f\x04\x00")[2][:3], "big")
    if agreed & ~proposed:
        raise Failed(f"conformance {agreed:06x} where {proposed:06x} was proposed")


@check("association.not-agreed", _INITIATE, "a service that was not agreed on is refused: GET with list")
def _not_agreed(bench: Bench) -> None:
    read = bench.subject.read
    with bench.talking(conformance=int(Conformance.GET | Conformance.GENERAL_PROTECTION)) as talk:
        try:
            values = talk.run(talk.client.get_list([(read.class_id, read.obis, read.index)] * 2))
        except MeterhouseError:
            return
    if not all(isinstance(value, AccessRefusedError) for value in values):
        raise Failed("the values were given")


@check("association.pdu-limit", _INITIATE, f"no APDU is longer than the {_SMALL} bytes that the client takes")
def _pdu_limit(bench: Bench) -> None:
    with bench.talking(max_pdu=_SMALL) as talk:
        longest = 0
        procedure = talk.client.get_encoded(15, talk.settings.quirks.association, 2)
        try:
            request = next(procedure)
            while True:
                answer = talk.line.exchange(request)
                longest = max(longest, len(answer))
                request = procedure.send(answer)
        except StopIteration as stop:
            if len(stop.value) <= _SMALL:
                raise NotApplicable(f"the object list has only {len(stop.value)} bytes") from None
    if longest > _SMALL:
        raise Failed(f"an APDU of {longest} bytes")


@check("association.cut-aarq", _ACSE, "an AARQ that is cut off opens nothing, and does no harm")
def _cut_aarq(bench: Bench) -> None:
    settings = _plain(bench)
    aarq = next(Client(settings).associate())
    for length in range(1, len(aarq)):
        with bench.connected(settings.client_sap) as line:
            demand_rejection(line.ask(aarq[:length]))
    bench.alive()


@check("association.none", _ACSE, "without an association nothing is read")
def _none(bench: Bench) -> None:
    with bench.connected(_plain(bench).client_sap) as line:
        demand_refusal(line.ask(read_request(bench)))
    bench.alive()


@check("association.release", _ACSE, "RLRQ gets RLRE, and nothing is read after it")
def _release(bench: Bench) -> None:
    settings = _plain(bench)
    with bench.talking(settings=settings) as talk:
        answer = talk.line.exchange(encode_release(Release(response=False)))
        if not decode_release(answer).response:
            raise Failed(shown(answer))
        demand_refusal(talk.line.ask(read_request(bench)))


@check("association.wrong-password", _SECURITY, "a wrong password opens nothing")
def _wrong_password(bench: Bench) -> None:
    settings = bench.settings("password")
    for wrong in (
        settings.secret[:-1] + bytes((settings.secret[-1] ^ 1,)),
        settings.secret[:-1],
        settings.secret + b"\0",
    ):
        with bench.connected(settings.client_sap) as line:
            demand_rejection(line.ask(next(Client(replace(settings, secret=wrong)).associate())))
    bench.alive()


@check("association.no-password", _SECURITY, "no mechanism where a password or proof is demanded opens nothing")
def _no_password(bench: Bench) -> None:
    kinds = [kind for kind in ("password", "keys") if getattr(bench.subject, kind) is not None]
    if not kinds:
        raise NotApplicable("no client of the device has to prove itself")
    for kind in kinds:
        sap = bench.settings(kind).client_sap
        with bench.connected(sap) as line:
            demand_rejection(line.ask(next(Client(ClientSettings(client_sap=sap)).associate())))
    bench.alive()


@check("association.wrong-proof", _SECURITY, "a wrong answer to the server's challenge opens nothing")
def _wrong_proof(bench: Bench) -> None:
    settings = bench.settings("keys")
    with bench.connected(settings.client_sap) as line:
        client = Client(settings)
        opening = client.associate()
        aare = line.exchange(next(opening))
        challenge = decode_aare(aare).challenge
        if not challenge:
            raise Failed(f"{shown(aare)}: no challenge")
        proof = opening.send(aare.replace(challenge, bytes(octet ^ 0xFF for octet in challenge)))
        try:
            opening.send(line.exchange(proof))
        except StopIteration:
            raise Failed(f"{shown(line.came)} to a wrong proof") from None
        except MeterhouseError:
            pass  # refused, in whatever words
        demand_refusal(line.ask(read_request(bench)))
    bench.alive()


@check("association.before-proof", _SECURITY, "before the client has proved itself nothing is read")
def _before_proof(bench: Bench) -> None:
    settings = bench.settings("keys")
    with bench.connected(settings.client_sap) as line:
        opening = Client(settings).associate()
        aare = line.exchange(next(opening))
        opening.send(aare)
        channel = bench.channel(decode_aare(aare).title)
        request = read_request(bench)
        answer = line.ask(channel.seal(request, int(settings.policy)) if settings.policy else request)
        if answer and is_ciphered(answer):  # it was believed, and may be refused under the same protection
            answer = channel.open(answer, int(settings.policy)).apdu
        demand_refusal(answer)
    bench.alive()


@check("association.fresh-challenge", _SECURITY, "each challenge has 8 bytes or more and is another")
def _fresh_challenge(bench: Bench) -> None:
    settings = bench.settings("keys")
    challenges = []
    for _ in range(3):
        with bench.connected(settings.client_sap) as line:
            challenges.append(decode_aare(line.exchange(next(Client(settings).associate()))).challenge)
    if len(set(challenges)) < len(challenges) or min(map(len, challenges)) < _LEAST_CHALLENGE:
        raise Failed(", ".join(challenge.hex() or "none" for challenge in challenges))


CHECKS: Final[tuple[Check, ...]] = (
    _public,
    _password,
    _proof,
    _unknown_client,
    _context,
    _mechanism,
    _version,
    _no_services,
    _pdu_too_short,
    _agreed,
    _not_agreed,
    _pdu_limit,
    _cut_aarq,
    _none,
    _release,
    _wrong_password,
    _no_password,
    _wrong_proof,
    _before_proof,
    _fresh_challenge,
)
