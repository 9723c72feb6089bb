"""The judge finds each rule that is broken, by the name of its check, and finds nothing where none is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlms_meter import Meter
from judged_meter import FULL, PLAIN, Broken, bench_for
from meterhouse.conformance import Verdict, judge
from meterhouse.conformance.judge import CHECKS
from meterhouse.crypto.gcm import GcmKey
from meterhouse.model import MalformedError
from meterhouse.protocols.dlms import hdlc, protection
from meterhouse.protocols.dlms.accessing import decode_access_response, encode_access_response
from meterhouse.protocols.dlms.acse import decode_aare, decode_aarq, encode_aare, encode_aarq
from meterhouse.protocols.dlms.axdr import Encoded
from meterhouse.protocols.dlms.block_transfer import decode_block, encode_block
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.initiate import (
    IMPLEMENTED,
    decode_initiate_request,
    encode_initiate_request,
)
from meterhouse.protocols.dlms.proofs import Handshake
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionRequest,
    GetNext,
    GetRequest,
    SetBlock,
    decode_request,
    encode_request,
)
from meterhouse.protocols.dlms.responses import (
    GetBlock,
    GetListResponse,
    GetResponse,
    Result,
    decode_response,
    encode_response,
)
from meterhouse.protocols.dlms.session import Session

GOOD = Result(b"\x11\x01")
OPENED = bytes.fromhex("6129a109060760857405080101a203020100a305a103020100be10040e0800065f1f0400007e1f08000007")


def request_of(apdu, kind):
    """The request in `apdu` where it is of that kind."""
    try:
        request = decode_request(apdu)
    except MalformedError:
        return None
    return request if isinstance(request, kind) else None


def answers(kind, make, when=lambda _request: True):
    """A device that answers a request of `kind` with what `make` makes of its answer."""

    def answer(apdu, own):
        request = request_of(apdu, kind)
        return encode_response(make(request, own)) if request is not None and own and when(request) else own

    return Broken(answer=answer)


def asked(kind, make):
    """A device that takes a request of `kind` as what `make` makes of it."""

    def request(apdu):
        found = request_of(apdu, kind)
        return apdu if found is None else encode_request(make(found))

    return Broken(request=request)


def opened(make):
    """A device that takes an AARQ as what `make` makes of it."""

    def request(apdu):
        return encode_aarq(make(decode_aarq(apdu))) if apdu[:1] == b"\x60" else apdu

    return Broken(request=request)


def initiate(**changes):
    def make(aarq):
        told = decode_initiate_request(aarq.user_information)
        return replace(aarq, user_information=encode_initiate_request(replace(told, **changes)))

    return make


def given(_request, _own):
    return GetResponse(0xC2, GOOD)


def spoiled(own):
    return own[:-1] + bytes((own[-1] ^ 1,))


def spoiled_block(_request, own):
    block = decode_response(own)
    return replace(block, raw=spoiled(block.raw)) if isinstance(block, GetBlock) and not block.code else block


def spoiled_transfer(_apdu, own):
    if own[:1] != b"\xe0" or not (block := decode_block(own)).raw:
        return own
    return encode_block(replace(block, raw=spoiled(block.raw)))


def all_agreed(apdu, own):
    if own[:1] != b"\x61":
        return own
    aare = decode_aare(own)
    head, mark, tail = aare.user_information.partition(b"\x5f\x1f\x04\x00")
    return encode_aare(replace(aare, user_information=head + mark + b"\xff\xff\xff" + tail[3:]))


def accepts_what_is_cut(apdu, own):
    try:
        decode_aarq(apdu)
    except MalformedError:
        return OPENED if apdu[:1] == b"\x60" else own
    return own


def padded(apdu):
    """The longest beginning of a GET of the register that this is, made whole."""
    whole = encode_request(GetRequest(0xC1, Access(PLAIN.read)))
    return whole if apdu and whole.startswith(apdu) else apdu


def untailed(apdu):
    whole = encode_request(GetRequest(0xC1, Access(PLAIN.read)))
    return whole if apdu.startswith(whole) else apdu


class Associating(Broken):
    """Opens an association for whoever asks without one."""

    def __init__(self):
        super().__init__(answer=self._answer)

    @staticmethod
    def _answer(apdu, own):
        return encode_response(GetResponse(apdu[2], GOOD)) if apdu[:2] == b"\xc0\x01" else own


def wrong_rows(selector):
    def make(request, own):
        response = decode_response(own)
        if not isinstance(response, GetResponse) or response.result.encoded is None:
            return response
        encoded = response.result.encoded
        row = encoded[2 : 2 + (len(encoded) - 2) // max(encoded[1], 1)]
        count = encoded[1] - 1 if encoded[1] else 1
        rows = encoded[2 : len(encoded) - len(row)] if encoded[1] else b"\x02\x00"
        return replace(response, result=Result(bytes((1, count)) + rows))

    return answers(GetRequest, make, lambda request: request.access.selector == selector and narrow(request))


def narrow(request):
    """Not the judge's first look at the last four rows."""
    parameters = request.access.parameters
    if request.access.selector != 2:
        return True
    first, last = (
        (item.whole() for item in parameters.decode().items()[:2])
        if isinstance(parameters, Encoded)
        else (item.whole() for item in parameters.items()[:2])
    )
    return last - first < 3


