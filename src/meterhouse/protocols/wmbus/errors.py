"""The one error of this room's decoders."""

from __future__ import annotations

from meterhouse.model import MalformedError

__all__ = ["TelegramError"]


class TelegramError(MalformedError):
    """Bytes that are no telegram we can read: wrong CRC, cut short, a field outside its range, a layer not spoken.

    Nothing is answered on the wire: a receiver of EN 13757-4 drops what does not decode.
    """
