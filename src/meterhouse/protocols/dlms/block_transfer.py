"""General block transfer: one long APDU each way, in numbered blocks, in windows (IEC 62056-5-3 §9.3.13, §9.5)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from meterhouse.model import ProtocolError, UsageError
from meterhouse.protocols.dlms.axdr import encode_length
from meterhouse.protocols.dlms.errors import ApduError
from meterhouse.protocols.dlms.requests import ApduReader

__all__ = [
    "BLOCK_OVERHEAD",
    "GENERAL_BLOCK_TRANSFER",
    "MAX_TRANSFER",
    "MAX_WINDOW",
    "Block",
    "BlockTransfer",
    "decode_block",
    "encode_block",
]

GENERAL_BLOCK_TRANSFER: Final = 0xE0
MAX_WINDOW: Final = 63
MAX_TRANSFER: Final = 4 * 1024 * 1024
"""An APDU in blocks beyond this many bytes is given up."""
BLOCK_OVERHEAD: Final = 9
"""The most that stands before the bytes of a block."""
_MAX_BLOCKS: Final = 0xFFFF
_MAX_REPEATS: Final = 8
"""How often in a row a window may bring nothing new before the transfer is given up."""


@dataclass(frozen=True, slots=True)
class Block:
    """One general-block-transfer APDU.

    Attributes:
        last: the sender has nothing to send after this block.
        streaming: more blocks follow without being asked for.
        window: how many blocks the sender of this one takes in a row, 0 to 63.
        number: 1 to 65535.
        acknowledged: the highest number up to which all of the peer's blocks have come.
        raw: bytes of the APDU; may be empty.
    """

    last: bool
    streaming: bool
    window: int
    number: int
    acknowledged: int
    raw: bytes = b""


def encode_block(block: Block) -> bytes:
    """The APDU of `block`."""
    control = block.last << 7 | block.streaming << 6 | block.window
    numbers = block.number.to_bytes(2, "big") + block.acknowledged.to_bytes(2, "big")
    return bytes((GENERAL_BLOCK_TRANSFER, control)) + numbers + encode_length(len(block.raw)) + block.raw


def decode_block(apdu: bytes) -> Block:
    """The block in `apdu`.

    Raises:
        ApduError: not a general-block-transfer, cut off, or with bytes after its end.
    """
    reader = ApduReader(apdu)
    if reader.u8("tag") != GENERAL_BLOCK_TRANSFER:
        raise ApduError("not a general-block-transfer")
    control = reader.u8("block control")
    number, acknowledged = reader.big(2, "block number"), reader.big(2, "acknowledged block number")
    block = Block(control > 127, bool(control & 0x40), control & 0x3F, number, acknowledged, reader.block())
    reader.finish("general-block-transfer")
    return block


class BlockTransfer:
    """One side of one exchange: a request one way and an answer the other, either of them in blocks.

    Blocks that are lost are sent again: a side acknowledges only what came without a gap, and the other goes on from
    there. Where the end of a window is lost, nobody speaks; the side that waits then calls `nudge`.

    Args:
        room: the most bytes of an APDU in one block that the peer takes.
        window: how many blocks we take in a row, 1 to 63.
        peer_window: how many the peer takes, until it says so itself.
        most: how many leave in a row at most, whatever the peer takes.

    Attributes:
        received: the peer's whole APDU, once it is here; the caller takes it by setting None.
    """

    __slots__ = (
        "_assembled",
        "_confirmed",
        "_expected",
        "_finished",
        "_most",
        "_peer_window",
        "_queue",
        "_repeats",
        "_room",
        "_size",
        "_window",
        "received",
    )

    def __init__(self, room: int, window: int = 1, peer_window: int = 1, *, most: int = MAX_WINDOW) -> None:
        if room < 1 or not 1 <= window <= MAX_WINDOW:
            raise UsageError(f"a block of {room} bytes in a window of {window} cannot be")
        self._room = room
        self._window = window
        self._most = most
        self._peer_window = min(max(peer_window, 1), most)
        self._queue: deque[bytes] = deque()  # ours, from the first that the peer has not confirmed
        self._confirmed = 0
        self._finished = True
        self._expected = 1
        self._assembled: list[bytes] = []
        self._size = 0
        self._repeats = 0
        self.received: bytes | None = None

    def send(self, apdu: bytes) -> list[bytes]:
        """Begin to send `apdu`; the blocks of the first window.

        Raises:
            UsageError: more than 65535 blocks.
        """
        chunks = [apdu[start : start + self._room] for start in range(0, len(apdu), self._room)]
        if self._confirmed + len(self._queue) + len(chunks) > _MAX_BLOCKS:
            raise UsageError(f"{len(apdu)} bytes are more than a block transfer can number")
        self._queue.extend(chunks)
        return self._window_out()

    @property
    def window(self) -> int:
        """How many blocks we take in a row."""
        return self._window

    @property
    def sending(self) -> bool:
        """Whether the peer has not confirmed all of ours."""
        return bool(self._queue)

    def receive(self, apdu: bytes) -> list[bytes]:
        """Take one block in; what leaves now in answer. When `received` is set, the answer is the caller's to send.

        Raises:
            ApduError: not a block.
            ProtocolError: a block number 0, an acknowledgement of what was never sent, or a transfer that does not end.
        """
        block = decode_block(apdu)
        self._acknowledge(block)
        fresh = block.number == self._expected
        if fresh:
            self._take(block)
        self._repeats = 0 if fresh or self._queue else self._repeats + 1
        if self._repeats > _MAX_REPEATS * self._window:
            raise ProtocolError("general block transfer goes round in circles")
        if block.streaming or self.received is not None:
            return []
        return self._window_out()

    def nudge(self) -> list[bytes]:
        """After silence: send again what the peer has not confirmed, or say again what has come."""
        return self._window_out()

    def _acknowledge(self, block: Block) -> None:
        if block.number == 0 or block.acknowledged > self._confirmed + max(len(self._queue), 1):
            raise ProtocolError(f"block {block.number} acknowledges {block.acknowledged}, which was never sent")
        while self._confirmed < block.acknowledged:
            if self._queue:
                self._queue.popleft()
            self._confirmed += 1
        self._peer_window = min(max(block.window, 1), self._most)

    def _take(self, block: Block) -> None:
        self._expected += 1
        self._assembled.append(block.raw)
        self._size += len(block.raw)
        if self._size > MAX_TRANSFER or self._expected > _MAX_BLOCKS:
            raise ProtocolError("general block transfer does not end")
        if block.last:
            whole, self._assembled, self._size = b"".join(self._assembled), [], 0
            self.received = whole or None

    def _window_out(self) -> list[bytes]:
        chunks = list(self._queue)[: self._peer_window] or [b""]
        blocks = []
        for place, raw in enumerate(chunks):
            # An answer that has not begun is not over: only a side whose queue ends here has nothing more to send.
            last = bool(self._queue) and place + 1 == len(self._queue)
            last = last or (not self._queue and self._confirmed > 0)
            streaming = place + 1 < len(chunks)
            number = self._confirmed + 1 + place
            blocks.append(encode_block(Block(last, streaming, self._window, number, self._expected - 1, raw)))
        return blocks
