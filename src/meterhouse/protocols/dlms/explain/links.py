"""What carries APDUs, walked: HDLC frames, the wrapper, the gateway prefix; and the choice of what bytes are."""

from __future__ import annotations

from typing import Final

from meterhouse.model import MeterhouseError
from meterhouse.protocols.dlms.axdr import decode
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.explain.apdus import NAMES, explain_apdu
from meterhouse.protocols.dlms.explain.nodes import Node, Walker
from meterhouse.protocols.dlms.explain.unlock import ExplainKeys
from meterhouse.protocols.dlms.explain.values import data
from meterhouse.protocols.dlms.hdlc.checksum import checksum

__all__ = ["MAX_OCTETS", "explain"]

MAX_OCTETS: Final = 1 << 20
"""More than this is not explained."""
_WRAPPER: Final = b"\x00\x01"
_HDLC: Final = "IEC 62056-46 6.4"
_CONTROLS: Final = {0x93: "SNRM", 0x83: "SNRM", 0x73: "UA", 0x53: "DISC", 0x1F: "DM", 0x97: "FRMR", 0x13: "UI"}


def explain(octets: bytes, keys: ExplainKeys | None = None) -> list[Node]:
    """What `octets` are: HDLC frames, wrapper frames, a gateway prefix, an APDU or COSEM data; a tree for each.

    Never raises on the bytes: what cannot be understood stands in the tree as such.

    Raises:
        ApduError: nothing, or more than `MAX_OCTETS`.
    """
    if not 0 < len(octets) <= MAX_OCTETS:
        raise ApduError(f"{len(octets)} bytes are not 1 to {MAX_OCTETS}")
    keys = keys or ExplainKeys()
    if octets[0] == 0x7E:
        return _frames(octets, keys)
    if octets[:2] == _WRAPPER and len(octets) > 8:
        return _wrapped(octets, keys)
    if octets[0] in {0xE6, 0xE7} and len(octets) > 3:
        return [_carried(octets, keys, 0)]
    return [_apdu_or_data(octets, keys)]


def _apdu_or_data(octets: bytes, keys: ExplainKeys) -> Node:
    """Some tags are both an APDU's and a type's: the reading that comes to the end wins."""
    node = explain_apdu(octets, keys)
    if octets[0] not in NAMES or not any(child.name == "not understood" for child in node.children):
        return node
    try:
        decode(octets)
    except ApduError:
        return node
    walk = Walker(octets)
    data(walk)
    return walk.nodes[0]


def _wrapped(octets: bytes, keys: ExplainKeys) -> list[Node]:
    nodes, at = [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at + 6 : at + 8], "big")
        frame = octets[at : at + 8 + length]
        node = Node("wrapper frame", at, frame, clause="IEC 62056-4-7 5.3")
        walk = Walker(frame, at)
        try:
            walk.number(2, "version", {1: ""})
            walk.number(2, "source wPort")
            walk.number(2, "destination wPort")
            walk.number(2, "length")
            if walk.remaining != length or not length:
                raise ApduError(f"the length says {length} bytes, {walk.remaining} are there")
            walk.nodes.append(_carried(walk.rest(), keys, at + 8))
        except MeterhouseError as error:
            walk.nodes.append(Node("not understood", at + walk.position, frame[walk.position :], error.sentence()))
        node.children = walk.nodes
        nodes.append(node)
        at += max(len(frame), 1)
    return nodes


