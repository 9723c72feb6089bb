"""Image transfer, the whole procedure, both sides (IEC 62056-6-2 §4.4.6 class 18)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import Instant, ProtocolError, StateError, UsageError
from meterhouse.protocols.dlms.client import Client
from meterhouse.protocols.dlms.conversation import Procedure
from meterhouse.protocols.dlms.data import (
    CosemData,
    array,
    bit_string,
    boolean,
    double_long_unsigned,
    enum,
    integer,
    octet_string,
    structure,
)
from meterhouse.protocols.dlms.errors import AccessRefusedError, ActionResult, DataAccessResult
from meterhouse.protocols.dlms.interfaces_control import IMAGE_TRANSFER
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import Invoke, ServerObject

__all__ = ["IMAGE_OBIS", "MAX_IMAGE", "ImageReceiver", "ImageStatus", "send_image"]

IMAGE_OBIS: Final = Obis(bytes((0, 0, 44, 0, 0, 255)))
MAX_IMAGE: Final = 16 * 1024 * 1024
"""The largest image that a receiver takes, bytes."""
_MAX_ROUNDS: Final = 8
"""How often blocks that are missing are sent again before a client gives up."""


class ImageStatus(IntEnum):
    """image_transfer_status."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


@dataclass(slots=True)
class _Image:
    identification: bytes
    size: int
    blocks: dict[int, bytes]


class ImageReceiver:
    """A server's store for one image: takes its blocks in any order, keeps each once, and hands the whole on.

    Args:
        block_size: bytes a block; the last one may be shorter.
        verify: given the identification and the whole image: its signature in words of the maker, to be shown to the
            client; None where the image is not good.
        activate: given the identification, the whole image and the time: puts it to work; False where that fails.

    Attributes:
        status: see `ImageStatus`.
        enabled: whether a transfer may be begun.
    """

    __slots__ = ("_activate", "_image", "_signature", "_size", "_verify", "enabled", "status")

    def __init__(
        self,
        block_size: int,
        verify: Callable[[bytes, bytes], bytes | None],
        activate: Callable[[bytes, bytes, Instant], bool],
    ) -> None:
        if not 1 <= block_size <= 0xFFFF:
            raise UsageError(f"an image block of {block_size} bytes is not 1 to 65535")
        self._size = block_size
        self._verify = verify
        self._activate = activate
        self._image: _Image | None = None
        self._signature = b""
        self.enabled = True
        self.status = ImageStatus.NOT_INITIATED

    @property
    def _count(self) -> int:
        return 0 if self._image is None else -(-self._image.size // self._size)

    def bitmap(self) -> str:
        """image_transferred_blocks_status: 1 for each block that is here, first block first."""
        image = self._image
        return "" if image is None else "".join("1" if block in image.blocks else "0" for block in range(self._count))

    def first_missing(self) -> int:
        """image_first_not_transferred_block_number; the number of blocks where none is missing."""
        image = self._image
        if image is None:
            return 0
        return next((block for block in range(self._count) if block not in image.blocks), self._count)

    def initiate(self, data: CosemData) -> None:
        """Method 1: (identification, size). What was under way is forgotten."""
        identification, size = data.items(2)
        if not self.enabled:
            raise AccessRefusedError(ActionResult.READ_WRITE_DENIED)
        if not 0 < size.whole() <= MAX_IMAGE:
            raise AccessRefusedError(ActionResult.OTHER_REASON, f"an image of {size.whole()} bytes")
        self._image = _Image(identification.octets(), size.whole(), {})
        self._signature = b""
        self.status = ImageStatus.INITIATED

    def take(self, data: CosemData) -> None:
        """Method 2: (block number, bytes). A block that is here already is taken again without effect."""
        number, raw = data.items(2)
        image, block, octets = self._under_way(), number.whole(), raw.octets()
        if not 0 <= block < self._count:
            raise AccessRefusedError(ActionResult.OTHER_REASON, f"block {block}")
        if len(octets) != min(self._size, image.size - block * self._size):
            raise AccessRefusedError(ActionResult.TYPE_UNMATCHED, f"block {block} of {len(octets)} bytes")
        image.blocks.setdefault(block, octets)

    def _under_way(self) -> _Image:
        if self._image is None or self.status is not ImageStatus.INITIATED:
            raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE, "no image is being transferred")
        return self._image

    def _whole(self, image: _Image) -> bytes:
        return b"".join(image.blocks[block] for block in range(self._count))

    def verify(self) -> None:
        """Method 3. Refused while blocks are missing."""
        image = self._under_way()
        if self.first_missing() != self._count:
            raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE, f"block {self.first_missing()} is missing")
        signature = self._verify(image.identification, self._whole(image))
        if signature is None:
            self.status = ImageStatus.VERIFICATION_FAILED
            raise AccessRefusedError(ActionResult.OTHER_REASON, "the image is not good")
        self._signature = signature
        self.status = ImageStatus.VERIFICATION_SUCCESSFUL

    def activate(self, now: Instant) -> None:
        """Method 4. Refused unless the image has been verified."""
        image = self._image
        if image is None or self.status is not ImageStatus.VERIFICATION_SUCCESSFUL:
            raise AccessRefusedError(ActionResult.TEMPORARY_FAILURE, "no verified image")
        done = self._activate(image.identification, self._whole(image), now)
        self.status = ImageStatus.ACTIVATION_SUCCESSFUL if done else ImageStatus.ACTIVATION_FAILED
        if not done:
            raise AccessRefusedError(ActionResult.OTHER_REASON, "the image does not run")

    def info(self) -> CosemData:
        """image_to_activate_info: empty until verified."""
        if self._image is None or self.status < ImageStatus.VERIFICATION_SUCCESSFUL or not self._signature:
            return array(())
        size = double_long_unsigned(self._image.size)
        return array([structure(size, octet_string(self._image.identification), octet_string(self._signature))])

    def declare(self, obis: Obis = IMAGE_OBIS) -> ServerObject:
        """The COSEM object in front of this store."""

        def allow(data: CosemData, _now: Instant) -> None:
            if data.value is False and self.status is ImageStatus.INITIATED:
                raise AccessRefusedError(DataAccessResult.TEMPORARY_FAILURE)
            self.enabled = bool(data.value)

        return ServerObject(
            IMAGE_TRANSFER,
            obis,
            read={
                2: lambda _selection, _now: double_long_unsigned(self._size),
                3: lambda _selection, _now: bit_string(self.bitmap()),
                4: lambda _selection, _now: double_long_unsigned(self.first_missing()),
                5: lambda _selection, _now: boolean(self.enabled),
                6: lambda _selection, _now: enum(self.status),
                7: lambda _selection, _now: self.info(),
            },
            write={5: allow},
            invoke={
                1: _method(self.initiate),
                2: _method(self.take),
                3: lambda _data, _now: self.verify(),
                4: lambda _data, now: self.activate(now),
            },
        )


