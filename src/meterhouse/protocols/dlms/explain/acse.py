"""Association and release, walked: BER fields by name, and Initiate inside (IEC 62056-5-3 §9.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.explain.nodes import Node, Walker
from meterhouse.protocols.dlms.initiate import Conformance

__all__ = ["acse", "initiate_request", "initiate_response"]

_CLAUSE: Final = "IEC 62056-5-3 9.4"
_APDUS: Final = {0x60: "AARQ", 0x61: "AARE", 0x62: "RLRQ", 0x63: "RLRE"}
_REQUEST: Final = {
    0x80: "protocol-version",
    0xA1: "application-context-name",
    0xA2: "called-AP-title",
    0xA3: "called-AE-qualifier",
    0xA4: "called-AP-invocation-id",
    0xA5: "called-AE-invocation-id",
    0xA6: "calling-AP-title",
    0xA7: "calling-AE-qualifier",
    0xA8: "calling-AP-invocation-id",
    0xA9: "calling-AE-invocation-id",
    0x8A: "sender-acse-requirements",
    0x8B: "mechanism-name",
    0xAC: "calling-authentication-value",
    0xBD: "implementation-information",
    0xBE: "user-information",
}
_RESPONSE: Final = {
    0x80: "protocol-version",
    0xA1: "application-context-name",
    0xA2: "result",
    0xA3: "result-source-diagnostic",
    0xA4: "responding-AP-title",
    0xA5: "responding-AE-qualifier",
    0xA6: "responding-AP-invocation-id",
    0xA7: "responding-AE-invocation-id",
    0x88: "responder-acse-requirements",
    0x89: "mechanism-name",
    0xAA: "responding-authentication-value",
    0xBD: "implementation-information",
    0xBE: "user-information",
}
_RELEASE: Final = {0x80: "reason", 0xBE: "user-information"}
_CONTEXTS: Final = {1: "logical names", 2: "short names", 3: "logical names, ciphered", 4: "short names, ciphered"}
_MECHANISMS: Final = {
    0: "lowest level",
    1: "low level (LLS)",
    2: "high level, of the maker",
    3: "high level, MD5",
    4: "high level, SHA-1",
    5: "high level, GMAC",
    6: "high level, SHA-256",
    7: "high level, ECDSA",
}
_RESULTS: Final = {0: "accepted", 1: "rejected-permanent", 2: "rejected-transient"}
_OID: Final = bytes.fromhex("6085740508")


def acse(walk: Walker, inner: Callable[[bytes, int], Node]) -> None:
    """AARQ, AARE, RLRQ or RLRE."""
    tag = walk.number(1, "APDU tag", _APDUS, _CLAUSE)
    names = {0x60: _REQUEST, 0x61: _RESPONSE}.get(tag, _RELEASE)
    end = walk.length() + walk.position
    if end > len(walk.octets):
        raise ApduError(f"the APDU announces {end - len(walk.octets)} bytes that are not there")
    while walk.position < end:
        kind = walk.octets[walk.position]
        with walk.group(names.get(kind, f"field {kind:02X}"), _CLAUSE) as node:
            walk.number(1, "tag")
            length = walk.length()
            start = walk.position
            contents = walk.octets[start : start + length]
            if kind == 0xBE and contents[:1] == b"\x04":
                walk.number(1, "octet-string tag")
                size = walk.length()
                octets = walk.note(size, "contents")
                walk.nodes[-1].children.append(inner(octets, walk.nodes[-1].start))
            else:
                walk.note(length, "contents", _said(node.name, contents))
                node.value = walk.nodes[-1].value


def _said(name: str, contents: bytes) -> str:
    if _OID in contents:
        number = contents[-1]
        known = _CONTEXTS if name == "application-context-name" else _MECHANISMS
        return f"2.16.756.5.8.{contents[-2]}.{number} {known.get(number, 'unknown')}"
    if name == "result" and contents:
        return f"{contents[-1]} {_RESULTS.get(contents[-1], 'unknown')}"
    if name.endswith("AP-title"):
        return f"system title {contents[2:].hex().upper()}"
    return contents.hex()


def _optional(walk: Walker, name: str, size: int = 1) -> None:
    if walk.number(1, f"{name} present", {0: "no", 1: "yes"}) == 1:
        walk.number(size, name)


def _conformance(walk: Walker) -> None:
    walk.note(4, "conformance tag, length, unused bits")
    bits = int.from_bytes(walk.note(3, "conformance block", clause="IEC 62056-5-3 7.3.1"), "big")
    names = [str(flag.name).lower().replace("_", "-") for flag in Conformance if flag & bits]
    walk.nodes[-1].value = ", ".join(names)


def initiate_request(walk: Walker) -> None:
    """InitiateRequest."""
    if walk.number(1, "dedicated-key present", {0: "no", 1: "yes"}) == 1:
        walk.note(walk.length(), "dedicated-key", "not shown in words")
    _optional(walk, "response-allowed")
    _optional(walk, "proposed-quality-of-service")
    walk.number(1, "proposed-dlms-version-number")
    _conformance(walk)
    walk.number(2, "client-max-receive-pdu-size")


def initiate_response(walk: Walker) -> None:
    """InitiateResponse."""
    _optional(walk, "negotiated-quality-of-service")
    walk.number(1, "negotiated-dlms-version-number")
    _conformance(walk)
    walk.number(2, "server-max-receive-pdu-size")
    walk.number(2, "vaa-name", {0x0007: "logical names", 0xFA00: "short names"})
