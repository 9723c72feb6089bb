"""A whole telegram: link address, extended link layer, authentication, transport header, records.

`decode_telegram(encode_telegram(t))` gives `t` back. The MAC is verified before anything is deciphered, the fillers
before any record is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.crypto.cmac import cmac, cmac_verifies
from meterhouse.model import AuthenticationError, UsageError
from meterhouse.protocols.wmbus.address import Address
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.extended_link import ExtendedLink, open_extended, read_extended, write_extended
from meterhouse.protocols.wmbus.fields import LONG_HEADERS, RECORD_CARRIERS, SHORT_HEADERS, TO_METER, Ci, Control
from meterhouse.protocols.wmbus.layers import (
    AUTHENTICATION_HEADER,
    MAC_LENGTH,
    Authentication,
    TransportHeader,
    read_authentication,
    read_transport,
    write_transport,
)
from meterhouse.protocols.wmbus.layouts import decode_records, encode_records
from meterhouse.protocols.wmbus.link import LinkFormat, decode_frame, encode_frame
from meterhouse.protocols.wmbus.records import Record
from meterhouse.protocols.wmbus.security import FILLERS, KeyUse, MasterKey

__all__ = ["Telegram", "decode_telegram", "encode_telegram", "seal_telegram"]

_LINK: Final = 9
_MAX_BLOCKS: Final = 15
_COUNTER_LIMIT: Final = 1 << 32
_USES_FROM_METER: Final = KeyUse.ENCIPHER_FROM_METER, KeyUse.AUTHENTICATE_FROM_METER
_USES_TO_METER: Final = KeyUse.ENCIPHER_TO_METER, KeyUse.AUTHENTICATE_TO_METER
_NO_LINK: Final = None, 0, None, None
_KNOWN: Final = {control.value: control for control in Control}


@dataclass(frozen=True, slots=True)
class Telegram:
    """One telegram, deciphered.

    Attributes:
        control: C-field.
        sender: link address: always the station that transmits.
        ci: CI-field of the transport header; `Ci.NONE` where the telegram has none.
        application: address of a long transport header; None with a short header or none.
        access_number: 0 to 255; an answer copies it.
        status: status byte of the transport header.
        extended: communication control field of an extended link layer; None without one.
        extended_access: access number of that layer.
        mode: 0 clear (also where somebody deciphered it on its way), 5 AES-CBC with the static key, 7 with keys
            derived for this message.
        flags: configuration word without mode and block count.
        counter: message counter of the authentication layer; None without one. Where it is here, the MAC was right.
        records: data records; empty where the CI-field carries none.
        payload: what is no record: data after DIF 0F or 1F, or the body of another CI-field.
        receiver: for whom it is, where the extended link layer says so (8E, 8F).
        session: session number field of that layer (8D, 8F): see `ExtendedLink`. Its cipher is no proof of the sender:
            `mode` and `counter` are.
    """

    control: Control
    sender: Address
    ci: Ci = Ci.NONE
    application: Address | None = None
    access_number: int = 0
    status: int = 0
    extended: int | None = None
    extended_access: int = 0
    mode: int = 0
    flags: int = 0
    counter: int | None = None
    records: Sequence[Record] = ()
    payload: bytes = b""
    receiver: Address | None = None
    session: int | None = None

    @property
    def meter(self) -> Address:
        """The meter that the telegram is from, or for: the application address where there is one."""
        return self.application or self.sender


def _uses(ci: int) -> tuple[KeyUse, KeyUse]:
    """Encipherment and authentication key of the direction in which a CI-field travels."""
    return _USES_TO_METER if ci in TO_METER else _USES_FROM_METER


def seal_telegram(telegram: Telegram, counter: int, key: MasterKey, link_format: LinkFormat) -> bytes:
    """The frame of a telegram in mode 7 under a message counter, whatever mode and counter it names itself.

    Raises:
        UsageError: as `encode_telegram`.
    """
    return _encode(telegram, 7, counter, key, link_format)


def encode_telegram(telegram: Telegram, key: MasterKey | None, link_format: LinkFormat) -> bytes:
    """The frame on the air. Records of modes 5 and 7 are enciphered whole; a payload without records stays clear.

    Raises:
        UsageError: no key for a mode that needs one, mode 7 without a counter or the reverse, a record or the whole too
            long, a CI-field without the address it needs.
    """
    return _encode(telegram, telegram.mode, telegram.counter, key, link_format)


def _encode(
    telegram: Telegram, mode: int, counter: int | None, key: MasterKey | None, link_format: LinkFormat
) -> bytes:
    _check(telegram, mode, counter, key)
    ci, application = telegram.ci, telegram.application
    data, blocks = _encipher(telegram, mode, counter, key)
    inner = b""
    if ci:
        status = telegram.status
        header = TransportHeader(ci, application, telegram.access_number, status, mode, telegram.flags, blocks)
        inner = write_transport(header) + data
    layers = bytes((telegram.control,)) + telegram.sender.link
    if counter is not None and key is not None:
        covered = AUTHENTICATION_HEADER[4:] + counter.to_bytes(4, "little")
        mac_key = key.derive(_uses(ci)[1], counter, telegram.meter.identification_field)
        inner = AUTHENTICATION_HEADER[:4] + covered + cmac(mac_key, covered + inner)[:MAC_LENGTH] + inner
    if telegram.extended is not None:
        link = ExtendedLink(telegram.extended, telegram.extended_access, telegram.receiver, telegram.session)
        inner = write_extended(link, telegram.sender, key, inner)
    return encode_frame(layers + inner, link_format)


def _check(telegram: Telegram, mode: int, counter: int | None, key: MasterKey | None) -> None:
    if mode not in {0, 5, 7}:
        raise UsageError(f"security mode {mode} is not 0, 5 or 7")
    if mode and key is None:
        raise UsageError(f"security mode {mode} needs a key")
    if (counter is not None) != (mode == 7):
        raise UsageError("mode 7 and a message counter go together")
    if counter is not None and not 0 <= counter < _COUNTER_LIMIT:
        raise UsageError(f"message counter {counter} is not 0 to 2^32 - 1")
    if telegram.extended is None and (telegram.session, telegram.receiver) != (None, None):
        raise UsageError("a session or a receiver stands in an extended link layer, and there is none")
    if (telegram.application is not None) != (telegram.ci in LONG_HEADERS):
        raise UsageError(f"CI-field {telegram.ci:02X} and its application address don't fit")
    if mode and telegram.ci not in LONG_HEADERS and telegram.ci not in SHORT_HEADERS:
        raise UsageError(f"CI-field {telegram.ci:02X} has no header to carry security mode {mode}")
    if telegram.records and telegram.ci not in RECORD_CARRIERS:
        raise UsageError(f"CI-field {telegram.ci:02X} carries no records")


def _encipher(telegram: Telegram, mode: int, counter: int | None, key: MasterKey | None) -> tuple[bytes, int]:
    """What follows the header, and how many of its blocks are enciphered."""
    text = encode_records(telegram.records) if telegram.records else b""
    if not text or not mode or key is None:
        return text + telegram.payload, 0
    text = FILLERS + text + telegram.payload
    text += b"\x2f" * (-len(text) % 16)
    blocks = len(text) // 16
    if blocks > _MAX_BLOCKS:
        raise UsageError(f"{len(text)} bytes of records are more than {_MAX_BLOCKS} blocks")
    if counter is not None:
        meter, use = telegram.meter.identification_field, _uses(telegram.ci)[0]
        return key.encipher_derived(use, counter, meter, text), blocks
    return key.encipher_static(_initial_vector(telegram.meter, telegram.access_number), text), blocks


def _initial_vector(meter: Address, access_number: int) -> bytes:
    return meter.link + bytes((access_number,)) * 8


def decode_telegram(frame: bytes, key: MasterKey | None, link_format: LinkFormat) -> Telegram:
    """The telegram in one whole frame. A clear telegram is decoded too: the caller sees `mode` and `counter`.

    Raises:
        TelegramError: the frame is no telegram we can read.
        AuthenticationError: the MAC is wrong, the deciphered text does not begin with 2F2F, or there is no key for it.
    """
    body = decode_frame(frame, link_format)
    control = _KNOWN.get(body[0])
    if control is None:
        raise TelegramError(f"C-field {body[0]:02X} is not known")
    sender = Address.from_link(body[1:_LINK])
    link, position = read_extended(body, _LINK)
    if link is not None and link.session is not None:
        body = body[:position] + open_extended(link, sender, key, body[position:])
    if position == len(body):
        extended, extended_access, receiver, session = link or _NO_LINK
        return Telegram(
            control,
            sender,
            extended=extended,
            extended_access=extended_access,
            receiver=receiver,
            session=session,
        )
    authentication = read_authentication(body, position) if body[position] == Ci.AUTHENTICATION else None
    if authentication is not None:
        position = authentication.end
        if position >= len(body):
            raise TelegramError("nothing follows the authentication layer")
    header, data_at = read_transport(body, position)
    meter = header.meter or sender
    if authentication is None and header.mode == 7:
        raise AuthenticationError("a telegram of mode 7 has no authentication layer", why="OMS profile B demands it.")
    if authentication is not None:
        _verify(authentication, header, meter, key, body)
    text, tail = _decipher(header, meter, key, body[data_at:], authentication)
    records, payload = _content(header.ci, text, tail)
    extended, extended_access, receiver, session = link or _NO_LINK
    return Telegram(
        control,
        sender,
        header.ci,
        header.meter,
        header.access_number,
        header.status,
        extended,
        extended_access,
        0 if key is None and header.blocks else header.mode,
        header.flags,
        None if authentication is None else authentication.counter,
        records,
        payload,
        receiver,
        session,
    )


def _verify(
    authentication: Authentication, header: TransportHeader, meter: Address, key: MasterKey | None, body: bytes
) -> None:
    if header.mode != 7:
        raise TelegramError(f"an authentication layer with security mode {header.mode} is not spoken")
    if key is None:
        raise AuthenticationError(f"no key for {meter}", remedy="Enter the meter's key.")
    mac_key = key.derive(_uses(header.ci)[1], authentication.counter, meter.identification_field)
    if not cmac_verifies(mac_key, authentication.covered + body[authentication.end :], authentication.mac):
        raise AuthenticationError(f"the MAC of a telegram of {meter} is wrong", remedy="Check the key of this meter.")


def _content(ci: int, text: bytes, tail: bytes) -> tuple[Sequence[Record], bytes]:
    """Records of the deciphered text and of what follows it in the clear."""
    if ci not in RECORD_CARRIERS:
        return (), text + tail
    if not text:
        return decode_records(tail)
    records, payload = decode_records(text)
    if payload or not tail:
        return records, payload + tail
    try:
        more, payload = decode_records(tail)
    except TelegramError:
        # Some makes append bytes of their own after the last block; what was deciphered stands without them.
        return records, tail
    return (*records, *more), payload


def _decipher(
    header: TransportHeader, meter: Address, key: MasterKey | None, data: bytes, proof: Authentication | None
) -> tuple[bytes, bytes]:
    """The enciphered blocks as text, and the clear rest (partial encryption, EN 13757-7)."""
    length = header.blocks * 16
    if not header.mode or not length:
        return b"", data
    if length > len(data):
        raise TelegramError(f"{header.blocks} enciphered blocks announced, {len(data)} bytes there")
    if key is None and proof is None and data[:2] == FILLERS:
        # Receivers and logs often pass a telegram on after they have deciphered it. To us it came in the clear.
        return data[:length], data[length:]
    if key is None:
        raise AuthenticationError(f"no key for {meter}", remedy="Enter the meter's key.")
    if proof is not None:
        use = _uses(header.ci)[0]
        text = key.decipher_derived(use, proof.counter, meter.identification_field, data[:length])
    else:
        text = key.decipher_static(_initial_vector(meter, header.access_number), data[:length])
    return text, data[length:]
