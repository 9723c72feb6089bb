"""The client's side of a general block transfer: windows both ways, and what was lost asked for again."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeVar

from meterhouse.model import LinkError, ProtocolError
from meterhouse.protocols.dlms.block_transfer import GENERAL_BLOCK_TRANSFER, BlockTransfer

__all__ = ["MAX_SILENCES", "Streamed", "Turn", "gather", "send_blocks"]

T = TypeVar("T")
_Procedure = Generator[bytes, bytes, T]
_BLOCK: Final = bytes((GENERAL_BLOCK_TRANSFER,))
MAX_SILENCES: Final = 8
"""How many silences in a row a transfer bears."""


class Streamed(bytes):
    """A block that more will follow: whoever drives the procedure sends it and resumes with empty bytes at once."""

    __slots__ = ()


class Turn(bytes):
    """A block, or nothing, after which the server speaks: empty bytes are not sent, only waited after.

    Whoever drives the procedure may resume it with empty bytes to say that there was silence; the transfer goes on.
    """

    __slots__ = ()


def send_blocks(transfer: BlockTransfer, apdu: bytes) -> _Procedure[bytes]:
    """Send `apdu` in blocks; the whole answer, or the APDU that ended the transfer.

    Raises:
        ApduError: an answer is no block that decodes.
        ProtocolError: see `BlockTransfer.receive`.
        LinkError: too many silences in a row.
    """
    answer = yield from _spoken(transfer.send(apdu))
    return (yield from gather(transfer, answer))


def gather(transfer: BlockTransfer, answer: bytes) -> _Procedure[bytes]:
    """Block by block until the whole answer is here; anything that is no block ends the transfer as it is.

    Raises:
        ApduError: see `send_blocks`, likewise ProtocolError and LinkError.
    """
    silences = 0
    while answer[:1] == _BLOCK or not answer:
        if answer:
            silences, blocks = 0, transfer.receive(answer)
            if transfer.received is not None:
                return transfer.received
            if not blocks and transfer.window == 1:
                raise ProtocolError("the server streams blocks that we did not ask for")
        else:
            silences, blocks = silences + 1, transfer.nudge()
            if silences > MAX_SILENCES:
                raise LinkError("the server fell silent within a general block transfer")
        answer = yield from _spoken(blocks)
    return answer


def _spoken(blocks: list[bytes]) -> _Procedure[bytes]:
    for block in blocks[:-1]:
        yield Streamed(block)
    return (yield Turn(blocks[-1] if blocks else b""))
