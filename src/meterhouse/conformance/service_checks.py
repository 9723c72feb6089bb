"""GET, SET and ACTION: whole, in lists, in blocks; and every way of asking wrongly."""

from __future__ import annotations

from typing import Final

from meterhouse.conformance.answers import demand_refusal, shown
from meterhouse.conformance.association_checks import read_request
from meterhouse.conformance.bench import Bench, Talk
from meterhouse.conformance.check import Check, check
from meterhouse.conformance.verdict import Failed, NotApplicable
from meterhouse.model import MeterhouseError, UsageError
from meterhouse.protocols.dlms import AccessRefusedError, CosemData, Obis, boolean, integer, null, octet_string
from meterhouse.protocols.dlms.axdr import Encoded, encode
from meterhouse.protocols.dlms.initiate import Conformance
from meterhouse.protocols.dlms.requests import (
    Access,
    ActionRequest,
    GetNext,
    GetRequest,
    Request,
    SetBlock,
    SetRequest,
    Target,
    encode_request,
)
from meterhouse.protocols.dlms.responses import GetBlock, GetResponse, SetBlockResponse, decode_response

__all__ = ["CHECKS"]

_GET: Final = "IEC 62056-5-3 §9.3.6"
_SET: Final = "IEC 62056-5-3 §9.3.7"
_ACTION: Final = "IEC 62056-5-3 §9.3.8"
_APDU: Final = "IEC 62056-5-3 §9.5"
_NOT_THERE: Final = Obis.parse("0-0:127.127.127.255")
_SMALL: Final = 128
_LONG: Final = 300
_DEEP: Final = bytes((1, 1)) * 500 + b"\x00"
"""An array in an array, 500 times."""
_UNKNOWN_SERVICE: Final = b"\x7f\x01\xc1\x00"


def _value(bench: Bench, talk: Talk, target: Target | None = None) -> CosemData:
    read = bench.subject.read if target is None else target
    return talk.run(talk.client.get(read.class_id, read.obis, read.index))


def _intact(bench: Bench, talk: Talk, value: CosemData) -> None:
    """Demand that the association still stands and says the same."""
    sent, came = talk.line.sent, talk.line.came
    try:
        again = _value(bench, talk)
    except MeterhouseError as error:
        raise Failed(f"{shown(came)}, and then the association is gone: {error}") from error
    finally:
        talk.line.sent = sent
    if again != value:
        raise Failed(f"{shown(came)}, and then another value is read")


def _refused(bench: Bench, *requests: Request | bytes) -> None:
    """Demand that each request is refused, and that the association stands."""
    with bench.talking() as talk:
        value = _value(bench, talk)
        for request in requests:
            apdu = request if isinstance(request, bytes) else encode_request(request)
            _refuse_one(talk, apdu)
            _intact(bench, talk, value)


def _refuse_one(talk: Talk, apdu: bytes) -> None:
    try:
        answer = talk.exchange(apdu)
    except MeterhouseError as error:
        raise Failed(f"{shown(talk.line.came)}: {error}") from error
    demand_refusal(answer)


def _writable(bench: Bench) -> Target:
    if bench.subject.write is None:
        raise NotApplicable("the profile names no attribute to write")
    return bench.subject.write


@check("get.invoke-id", _GET, "the answer has the invoke id of its request")
def _invoke_id(bench: Bench) -> None:
    with bench.talking() as talk:
        for invoke in (0xC1, 0xCF, 0x40):
            response = decode_response(talk.exchange(read_request(bench, invoke)))
            if not isinstance(response, GetResponse) or response.invoke & 0x0F != invoke & 0x0F:
                raise Failed(shown(talk.line.came))


@check("get.list", _GET, "GET with list gives each value in its place, and an error where there is none")
def _list(bench: Bench) -> None:
    read = bench.subject.read
    wanted = (read.class_id, read.obis, read.index)
    with bench.talking() as talk:
        if not talk.client.conformance & Conformance.MULTIPLE_REFERENCES:
            raise NotApplicable("multiple references were not agreed on")
        value = _value(bench, talk)
        first, second, third = talk.run(talk.client.get_list([wanted, (read.class_id, _NOT_THERE, 2), wanted]))
    if (first, third) != (value, value) or not isinstance(second, AccessRefusedError):
        raise Failed(f"{first}, {second}, {third}")


