"""Extended link layer: CI 8C, 8D, 8E and 8F (EN 13757-4 §13.2).

8D and 8F carry a session number and a check word over all that follows, which may be enciphered with AES-CTR. That
hides the text and proves nothing: who flips a bit of the air flips it in the text, and can mend the check word as well.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from meterhouse.model import AuthenticationError, UsageError
from meterhouse.protocols.wmbus.address import Address
from meterhouse.protocols.wmbus.crc import crc16
from meterhouse.protocols.wmbus.errors import TelegramError
from meterhouse.protocols.wmbus.fields import Ci
from meterhouse.protocols.wmbus.security import MasterKey

__all__ = ["ExtendedLink", "open_extended", "read_extended", "write_extended"]

_KINDS: Final = {
    Ci.EXTENDED_LINK.value: (False, False),
    Ci.EXTENDED_LINK_SESSION.value: (False, True),
    Ci.EXTENDED_LINK_RECEIVER.value: (True, False),
    Ci.EXTENDED_LINK_BOTH.value: (True, True),
}
"""By CI-field: has it the receiver's address, has it a session."""
_CI: Final = {kind: ci for ci, kind in _KINDS.items()}
_CLEAR, _CTR = 0, 1
_CHECK: Final = 2


class ExtendedLink(NamedTuple):
    """What the layer says.

    Attributes:
        control: communication control field.
        access: access number of the layer, 0 to 255.
        receiver: for whom the telegram is; None without the address.
        session: session number field, 32 bits; the three highest say how it is enciphered: 0 clear, 1 AES-CTR. None
            without a session.
    """

    control: int
    access: int
    receiver: Address | None = None
    session: int | None = None


def read_extended(body: bytes, start: int) -> tuple[ExtendedLink | None, int]:
    """The layer whose CI-field stands at `start`, and where what it covers begins; None where there is no such layer.

    Raises:
        TelegramError: cut short.
    """
    kind = _KINDS.get(body[start]) if start < len(body) else None
    if kind is None:
        return None, start
    with_receiver, with_session = kind
    end = start + 3 + 8 * with_receiver + 4 * with_session
    if end + _CHECK * with_session > len(body):
        raise TelegramError("an extended link layer is cut short")
    receiver = Address.from_link(body[start + 3 : start + 11]) if with_receiver else None
    session = int.from_bytes(body[end - 4 : end], "little") if with_session else None
    return ExtendedLink(body[start + 1], body[start + 2], receiver, session), end


def open_extended(link: ExtendedLink, sender: Address, key: MasterKey | None, covered: bytes) -> bytes:
    """What a layer with a session covers, deciphered and held against its check word; anything else as it is.

    Raises:
        AuthenticationError: no key for it, or the check word of an enciphered text is wrong.
        TelegramError: the check word of a clear text is wrong, or it is enciphered in another way.
    """
    if link.session is None:
        return covered
    method = link.session >> 29
    if method not in {_CLEAR, _CTR}:
        raise TelegramError(f"encipherment {method} of a session is not spoken", why="0, clear, and 1, AES-CTR, are.")
    # Receivers and logs often pass a telegram on after they have deciphered it: its check word fits as it is.
    stands_open = int.from_bytes(covered[:_CHECK], "little") == crc16(covered[_CHECK:])
    if method == _CTR and key is None and not stands_open:
        raise AuthenticationError(f"no key for {sender}", remedy="Enter the meter's key.")
    text = covered if key is None or method == _CLEAR else key.stream(_first_block(link, sender), covered)
    if int.from_bytes(text[:_CHECK], "little") == crc16(text[_CHECK:]):
        return text[_CHECK:]
    if method == _CTR:
        raise AuthenticationError(f"the check word of a telegram of {sender} is wrong", remedy="Check the meter's key.")
    raise TelegramError("the check word of a session is wrong")


def write_extended(link: ExtendedLink, sender: Address, key: MasterKey | None, text: bytes) -> bytes:
    """The layer and what it covers, on the wire.

    Raises:
        UsageError: an enciphered session without a key, or enciphered in a way that is not spoken.
    """
    octets = bytes((_CI[link.receiver is not None, link.session is not None], link.control, link.access))
    if link.receiver is not None:
        octets += link.receiver.link
    if link.session is None:
        return octets + text
    method = link.session >> 29
    if method not in {_CLEAR, _CTR} or (method == _CTR and key is None):
        raise UsageError(f"session {link.session:08X} is not clear, nor AES-CTR with a key")
    covered = crc16(text).to_bytes(_CHECK, "little") + text
    if key is not None and method == _CTR:
        covered = key.stream(_first_block(link, sender), covered)
    return octets + link.session.to_bytes(4, "little") + covered


def _first_block(link: ExtendedLink, sender: Address) -> bytes:
    """Sender, control and session, frame 0, block 0 (EN 13757-4, counter block)."""
    return sender.link + bytes((link.control,)) + (link.session or 0).to_bytes(4, "little") + bytes(3)
