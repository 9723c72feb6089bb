"""The keys of a street, each derived for one purpose and one device from the street's own secret.

A real roll-out injects random keys at manufacture; a street on a laptop derives them, so that one secret file is all
there is to guard. Derivation: HMAC-SHA-256(secret, purpose | 0 | identity) (NIST SP 800-108, one block).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meterhouse.crypto import P256, KeyPair, hmac_sha256
from meterhouse.model import ConfigurationError, Eui64, UsageError
from meterhouse.protocols import dlms

__all__ = ["SECRET_FILE", "SECRET_LENGTH", "StreetKeys", "kept_keys"]

SECRET_LENGTH: Final = 32
SECRET_FILE: Final = "street.secret"  # noqa: S105 -- a file's name
"""In the data folder, beside the vending keys."""
_VENDING_KEY_LENGTH: Final = 20


@dataclass(frozen=True, slots=True)
class StreetKeys:
    """Derives; keeps nothing but the secret.

    Args:
        secret: 32 random bytes.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a secret of another length."""
        if len(self.secret) != SECRET_LENGTH:
            raise UsageError(f"a street's secret has {SECRET_LENGTH} bytes, not {len(self.secret)}")

    def _derive(self, purpose: str, identity: bytes) -> bytes:
        return hmac_sha256(self.secret, purpose.encode("ascii") + b"\x00" + identity)

    def association(self, client: str, server: Eui64) -> dlms.Keys:
        """Encryption and authentication key of one client's association with one server."""
        return dlms.Keys(
            encryption=self._derive(f"dlms encryption {client}", server.octets)[:16],
            authentication=self._derive(f"dlms authentication {client}", server.octets)[:16],
        )

    def gas_link(self, meter: Eui64) -> bytes:
        """Master key of one gas meter's link, 16 bytes (OMS security mode 7)."""
        return self._derive("oms master", meter.octets)[:16]

    def pair(self, purpose: str, identity: Eui64) -> KeyPair:
        """A key pair on P-256 of one unit or party, for one purpose."""

        def entropy(size: int) -> bytes:
            blocks = (self._derive(f"p-256 {purpose} {number}", identity.octets) for number in range(-(-size // 32)))
            return b"".join(blocks)[:size]

        return KeyPair.generate(P256, entropy)

    def arm_codes(self, meter: Eui64) -> bytes:
        """Key of the codes that arm one electricity meter on the spot, 16 bytes."""
        return self._derive("arm codes", meter.octets)[:16]

    def vending(self, supply_group: str) -> bytes:
        """The 160-bit vending key of a supply group (IEC 62055-41 DKGA04)."""
        return self._derive("sts vending", supply_group.encode("ascii"))[:_VENDING_KEY_LENGTH]


def kept_keys(folder: Path) -> StreetKeys:
    """The keys of a house that has run.

    Args:
        folder: `keys` of its data folder.

    Raises:
        ConfigurationError: the secret is not there, or damaged.
    """
    path = folder / SECRET_FILE
    secret = path.read_bytes() if path.exists() else b""
    if len(secret) != SECRET_LENGTH:
        raise ConfigurationError(
            f"{path} is damaged or missing", remedy="Restore it from a backup, or start with a new folder."
        )
    return StreetKeys(secret)