def frame(kind, information=b""):
    return hdlc.encode_frame(hdlc.Frame(hdlc.Address(2), hdlc.Address(1), kind, information=information))


def all_steps_done(_apdu, own):
    if own[:1] != b"\xda":
        return own
    response = decode_access_response(own)
    return encode_access_response(replace(response, results=tuple(replace(one, code=0) for one in response.results)))


def accepts_all(_apdu, own):
    return encode_aare(replace(decode_aare(own), result=0)) if own[:1] == b"\x61" else own


def on_frame(kind, answer):
    """An HDLC device that answers each frame of `kind` so."""

    def stream(data):
        frames = hdlc.Decoder().feed(data)
        return answer if frames and frames[0].kind is kind else None

    return Broken(stream=stream)


def unknown(name):
    return lambda request: request.access.target.obis.octets[2:5] == b"\x7f\x7f\x7f" if name == "object" else True


WRAPPER = {
    "wrapper.pieces": Broken(whole_frames=True),
    "wrapper.joined": Broken(one_answer=True),
    "wrapper.version": Broken(wire=lambda data: b"\x00\x01" + data[2:] if data[:2] == b"\x00\x02" else data),
    "wrapper.cut": Broken(stream=lambda data: b"\x00\x01" if len(data) == 7 else None),
    "wrapper.nobody": Broken(address=lambda client, _device: (client, 1)),
}
HDLC = {
    "hdlc.noise": Broken(stream=lambda data: None if data[:1] == b"\x7e" else b""),
    "hdlc.damaged": Broken(stream=lambda data: None if hdlc.Decoder().feed(data) else frame(hdlc.Kind.ACKNOWLEDGE)),
    "hdlc.disconnected": on_frame(hdlc.Kind.INFORMATION, frame(hdlc.Kind.READY)),
    "hdlc.disconnect": on_frame(hdlc.Kind.DISCONNECT, frame(hdlc.Kind.ACKNOWLEDGE)),
    "hdlc.negotiation": on_frame(
        hdlc.Kind.SET_NORMAL_MODE, frame(hdlc.Kind.ACKNOWLEDGE, hdlc.Parameters(1024, 1024, 7, 7).encode())
    ),
}
ASSOCIATION = {
    "association.public": opened(lambda aarq: replace(aarq, context=9)),
    "association.password": opened(lambda aarq: replace(aarq, secret=b"other") if aarq.secret else aarq),
    "association.unknown-client": Broken(address=lambda client, device: (16 if client == 125 else client, device)),
    "association.context": opened(lambda aarq: replace(aarq, context=1)),
    "association.mechanism": opened(lambda aarq: replace(aarq, mechanism=aarq.mechanism if aarq.mechanism < 8 else 0)),
    "association.version": opened(initiate(version=6)),
    "association.no-services": opened(initiate(conformance=int(IMPLEMENTED))),
    "association.pdu-too-short": opened(initiate(max_pdu=0xFFFF)),
    "association.agreed": Broken(answer=all_agreed),
    "association.not-agreed": opened(initiate(conformance=int(IMPLEMENTED))),
    "association.pdu-limit": opened(initiate(max_pdu=0xFFFF)),
    "association.cut-aarq": Broken(answer=accepts_what_is_cut),
    "association.none": Associating(),
    "association.release": Broken(
        request=lambda apdu: b"" if apdu[:1] == b"\x62" else apdu,
        answer=lambda apdu, own: b"\x63\x03\x80\x01\x00" if apdu[:1] == b"\x62" else own,
    ),
    "association.wrong-password": opened(lambda aarq: replace(aarq, secret=b"12345678") if aarq.secret else aarq),
    "association.no-password": opened(
        lambda aarq: aarq if aarq.secret else replace(aarq, mechanism=1, secret=b"12345678")
    ),
}
SERVICES = {
    "get.invoke-id": answers(GetRequest, lambda _request, own: replace(decode_response(own), invoke=0xC3)),
    "get.list": Broken(
        answer=lambda apdu, own: (
            encode_response(GetListResponse(own[2], (GOOD,) * 3)) if own[:2] == b"\xc4\x03" else own
        )
    ),
    "get.unknown-object": answers(GetRequest, given, unknown("object")),
    "get.unknown-attribute": answers(GetRequest, given, lambda request: request.access.target.index == 99),
    "get.wrong-class": answers(GetRequest, given, lambda request: request.access.target.class_id == 71),
    "get.blocks": answers((GetRequest, GetNext), spoiled_block),
    "get.wrong-block": asked(GetNext, lambda request: replace(request, block=1)),
    "get.no-block": answers(GetNext, given),
    "set.read-only": Broken(answer=lambda apdu, own: b"\xc5\x01\xc2\x00" if apdu[:3] == b"\xc1\x01\xc2" else own),
    "set.value": Broken(
        request=lambda apdu: b"" if apdu[:2] == b"\xc1\x01" else apdu,
        answer=lambda apdu, own: bytes((0xC5, 1, apdu[2], 0)) if apdu[:2] == b"\xc1\x01" else own,
    ),
    "set.blocks": asked(SetBlock, lambda request: replace(request, raw=spoiled(request.raw))),
    "set.wrong-block": asked(SetBlock, lambda request: replace(request, number=min(request.number, 2))),
    "set.wrong-type": Broken(answer=lambda apdu, own: b"\xc5\x01\xc5\x00" if apdu[:3] == b"\xc1\x01\xc5" else own),
    "action.unknown-method": answers(ActionRequest, lambda _request, own: replace(decode_response(own), code=0)),
    "action.method": answers(ActionRequest, lambda _request, own: replace(decode_response(own), code=3)),
    "apdu.unknown-service": Broken(
        answer=lambda apdu, own: encode_response(GetResponse(0xC1, GOOD)) if apdu[:1] == b"\x7f" else own
    ),
    "apdu.cut": Broken(request=padded),
    "apdu.tail": Broken(request=untailed),
    "apdu.deep": Broken(dies=lambda apdu: b"\x01\x01" * 50 in apdu),
    "apdu.too-long": Broken(dies=lambda apdu: len(apdu) > 4000),
    "transfer.get": Broken(answer=spoiled_transfer),
    "access.steps": Broken(answer=all_steps_done),
    "selection.entry": wrong_rows(2),
    "selection.range": wrong_rows(1),
    "selection.empty": wrong_rows(1),
    "selection.unknown": answers(GetRequest, given, lambda request: request.access.selector == 77),
}


