"""APDUs, walked: xDLMS services, notifications, ciphered ones, block transfer (IEC 62056-5-3 §9.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.model import AuthenticationError, MeterhouseError
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.explain.acse import acse, initiate_request, initiate_response
from meterhouse.protocols.dlms.explain.nodes import Node, Walker
from meterhouse.protocols.dlms.explain.unlock import ExplainKeys
from meterhouse.protocols.dlms.explain.values import (
    ACTION_RESULTS,
    DATA_RESULTS,
    access,
    data,
    invoke,
    listed,
    result,
    target,
)

__all__ = ["NAMES", "explain_apdu"]

MAX_NESTING: Final = 6
"""APDUs inside each other beyond this are not opened."""
_CLAUSE: Final = "IEC 62056-5-3 9.5"
_SERVICES: Final = {
    0xC0: "get-request",
    0xC1: "set-request",
    0xC2: "event-notification-request",
    0xC3: "action-request",
    0xC4: "get-response",
    0xC5: "set-response",
    0xC7: "action-response",
}
NAMES: Final = {
    0x01: "initiate-request",
    0x08: "initiate-response",
    0x0E: "confirmed-service-error",
    0x0F: "data-notification",
    0x10: "data-notification-confirm",
    0x60: "AARQ",
    0x61: "AARE",
    0x62: "RLRQ",
    0x63: "RLRE",
    0xD8: "exception-response",
    0xD9: "access-request",
    0xDA: "access-response",
    0xDB: "general-glo-ciphering",
    0xDC: "general-ded-ciphering",
    0xDD: "general-ciphering",
    0xDF: "general-signing",
    0xE0: "general-block-transfer",
    **_SERVICES,
    **{tag + 8: f"glo-{name}" for tag, name in _SERVICES.items()},
    **{tag + 16: f"ded-{name}" for tag, name in _SERVICES.items()},
    0x21: "glo-initiate-request",
    0x28: "glo-initiate-response",
    0x2E: "glo-confirmed-service-error",
}
_KINDS: Final = {
    0xC0: {1: "normal", 2: "next", 3: "with-list"},
    0xC1: {
        1: "normal",
        2: "with-first-datablock",
        3: "with-datablock",
        4: "with-list",
        5: "with-list-and-first-datablock",
    },
    0xC3: {
        1: "normal",
        2: "next-pblock",
        3: "with-list",
        4: "with-first-pblock",
        5: "with-list-and-first-pblock",
        6: "with-pblock",
    },
    0xC4: {1: "normal", 2: "with-datablock", 3: "with-list"},
    0xC5: {1: "normal", 2: "datablock", 3: "last-datablock", 4: "last-datablock-with-list", 5: "with-list"},
    0xC7: {1: "normal", 2: "with-pblock", 3: "with-list", 4: "next-pblock"},
}
_STATES: Final = {1: "service-not-allowed", 2: "service-unknown"}
_EXCEPTIONS: Final = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}
_FLAG: Final = {0: "no", 1: "yes"}


def explain_apdu(octets: bytes, keys: ExplainKeys, base: int = 0, nesting: int = 0) -> Node:
    """The APDU in `octets`, as far as it can be walked; what cannot be is said, and shown as it is. Never raises."""
    walk = Walker(octets, base)
    tag = octets[0] if octets else -1
    node = Node(NAMES.get(tag, "COSEM data"), base, octets, clause=_CLAUSE)
    try:
        _walk(walk, tag, keys, nesting)
        if walk.remaining:
            raise ApduError(f"{walk.remaining} bytes after the end")
    except MeterhouseError as error:
        rest = octets[walk.position :]
        walk.nodes.append(Node("not understood", base + walk.position, rest, error.sentence()))
    node.children = walk.nodes
    return node


def _walk(walk: Walker, tag: int, keys: ExplainKeys, nesting: int) -> None:
    def inner(octets: bytes, base: int) -> Node:
        if nesting >= MAX_NESTING:
            return Node("not opened", base, octets, f"more than {MAX_NESTING} APDUs inside each other")
        return explain_apdu(octets, keys, base, nesting + 1)

    if tag in {0x60, 0x61, 0x62, 0x63}:
        acse(walk, inner)
    elif tag in _PLAIN:
        walk.number(1, "APDU tag", NAMES, _CLAUSE)
        _PLAIN[tag](walk)
    elif tag in _KINDS:
        walk.number(1, "APDU tag", NAMES, _CLAUSE)
        kind = walk.number(1, "choice", _KINDS[tag])
        invoke(walk)
        _service(walk, tag, kind)
    elif tag in NAMES:
        walk.number(1, "APDU tag", NAMES, _CLAUSE)
        _ciphered(walk, tag, keys, inner)
    else:
        data(walk)


def _ciphered(walk: Walker, tag: int, keys: ExplainKeys, inner: Callable[[bytes, int], Node]) -> None:
    title = b""
    if tag in {0xDB, 0xDC}:
        title = walk.note(walk.length("system title length"), "system-title")
    elif tag in {0xDD, 0xDF}:
        for name in ("transaction-id", "originator-system-title", "recipient-system-title", "date-time", "other"):
            found = walk.note(walk.length(f"{name} length"), name)
            title = found if name.startswith("originator") else title
    if tag == 0xDF:
        content = walk.note(walk.length("content length"), "content")
        walk.nodes[-1].children.append(inner(content, walk.nodes[-1].start))
        walk.note(walk.length("signature length"), "signature", "not checked here")
        return
    if tag == 0xDD and walk.number(1, "key-info", _FLAG) == 1:
        _key_info(walk)
    length = walk.length("ciphered content length")
    if length < 5 or length > walk.remaining:
        raise ApduError(f"ciphered content of {length} bytes cannot be here")
    _secured(walk, length, keys, title, inner)


def _key_info(walk: Walker) -> None:
    kind = walk.number(1, "key-id", {0: "identified-key", 1: "wrapped-key", 2: "agreed-key"})
    if kind == 0:
        walk.number(1, "key-id", {0: "global-unicast-encryption-key", 1: "global-broadcast-encryption-key"})
    elif kind == 1:
        walk.number(1, "kek-id", {0: "master-key"})
        walk.note(walk.length(), "key-ciphered-data")
    else:
        walk.note(walk.length(), "key-parameters")
        walk.note(walk.length(), "key-ciphered-data")


def _secured(walk: Walker, length: int, keys: ExplainKeys, title: bytes, inner: Callable[[bytes, int], Node]) -> None:
    control = walk.note(1, "security control", clause="IEC 62056-5-3 9.2.7.2.4.1")[0]
    parts = [f"suite {control & 15}"]
    parts += [word for bit, word in ((16, "authenticated"), (32, "encrypted"), (64, "broadcast key")) if control & bit]
    walk.nodes[-1].value = ", ".join(parts + ["compressed"] * bool(control & 128))
    counter = walk.note(4, "invocation counter")
    walk.nodes[-1].value = str(int.from_bytes(counter, "big"))
    body = walk.octets[walk.position : walk.position + length - 5]
    proof = 12 if control & 16 and len(body) >= 12 else 0
    walk.note(len(body) - proof, "ciphertext" if control & 32 else "plain text")
    node = walk.nodes[-1]
    if proof:
        walk.note(proof, "authentication tag")
    try:
        plain = keys.open(control, counter, body, title)
    except AuthenticationError as error:
        node.value = error.sentence()
        return
    node.value = "opened; the tag is right" if control & 16 else "opened; nothing proves who sent it"
    node.children.append(inner(plain, 0))


def _block(walk: Walker) -> None:
    walk.number(1, "last-block", _FLAG)
    walk.number(4, "block-number")


def _raw(walk: Walker) -> None:
    walk.note(walk.length(), "raw-data", "a part of the whole value")


def _outcome(walk: Walker) -> None:
    walk.number(1, "action-result", ACTION_RESULTS)
    if walk.number(1, "return-parameters", _FLAG) == 1:
        result(walk)


def _get_request(walk: Walker, kind: int) -> None:
    if kind == 1:
        access(walk)
    elif kind == 2:
        walk.number(4, "block-number")
    else:
        for _ in listed(walk, "references"):
            access(walk)


def _set_request(walk: Walker, kind: int) -> None:
    if kind in {1, 2}:
        access(walk)
    elif kind in {4, 5}:
        for _ in listed(walk, "references"):
            access(walk)
    if kind in {2, 3, 5}:
        _block(walk)
        _raw(walk)
    elif kind == 1:
        data(walk, "value")
    else:
        for _ in listed(walk, "values"):
            data(walk, "value")


def _action_request(walk: Walker, kind: int) -> None:
    if kind == 2:
        walk.number(4, "block-number")
        return
    if kind in {1, 4}:
        target(walk, method=True)
    elif kind in {3, 5}:
        for _ in listed(walk, "references"):
            target(walk, method=True)
    if kind == 1 and walk.number(1, "method-invocation-parameters", _FLAG) == 1:
        data(walk, "parameter")
    elif kind == 3:
        for _ in listed(walk, "parameters"):
            data(walk, "parameter")
    elif kind > 3:
        _block(walk)
        _raw(walk)


def _get_response(walk: Walker, kind: int) -> None:
    if kind == 1:
        result(walk)
    elif kind == 3:
        for _ in listed(walk, "results"):
            result(walk)
    else:
        _block(walk)
        if walk.number(1, "result", {0: "raw-data", 1: "data-access-result"}) == 0:
            _raw(walk)
        else:
            walk.number(1, "data-access-result", DATA_RESULTS)


def _set_response(walk: Walker, kind: int) -> None:
    if kind in {1, 3}:
        walk.number(1, "data-access-result", DATA_RESULTS)
    elif kind in {4, 5}:
        for _ in listed(walk, "results"):
            walk.number(1, "data-access-result", DATA_RESULTS)
    if kind in {2, 3, 4}:
        walk.number(4, "block-number")


def _action_response(walk: Walker, kind: int) -> None:
    if kind == 1:
        _outcome(walk)
    elif kind == 3:
        for _ in listed(walk, "outcomes"):
            _outcome(walk)
    elif kind == 2:
        _block(walk)
        _raw(walk)
    else:
        walk.number(4, "block-number")


_BODIES: Final[dict[int, Callable[[Walker, int], None]]] = {
    0xC0: _get_request,
    0xC1: _set_request,
    0xC3: _action_request,
    0xC4: _get_response,
    0xC5: _set_response,
    0xC7: _action_response,
}


def _service(walk: Walker, tag: int, kind: int) -> None:
    if kind not in _KINDS[tag]:
        raise ApduError(f"{NAMES[tag]} of kind {kind} is not known")
    _BODIES[tag](walk, kind)


def _exception(walk: Walker) -> None:
    walk.number(1, "state-error", _STATES)
    if walk.number(1, "service-error", _EXCEPTIONS) == 6:
        walk.number(4, "invocation-counter")


def _service_error(walk: Walker) -> None:
    walk.number(1, "service", {1: "initiate-error", 5: "read", 6: "write"})
    walk.number(1, "service-error")
    walk.number(1, "value")


def _time(walk: Walker) -> None:
    walk.note(walk.length("date-time length"), "date-time")


def _notification(walk: Walker) -> None:
    walk.number(4, "long-invoke-id-and-priority")
    _time(walk)
    data(walk, "notification-body")


def _confirm(walk: Walker) -> None:
    walk.number(4, "long-invoke-id-and-priority")
    _time(walk)


def _event(walk: Walker) -> None:
    if walk.number(1, "time", _FLAG) == 1:
        _time(walk)
    target(walk)
    data(walk, "attribute-value")


def _transfer(walk: Walker) -> None:
    control = walk.note(1, "block-control", clause="IEC 62056-5-3 9.3.13")[0]
    flags = [word for bit, word in ((128, "last block"), (64, "streaming")) if control & bit]
    walk.nodes[-1].value = ", ".join([*flags, f"window {control & 63}"])
    walk.number(2, "block-number")
    walk.number(2, "block-number-ack")
    walk.note(walk.length(), "block-data", "a part of an APDU")


def _access_specification(walk: Walker) -> None:
    names = {1: "get", 2: "set", 3: "action", 4: "get-with-selection", 5: "set-with-selection"}
    for _ in listed(walk, "specifications"):
        kind = walk.number(1, "access-request", names)
        target(walk, method=kind == 3)
        if kind in {4, 5}:
            walk.number(1, "access-selector")
            data(walk, "access-parameters")


def _access_request(walk: Walker) -> None:
    _confirm(walk)
    _access_specification(walk)
    for _ in listed(walk, "data"):
        data(walk)


def _access_response(walk: Walker) -> None:
    _confirm(walk)
    if walk.number(1, "access-request-specification", _FLAG) == 1:
        _access_specification(walk)
    for _ in listed(walk, "data"):
        data(walk)
    for _ in listed(walk, "results"):
        kind = walk.number(1, "access-response", {1: "get", 2: "set", 3: "action"})
        walk.number(1, "result", ACTION_RESULTS if kind == 3 else DATA_RESULTS)


_PLAIN: Final[dict[int, Callable[[Walker], None]]] = {
    0x01: initiate_request,
    0x08: initiate_response,
    0x0E: _service_error,
    0x0F: _notification,
    0x10: _confirm,
    0xC2: _event,
    0xD8: _exception,
    0xD9: _access_request,
    0xDA: _access_response,
    0xE0: _transfer,
}