def _carried(octets: bytes, keys: ExplainKeys, base: int) -> Node:
    """An APDU, behind an LLC header or a gateway prefix or neither."""
    if octets[:2] not in {b"\xe6\xe6", b"\xe6\xe7"} and octets[:1] not in {b"\xe6", b"\xe7"}:
        return explain_apdu(octets, keys, base)
    llc = octets[:3] in {b"\xe6\xe6\x00", b"\xe6\xe7\x00"}
    node = Node("LLC PDU" if llc else "gateway prefix", base, octets, clause="IEC 62056-46 5.3" if llc else "")
    walk = Walker(octets, base)
    try:
        if llc:
            walk.note(1, "destination LSAP")
            walk.note(1, "source LSAP", {0xE6: "a client's", 0xE7: "a server's"}[octets[1]])
            walk.note(1, "quality")
        else:
            walk.number(1, "tag", {0xE6: "to the device", 0xE7: "from the device"})
            walk.number(1, "network")
            walk.note(walk.number(1, "address length"), "physical device address")
        rest = base + walk.position
        walk.nodes.append(explain_apdu(walk.rest(), keys, rest))
    except MeterhouseError as error:
        walk.nodes.append(Node("not understood", base + walk.position, octets[walk.position :], error.sentence()))
    node.children = walk.nodes
    return node


def _frames(octets: bytes, keys: ExplainKeys) -> list[Node]:
    nodes, at = [], 0
    while at < len(octets):
        if octets[at] == 0x7E and (at + 1 >= len(octets) or octets[at + 1] == 0x7E):
            at += 1
            continue
        start = at + 1 if octets[at] == 0x7E else at
        length = int.from_bytes(octets[start : start + 2], "big") & 0x7FF
        end = start + max(length, 2)
        nodes.append(_frame(octets[start:end], start, keys))
        at = end
    return nodes or [Node("HDLC flags", 0, octets, clause=_HDLC)]


def _frame(octets: bytes, base: int, keys: ExplainKeys) -> Node:
    node = Node("HDLC frame type 3", base, octets, clause=_HDLC)
    walk = Walker(octets, base)
    try:
        _frame_fields(walk, keys)
    except MeterhouseError as error:
        walk.nodes.append(Node("not understood", base + walk.position, octets[walk.position :], error.sentence()))
    node.children = walk.nodes
    return node


def _address(walk: Walker, name: str) -> None:
    size = 1
    while walk.position + size <= len(walk.octets) and not walk.octets[walk.position + size - 1] & 1 and size < 4:
        size += 1
    parts = walk.note(size, name)
    sevens = [octet >> 1 for octet in parts]
    words = {1: "{0}", 2: "upper {0}, lower {1}", 4: "upper {0}, lower {1}"}
    halves = sevens if size < 4 else [sevens[0] << 7 | sevens[1], sevens[2] << 7 | sevens[3]]
    walk.nodes[-1].value = words.get(size, "not 1, 2 or 4 bytes").format(*halves)


def _check(walk: Walker, name: str, end: int) -> None:
    right = checksum(walk.octets[:end]) == walk.octets[end : end + 2]
    walk.note(2, name, "right" if right else "WRONG", "IEC 62056-46 6.4.4")


def _frame_fields(walk: Walker, keys: ExplainKeys) -> None:
    octets = walk.octets
    header = int.from_bytes(walk.note(2, "frame format"), "big")
    length = header & 0x7FF
    walk.nodes[-1].value = f"type {header >> 12:X}, {'segmented, ' if header & 0x800 else ''}{length} bytes"
    if length != len(octets):
        raise ApduError(f"the frame says {length} bytes, {len(octets)} are there")
    _address(walk, "destination address")
    _address(walk, "source address")
    control = walk.note(1, "control")[0]
    walk.nodes[-1].value = _control(control)
    if walk.remaining > 2:
        _check(walk, "HCS", walk.position)
        size = walk.remaining - 2
        start = walk.position
        body = walk.note(size, "information")
        if not control & 1 and not header & 0x800 and body[:1] == b"\xe6":
            walk.nodes[-1] = _carried(body, keys, walk.base + start)
        elif not control & 1:
            walk.nodes[-1].value = "a segment of an APDU"
    _check(walk, "FCS", walk.position)


def _control(control: int) -> str:
    if not control & 1:
        return f"I, N(S) {control >> 1 & 7}, N(R) {control >> 5}, {'P/F' if control & 16 else 'no P/F'}"
    if control & 3 == 1:
        return f"{'RNR' if control & 4 else 'RR'}, N(R) {control >> 5}"
    return _CONTROLS.get(control, _CONTROLS.get(control | 0x10, f"unnumbered {control:02X}"))
