"""Push: what a head end hears when meters speak first, and how a meter says it (IEC 62056-6-2 §4.4.8 class 40)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from meterhouse.model import Instant, ProtocolError
from meterhouse.protocols.dlms.block_transfer import GENERAL_BLOCK_TRANSFER, BlockTransfer
from meterhouse.protocols.dlms.data import CosemData, structure
from meterhouse.protocols.dlms.datetimes import encode_date_time
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.moments import CosemDateTime
from meterhouse.protocols.dlms.notifications import (
    DATA_NOTIFICATION,
    EVENT_NOTIFICATION,
    DataNotification,
    Notification,
    confirm_notification,
    decode_notification,
    encode_notification,
)
from meterhouse.protocols.dlms.protection import Channel, Manner, Policy, is_ciphered
from meterhouse.protocols.dlms.selection import CaptureObject

__all__ = ["Heard", "PushListener", "match_push", "push_data"]

_ROOM: Final = 1024
_PLAIN: Final = frozenset({DATA_NOTIFICATION, EVENT_NOTIFICATION})

Open = Callable[[bytes], bytes]
"""Opens a ciphered APDU: believes it or raises. Such as a channel's `open` with the policy for this meter."""

Close = Callable[[bytes], bytes]
"""Ciphers an APDU for the meter."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one APDU brought.

    Attributes:
        notification: what the meter said; None while blocks are missing.
        answers: APDUs that go back now.
        ciphered: whether the notification came protected.
    """

    notification: Notification | None
    answers: tuple[bytes, ...] = ()
    ciphered: bool = False


class PushListener:
    """Listens to one meter's pushes on one link: plain, ciphered, or in blocks.

    Args:
        unlock: opens what is ciphered; None where there are no keys, and a ciphered push is then refused.
        lock: ciphers the confirmation of a ciphered push; None leaves such a confirmation to the caller.
        demand: take nothing that is not ciphered.
        window: how many blocks of a general block transfer we take in a row.
    """

    __slots__ = ("_demand", "_lock", "_transfer", "_unlock", "_window")

    def __init__(
        self, unlock: Open | None = None, *, lock: Close | None = None, demand: bool = False, window: int = 1
    ) -> None:
        self._unlock = unlock
        self._lock = lock
        self._demand = demand
        self._window = window
        self._transfer: BlockTransfer | None = None

    @classmethod
    def under(cls, channel: Channel, policy: int = Policy.BOTH, *, window: int = 1) -> PushListener:
        """Listens to one meter under the keys of `channel`: takes nothing weaker, and confirms what asks for it.

        Args:
            channel: ours towards that meter; its counter must outlive a restart, like that of any client.
            policy: the least protection that is taken, and what the confirmation gets.
            window: see `PushListener`.
        """
        return cls(
            lambda apdu: channel.open(apdu, policy).apdu,
            lock=lambda apdu: channel.seal(apdu, policy, Manner.GENERAL),
            demand=True,
            window=window,
        )

    def receive(self, apdu: bytes) -> Heard:
        """Take one APDU.

        Raises:
            ApduError: not a notification, or a malformed one.
            ProtocolError: plain where protection is demanded, or ciphered where there are no keys.
            AuthenticationError: ciphered wrongly; likewise ReplayError. They come out of `unlock`.
        """
        if apdu[:1] == bytes((GENERAL_BLOCK_TRANSFER,)):
            return self._block(apdu)
        return self._whole(apdu, ())

    def _block(self, apdu: bytes) -> Heard:
        transfer = self._transfer or BlockTransfer(_ROOM, self._window)
        self._transfer = None
        answers = transfer.receive(apdu)
        if transfer.received is None:
            self._transfer = transfer
            return Heard(None, tuple(answers))
        return self._whole(transfer.received, tuple(transfer.nudge()))

    def _whole(self, apdu: bytes, answers: tuple[bytes, ...]) -> Heard:
        ciphered = is_ciphered(apdu)
        if ciphered:
            if self._unlock is None:
                raise ProtocolError("a ciphered push, and there are no keys to open it")
            apdu = self._unlock(apdu)
        elif self._demand:
            raise ProtocolError("a plain push where protection is demanded")
        if not apdu or apdu[0] not in _PLAIN:
            raise ApduError(f"not a notification: {apdu[:1].hex() or 'nothing'}")
        notification = decode_notification(apdu)
        if isinstance(notification, DataNotification) and notification.confirmed:
            confirmation = confirm_notification(notification)
            if not ciphered:
                answers = (*answers, confirmation)
            elif self._lock is not None:
                answers = (*answers, self._lock(confirmation))
        return Heard(notification, answers, ciphered)


def push_data(long_invoke: int, now: Instant, values: Sequence[CosemData], *, confirmed: bool = False) -> bytes:
    """The DataNotification of a push object list's values, in the list's order.

    Args:
        long_invoke: 24 bits, another for each push.
        now: the meter's own time.
        values: one for each entry of push_object_list.
        confirmed: ask for a confirmation.
    """
    flags = 0x4000_0000 if confirmed else 0
    time = CosemDateTime.decode(encode_date_time(now))
    return encode_notification(DataNotification(flags | long_invoke & 0xFF_FFFF, time, structure(*values)))


def match_push(notification: DataNotification, objects: Sequence[CaptureObject]) -> dict[CaptureObject, CosemData]:
    """The pushed values by what they are of, where the push object list is known from the meter's setup.

    Raises:
        ApduError: not a structure, or not of as many values as the list has entries.
    """
    return dict(zip(objects, notification.data.items(len(objects)), strict=True))
