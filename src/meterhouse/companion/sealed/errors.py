"""What is wrong with bytes that claim to be a sealed message."""

from __future__ import annotations

from meterhouse.model import MalformedError

__all__ = ["SealedError"]


class SealedError(MalformedError):
    """The bytes are not the one legal encoding of a sealed message or its content. The only error of these decoders."""
