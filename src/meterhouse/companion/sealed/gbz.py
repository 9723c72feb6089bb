"""ZigBee content of a sealed message: components of the Smart Energy profile, and the head of an alert (GBCS §7.2.9).

Everything round the ZCL frames is big-endian; the frames themselves are little-endian.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from typing import Final

from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.octets import SealedReader
from meterhouse.companion.sealed.zcl import ZclFrame, decode_zcl
from meterhouse.model import SECOND, Instant, UsageError, parse_instant

__all__ = [
    "MAX_COMPONENTS",
    "SMART_ENERGY",
    "AlertContent",
    "Component",
    "decode_alert_content",
    "decode_alert_head",
    "decode_components",
    "encode_components",
    "zigbee_time",
]

SMART_ENERGY: Final = 0x0109
"""The ZigBee application profile of Smart Energy 1.x."""
MAX_COMPONENTS: Final = 32

_PROFILE: Final = SMART_ENERGY.to_bytes(2, "big")
_LAST: Final = 0x01
_ENCRYPTED: Final = 0x02
_FROM_TIME: Final = 0x10
_HEAD: Final = Struct(">BHH")
"""Control, cluster, length."""
_EPOCH: Final = parse_instant("2000-01-01T00:00:00Z")
_ALERT_HEAD: Final = SMART_ENERGY.to_bytes(2, "big") + b"\x00"


def zigbee_time(at: Instant) -> int:
    """Whole seconds since 2000-01-01 UTC, 32 bits.

    Raises:
        UsageError: before 2000 or after 2136.
    """
    seconds = (at - _EPOCH) // SECOND
    if not 0 <= seconds < 1 << 32:
        raise UsageError(f"{seconds} seconds from 2000 are not ZigBee's time")
    return seconds


@dataclass(frozen=True, slots=True)
class Component:
    """One ZCL frame for one cluster.

    Attributes:
        cluster: cluster id.
        frame: the frame.
        from_time: where a read starts, in seconds since 2000-01-01 UTC; None where it is absent.
    """

    cluster: int
    frame: ZclFrame
    from_time: int | None = None


def encode_components(components: tuple[Component, ...]) -> bytes:
    """The content; the last component is marked.

    Raises:
        UsageError: none, more than `MAX_COMPONENTS`, or a number outside its field.
    """
    if not 1 <= len(components) <= MAX_COMPONENTS:
        raise UsageError(f"{len(components)} components are not 1 to {MAX_COMPONENTS}")
    parts = [SMART_ENERGY.to_bytes(2, "big"), bytes((len(components),))]
    for number, component in enumerate(components, 1):
        control = _LAST if number == len(components) else 0
        frame = component.frame.encode()
        if component.from_time is not None:
            control |= _FROM_TIME
            frame = _within(component.from_time, 4, "from-time") + frame
        parts += (bytes((control,)), _within(component.cluster, 2, "cluster"), _within(len(frame), 2, "length"), frame)
    return b"".join(parts)


def _within(value: int, size: int, what: str) -> bytes:
    if not 0 <= value < 1 << 8 * size:
        raise UsageError(f"{what} {value} does not fit into {size} bytes")
    return value.to_bytes(size, "big")


def decode_components(octets: bytes) -> tuple[Component, ...]:
    """The components of a command or response.

    Raises:
        SealedError: another profile, a wrong count, an encrypted component (not read yet), or a frame cut off.
    """
    reader = SealedReader(octets)
    reader.expect(_PROFILE, "profile")
    count = reader.u8("number of components")
    if not 1 <= count <= MAX_COMPONENTS:
        raise SealedError(f"{count} components are not 1 to {MAX_COMPONENTS}")
    components = tuple([_component(reader, last=number == count) for number in range(1, count + 1)])
    reader.finish("content")
    return components


def _component(reader: SealedReader, *, last: bool) -> Component:
    control, cluster, length = _HEAD.unpack(reader.take(_HEAD.size, "head of a component"))
    if control & _ENCRYPTED:
        raise SealedError("an encrypted component cannot be read yet", why="Only clear components are supported.")
    if control & ~(_LAST | _FROM_TIME) or bool(control & _LAST) != last:
        raise SealedError(f"control {control:#04x} of a component has an unknown bit or a wrong end mark")
    octets = reader.take(length, "component")
    if not control & _FROM_TIME:
        return Component(cluster, decode_zcl(octets))
    inner = SealedReader(octets)
    from_time = inner.big(4, "from-time")
    return Component(cluster, decode_zcl(inner.rest()), from_time)


@dataclass(frozen=True, slots=True)
class AlertContent:
    """What a device tells unasked.

    Attributes:
        code: alert code, 16 bits.
        at: seconds since 2000-01-01 UTC.
    """

    code: int
    at: int

    @property
    def instant(self) -> Instant:
        """`at` in milliseconds since 1970 UTC."""
        return Instant(_EPOCH + self.at * SECOND)

    def encode(self) -> bytes:
        """Profile, no components, code, time.

        Raises:
            UsageError: a number outside its field.
        """
        return _ALERT_HEAD + _within(self.code, 2, "alert code") + _within(self.at, 4, "time")


def decode_alert_content(octets: bytes) -> AlertContent:
    """An alert without components.

    Raises:
        SealedError: anything else.
    """
    alert, body = decode_alert_head(octets)
    if body:
        raise SealedError(f"an alert is followed by {len(body)} bytes")
    return alert


def decode_alert_head(octets: bytes) -> tuple[AlertContent, bytes]:
    """The head of an alert, and the body that may follow it (an alert's own layout, such as a `ConfirmQuery`).

    Raises:
        SealedError: anything else.
    """
    reader = SealedReader(octets)
    reader.expect(_ALERT_HEAD, "head of an alert")
    alert = AlertContent(reader.big(2, "alert code"), reader.big(4, "time of the alert"))
    return alert, reader.rest()
