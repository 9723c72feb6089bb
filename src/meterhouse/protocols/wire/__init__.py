"""bytes in order: a bounded reader and a stream buffer"""

from meterhouse.protocols.wire.buffer import StreamBuffer
from meterhouse.protocols.wire.reader import Reader

__all__ = ["Reader", "StreamBuffer"]