@check("get.unknown-object", _GET, "an object that is not there is refused, and the association stands")
def _unknown_object(bench: Bench) -> None:
    _refused(bench, GetRequest(0xC2, Access(Target(bench.subject.read.class_id, _NOT_THERE, 2))))


@check("get.unknown-attribute", _GET, "an attribute that the class does not have is refused")
def _unknown_attribute(bench: Bench) -> None:
    read = bench.subject.read
    _refused(bench, GetRequest(0xC2, Access(Target(read.class_id, read.obis, 99))))


@check("get.wrong-class", _GET, "an object asked for under another class is refused")
def _wrong_class(bench: Bench) -> None:
    read = bench.subject.read
    _refused(bench, GetRequest(0xC2, Access(Target(71 if read.class_id != 71 else 1, read.obis, read.index))))


@check("get.blocks", _GET, "a long value read in blocks is the one read whole")
def _blocks(bench: Bench) -> None:
    with bench.talking() as talk:
        whole = talk.run(talk.client.get_encoded(15, talk.settings.quirks.association, 2))
    conformance = int(bench.settings().conformance) & ~int(Conformance.GENERAL_BLOCK_TRANSFER)
    with bench.talking(max_pdu=_SMALL, conformance=conformance) as talk:
        if not talk.client.conformance & Conformance.BLOCK_TRANSFER_WITH_GET:
            raise NotApplicable("block transfer with GET was not agreed on")
        parts = talk.run(talk.client.get_encoded(15, talk.settings.quirks.association, 2))
    if len(whole) <= _SMALL:
        raise NotApplicable(f"the object list has only {len(whole)} bytes")
    if parts != whole:
        raise Failed(f"{len(parts)} bytes in blocks, {len(whole)} whole, and they differ")


@check("get.wrong-block", _GET, "a block that is not the next one is refused, and the association stands")
def _wrong_block(bench: Bench) -> None:
    conformance = int(bench.settings().conformance) & ~int(Conformance.GENERAL_BLOCK_TRANSFER)
    with bench.talking(max_pdu=_SMALL, conformance=conformance) as talk:
        value = _value(bench, talk)
        long = Access(Target(15, talk.settings.quirks.association, 2))
        first = decode_response(talk.exchange(encode_request(GetRequest(0xC3, long))))
        if not isinstance(first, GetBlock) or first.last:
            raise NotApplicable("the object list does not come in blocks")
        _refuse_one(talk, encode_request(GetNext(0xC3, 7)))
        _intact(bench, talk, value)


@check("get.no-block", _GET, "a next block where no long answer is under way is refused")
def _no_block(bench: Bench) -> None:
    _refused(bench, GetNext(0xC2, 1))


@check("set.read-only", _SET, "a logical name is not written")
def _read_only(bench: Bench) -> None:
    read = bench.subject.read
    _refused(bench, SetRequest(0xC2, Access(Target(read.class_id, read.obis, 1)), octet_string(bytes(6))))


@check("set.value", _SET, "what is written is read, and the old value again after it was put back")
def _set_value(bench: Bench) -> None:
    target = _writable(bench)
    with bench.talking() as talk:
        before = _value(bench, talk, target)
        for new in (octet_string(b"judged"), before):
            talk.run(talk.client.set(target.class_id, target.obis, target.index, new))
            if (now := _value(bench, talk, target)) != new:
                raise Failed(f"{now} is read after {new} was written")


@check("set.blocks", _SET, f"{_LONG} bytes written in blocks are read as they were written")
def _set_blocks(bench: Bench) -> None:
    target = _writable(bench)
    new = octet_string(bytes(number & 0xFF for number in range(_LONG)))
    conformance = int(bench.settings().conformance) & ~int(Conformance.GENERAL_BLOCK_TRANSFER)
    with bench.talking(conformance=conformance) as talk:
        if not talk.client.conformance & Conformance.BLOCK_TRANSFER_WITH_SET:
            raise NotApplicable("block transfer with SET was not agreed on")
        before = _value(bench, talk, target)
        access, octets = Access(target), encode(new)
        pieces = [octets[place : place + 60] for place in range(0, len(octets), 60)]
        for number, piece in enumerate(pieces, 1):
            last = number == len(pieces)
            block = SetBlock(0xC4, access if number == 1 else None, last, number, piece)
            response = decode_response(talk.exchange(encode_request(block)))
            if not last and response != SetBlockResponse(0xC4, number):
                raise Failed(f"{shown(talk.line.came)} to block {number}")
        now = _value(bench, talk, target)
        talk.run(talk.client.set(target.class_id, target.obis, target.index, before))
    if now != new:
        raise Failed(f"{now} is read")