def _method(do: Callable[[CosemData], None]) -> Invoke:
    return lambda data, _now: do(data)


def send_image(
    client: Client, identification: bytes, image: bytes, *, obis: Obis = IMAGE_OBIS, activate: bool = True
) -> Procedure[ImageStatus]:
    """The whole procedure: enable is looked at, initiate, blocks, those missing again, verify, look, activate.

    An image of the same identification and size whose transfer has begun is gone on with, not begun anew; that is
    how a transfer survives a lost link.

    Args:
        client: associated, with the rights to class 18.
        identification: of the image, as its maker gives it.
        image: the whole.
        obis: logical name.
        activate: activate it as well.

    Raises:
        StateError: the server does not allow image transfer, or still misses blocks after several rounds.
        ProtocolError: the server is ready to activate another image than the one that was sent.
        AccessRefusedError: the image was refused, not verified, or not activated.
    """
    allowed = yield from client.get(IMAGE_TRANSFER, obis, 5)
    if allowed.value is not True:
        raise StateError("the server does not allow image transfer", remedy="Set image_transfer_enabled.")
    size = (yield from client.get(IMAGE_TRANSFER, obis, 2)).whole()
    if size < 1:
        raise ProtocolError(f"the server's image blocks have {size} bytes")
    count = -(-len(image) // size)
    status = (yield from client.get(IMAGE_TRANSFER, obis, 6)).whole()
    bitmap = str((yield from client.get(IMAGE_TRANSFER, obis, 3)).value)
    if status != ImageStatus.INITIATED or len(bitmap) != count or "1" not in bitmap:
        head = structure(octet_string(identification), double_long_unsigned(len(image)))
        yield from client.act(IMAGE_TRANSFER, obis, 1, head)
        bitmap = "0" * count
    for _ in range(_MAX_ROUNDS):
        missing = [block for block in range(count) if bitmap[block : block + 1] != "1"]
        if not missing:
            break
        for block in missing:
            raw = image[block * size : (block + 1) * size]
            part = structure(double_long_unsigned(block), octet_string(raw))
            yield from client.act(IMAGE_TRANSFER, obis, 2, part)
        bitmap = str((yield from client.get(IMAGE_TRANSFER, obis, 3)).value)
    else:
        raise StateError("blocks of the image are still missing", why=f"{bitmap.count('0')} of {count} did not arrive.")
    yield from client.act(IMAGE_TRANSFER, obis, 3, integer(0))
    yield from _check(client, obis, identification, len(image))
    if activate:
        yield from client.act(IMAGE_TRANSFER, obis, 4, integer(0))
    return ImageStatus((yield from client.get(IMAGE_TRANSFER, obis, 6)).whole())


def _check(client: Client, obis: Obis, identification: bytes, size: int) -> Procedure[None]:
    for entry in (yield from client.get(IMAGE_TRANSFER, obis, 7)).items():
        known_size, known_name, _signature = entry.items(3)
        if known_size.whole() == size and known_name.octets() == identification:
            return
    raise ProtocolError("the server is ready to activate another image than the one that was sent")
