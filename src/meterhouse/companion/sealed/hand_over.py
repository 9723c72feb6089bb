"""Change of supplier as a device is told it: who loses it, who gains it, and the keys of the one that gains.

Ours, code F022, command 03 of `ORDERS_CLUSTER`; numbers are big-endian::

    at8 device8 loser8 gainer8 signing64 agreement64 confirm8 confirm-signing64 token1+n signature64

The change-of-supplier party signs the order around it. The gainer signs what is inside, all but the signature itself:
neither can move a device alone. The carrier and the hub, which pass it on, can read it and change nothing; the only
secret in it, the key for tokens, is wrapped for the device (`companion.supplier_keys`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from meterhouse.companion.sealed.confirmation import ORDERS_CLUSTER
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.gbz import Component, decode_components, encode_components
from meterhouse.companion.sealed.zcl import ZclFrame
from meterhouse.crypto import P256, KeyPair, PublicPoint, sign, verify
from meterhouse.model import Eui64, Instant, MeterhouseError, UsageError

__all__ = ["CHANGE_SUPPLIER", "HandOver", "SupplierChange"]

CHANGE_SUPPLIER: Final = 0xF022
"""Message code."""
_COMMAND: Final = 0x03
_TAG: Final = b"MHCS1"
_KEYS_TAG: Final = b"MHCS2"
_EUI, _POINT, _SIGNATURE = 8, 64, 64
_FIXED: Final = 8 + 3 * _EUI + 2 * _POINT + _EUI + _POINT + 1 + _SIGNATURE
_LONGEST_TOKEN_KEY: Final = 64


@dataclass(frozen=True, slots=True)
class HandOver:
    """A device that is to change hands.

    Attributes:
        device: which.
        loser: the supplier that has it.
        gainer: the supplier that gets it.
        at: when the words were written.
    """

    device: Eui64
    loser: Eui64
    gainer: Eui64
    at: Instant

    def words(self) -> bytes:
        """What both sign for the security centre."""
        return _TAG + self.device.octets + self.loser.octets + self.gainer.octets + self.at.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class SupplierChange:
    """The content of the order that a device obeys.

    Attributes:
        change: who loses the device to whom.
        signing: the gainer's signature key, P-256.
        agreement: the gainer's key-agreement key, P-256: what the device and its new supplier share follows from it.
        confirm: who confirms cuts from now on.
        confirm_signing: that service's signature key.
        token_key: wrapped key for tokens; empty where there is none.
        signature: the gainer's.
    """

    change: HandOver
    signing: PublicPoint
    agreement: PublicPoint
    confirm: Eui64
    confirm_signing: PublicPoint
    token_key: bytes = b""
    signature: bytes = b""

    def words(self) -> bytes:
        """What the gainer signs."""
        return _KEYS_TAG + self._body()

    def signed_by(self, gainer: KeyPair) -> SupplierChange:
        """The same with the gainer's signature."""
        return replace(self, signature=sign(gainer, self.words()))

    def check(self) -> None:
        """Let it pass if the gainer has signed it, by the very key that it brings.

        Raises:
            AuthenticationError: it has not.
        """
        verify(self.signing, self.words(), self.signature)

    def encode(self) -> bytes:
        """The content of the order.

        Raises:
            UsageError: no signature, or a wrapped key that is too long.
        """
        if len(self.signature) != _SIGNATURE or len(self.token_key) > _LONGEST_TOKEN_KEY:
            raise UsageError("a change of supplier is signed by the gainer, and its wrapped key has 64 bytes at most")
        payload = self._body() + self.signature
        frame = ZclFrame(cluster_specific=True, to_client=False, sequence=0, command=_COMMAND, payload=payload)
        return encode_components((Component(ORDERS_CLUSTER, frame),))

    @classmethod
    def decode(cls, content: bytes) -> SupplierChange:
        """From an order's content; nothing in it is believed yet.

        Raises:
            SealedError: anything else, or a key that is no point of the curve.
        """
        components = decode_components(content)
        payload = components[0].frame.payload
        wanted = ZclFrame(cluster_specific=True, to_client=False, sequence=0, command=_COMMAND, payload=payload)
        if len(components) != 1 or components[0] != Component(ORDERS_CLUSTER, wanted):
            raise SealedError("the content is no change of supplier")
        token = len(payload) - _FIXED
        if not 0 <= token <= _LONGEST_TOKEN_KEY:
            raise SealedError(f"a change of supplier of {len(payload)} bytes is none")
        parts = _Parts(payload)
        at, device, loser, gainer = Instant(int.from_bytes(parts.take(8), "big")), *map(Eui64, parts.each(3, _EUI))
        signing, agreement = map(_point, parts.each(2, _POINT))
        confirm, confirm_signing = Eui64(parts.take(_EUI)), _point(parts.take(_POINT))
        if parts.take(1)[0] != token:
            raise SealedError("the wrapped key is not as long as it says")
        change = HandOver(device, loser, gainer, at)
        return cls(
            change, signing, agreement, confirm, confirm_signing, parts.take(token), parts.take(_SIGNATURE)
        )  # fmt: skip

    def _body(self) -> bytes:
        change = self.change
        parts = (
            change.at.to_bytes(8, "big"),
            change.device.octets,
            change.loser.octets,
            change.gainer.octets,
            self.signing.octets,
            self.agreement.octets,
            self.confirm.octets,
            self.confirm_signing.octets,
            bytes((len(self.token_key),)),
            self.token_key,
        )
        return b"".join(parts)


class _Parts:
    """A payload of checked length, taken from its front."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def take(self, size: int) -> bytes:
        """The next bytes."""
        taken, self._octets = self._octets[:size], self._octets[size:]
        return taken

    def each(self, count: int, size: int) -> list[bytes]:
        """The next fields of one size."""
        return [self.take(size) for _ in range(count)]


def _point(octets: bytes) -> PublicPoint:
    try:
        return PublicPoint(P256, octets)
    except MeterhouseError as error:
        raise SealedError("a key is no point of the curve", why=error.sentence()) from error