@check("set.wrong-block", _SET, "a block that is not the next one is refused, and nothing is written")
def _set_wrong_block(bench: Bench) -> None:
    target = _writable(bench)
    with bench.talking() as talk:
        if not talk.client.conformance & Conformance.BLOCK_TRANSFER_WITH_SET:
            raise NotApplicable("block transfer with SET was not agreed on")
        before = _value(bench, talk, target)
        talk.exchange(encode_request(SetBlock(0xC4, Access(target), last=False, number=1, raw=encode(before)[:1])))
        _refuse_one(talk, encode_request(SetBlock(0xC4, None, last=True, number=3, raw=encode(before)[1:])))
        if (now := _value(bench, talk, target)) != before:
            raise Failed(f"{now} is read")


@check("set.wrong-type", _SET, "a value of another type is refused, and nothing is written")
def _wrong_type(bench: Bench) -> None:
    target = _writable(bench)
    with bench.talking() as talk:
        before = _value(bench, talk, target)
        for value in (boolean(True), null, Encoded(b"\x0f\x01")):
            _refuse_one(talk, encode_request(SetRequest(0xC5, Access(target), value)))
        if (now := _value(bench, talk, target)) != before:
            raise Failed(f"{now} is read")


@check("action.unknown-method", _ACTION, "a method that the class does not have is refused")
def _unknown_method(bench: Bench) -> None:
    read = bench.subject.read
    _refused(bench, ActionRequest(0xC2, Target(read.class_id, read.obis, 99), integer(0)))


@check("action.method", _ACTION, "a method that may be called is done")
def _method(bench: Bench) -> None:
    method = bench.subject.method
    if method is None:
        raise NotApplicable("the profile names no method to call")
    with bench.talking() as talk:
        talk.run(talk.client.act(method.class_id, method.obis, method.index, integer(0)))


@check("apdu.unknown-service", _APDU, "a service that is not known is refused, and the association stands")
def _unknown_service(bench: Bench) -> None:
    _refused(bench, _UNKNOWN_SERVICE)


@check("apdu.cut", _APDU, "a request that is cut off is refused, and the association stands")
def _cut(bench: Bench) -> None:
    whole = read_request(bench)
    _refused(bench, *(whole[:length] for length in range(1, len(whole))))


@check("apdu.tail", _APDU, "a request with bytes after its end is refused, and the association stands")
def _tail(bench: Bench) -> None:
    _refused(bench, read_request(bench) + b"\x00\x00")


@check("apdu.deep", _APDU, "data nested without end are refused, and the device lives")
def _deep(bench: Bench) -> None:
    read = bench.subject.read
    with bench.talking() as talk:
        try:
            apdu = encode_request(SetRequest(0xC2, Access(Target(read.class_id, read.obis, 1)), Encoded(_DEEP)))
            demand_refusal(talk.exchange(apdu))
        except UsageError as error:
            raise NotApplicable(f"the device takes no such APDU: {error}") from error
        except MeterhouseError:
            pass  # silence, or the end of the connection
    bench.alive()


@check("apdu.too-long", _APDU, "an APDU beyond what the device takes is refused, and the device lives")
def _too_long(bench: Bench) -> None:
    read = bench.subject.read
    conformance = int(bench.settings().conformance) & ~int(Conformance.GENERAL_BLOCK_TRANSFER)
    with bench.talking(conformance=conformance) as talk:
        value = Encoded(encode(octet_string(bytes(60_000))))
        try:
            apdu = encode_request(SetRequest(0xC2, Access(Target(read.class_id, read.obis, 1)), value))
            demand_refusal(talk.exchange(apdu))
        except MeterhouseError:
            pass  # silence, or the end of the connection
    bench.alive()


CHECKS: Final[tuple[Check, ...]] = (
    _invoke_id,
    _list,
    _unknown_object,
    _unknown_attribute,
    _wrong_class,
    _blocks,
    _wrong_block,
    _no_block,
    _read_only,
    _set_value,
    _set_blocks,
    _set_wrong_block,
    _wrong_type,
    _unknown_method,
    _method,
    _unknown_service,
    _cut,
    _tail,
    _deep,
    _too_long,
)