class Same(Counter):
    """Gives one number for ever."""

    def take(self):
        return 5000


def take_no_proof(patch):
    patch.setattr(Handshake, "check", lambda self, proof: None)


def answer_before_proof(patch):
    patch.setattr(Session, "_answer", lambda self, request, now: self._services.answer(request, now))


def check_no_tag(patch):
    patch.setattr(GcmKey, "open", lambda self, nonce, sealed, _associated: self.conceal(nonce, sealed[:-12]))
    patch.setattr(GcmKey, "verify", lambda self, nonce, associated, tag: None)


def check_no_counter(patch):
    patch.setattr(SeenCounter, "check", lambda self, value: None)
    patch.setattr(SeenCounter, "believe", lambda self, value: None)


def take_plain(patch):
    expose = Session._expose
    patch.setattr(
        Session, "_expose", lambda self, apdu: expose(self, apdu) if protection.is_ciphered(apdu) else (apdu, None)
    )


def take_weaker(patch):
    patch.setattr(protection, "check_control", lambda control, suite, policy: None)


SECURITY = {
    "association.proof": lambda patch: patch.setattr(Handshake, "proof", lambda self: bytes(17)),
    "association.wrong-proof": take_no_proof,
    "association.before-proof": answer_before_proof,
    "security.wrong-authentication-key": check_no_tag,
    "security.flipped-tag": check_no_tag,
    "security.flipped-text": check_no_tag,
    "security.replay": check_no_counter,
    "security.old-counter": check_no_counter,
    "security.aarq-replay": check_no_counter,
    "security.plain": take_plain,
    "security.weaker": take_weaker,
}


@pytest.mark.parametrize("over_hdlc", [False, True])
@pytest.mark.parametrize("subject", [PLAIN, FULL])
def test_a_sound_meter_is_on_the_dlms_level(subject, over_hdlc):
    report = judge(bench_for(subject, over_hdlc=over_hdlc))
    assert report.failed == ()
    assert report.levels() == {"HES": "not judged", "SEP": "not judged", "DLMS": "reached", "prepay": "not judged"}
    untried = {one.check for one in report.judgements if one.verdict is Verdict.NOT_APPLICABLE}
    secret = set(SECURITY) | {"association.fresh-challenge", "security.nonces", "security.wrong-key"}
    assert untried == (secret if subject is PLAIN else {"action.method"})


@pytest.mark.parametrize("check", [*WRAPPER, *ASSOCIATION, *SERVICES])
def test_each_broken_rule_of_a_meter_is_found_by_its_check(check):
    broken = {**WRAPPER, **ASSOCIATION, **SERVICES}[check]
    assert judge(bench_for(PLAIN), only=[check]).failed == ()
    assert judge(bench_for(PLAIN, broken), only=[check]).failed == (check,)


@pytest.mark.parametrize("check", HDLC)
def test_each_broken_rule_of_an_hdlc_meter_is_found_by_its_check(check):
    assert judge(bench_for(PLAIN, over_hdlc=True), only=[check]).failed == ()
    assert judge(bench_for(PLAIN, HDLC[check], over_hdlc=True), only=[check]).failed == (check,)


@pytest.mark.parametrize("check", SECURITY)
def test_each_broken_rule_of_a_meters_security_is_found_by_its_check(check, monkeypatch):
    assert judge(bench_for(FULL), only=[check]).failed == ()
    SECURITY[check](monkeypatch)
    assert judge(bench_for(FULL), only=[check]).failed == (check,)


def test_a_server_that_uses_a_nonce_twice_is_found():
    meter = Meter()
    for access in meter.server.clients.values():
        if access.counter is not None:
            object.__setattr__(access, "counter", Same())
    assert judge(bench_for(FULL, meter=meter), only=["security.nonces"]).failed == ("security.nonces",)


def test_a_meter_that_opens_an_association_under_another_key_is_found():
    bench = bench_for(FULL, Broken(answer=accepts_all))
    assert judge(bench, only=["security.wrong-key"]).failed == ("security.wrong-key",)


def test_a_server_with_one_challenge_for_all_is_found():
    meter = Meter()
    meter.server.entropy = lambda size: b"\x2a" * size
    assert judge(bench_for(FULL, meter=meter), only=["association.fresh"]).failed == ("association.fresh-challenge",)


def test_every_check_is_proved_to_find_its_breach():
    proved = {
        *WRAPPER,
        *HDLC,
        *ASSOCIATION,
        *SERVICES,
        *SECURITY,
        "security.nonces",
        "security.wrong-key",
        "association.fresh-challenge",
    }
    assert proved == {check.name for check in CHECKS}
