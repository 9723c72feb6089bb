"""What a device and its new supplier share, out of two key-agreement keys: nobody carries a secret to either.

Z is the static Diffie-Hellman of device and supplier on P-256; each key is the concatenation KDF of it with what the
key is for. The supplier that loses the device, the carrier and the hub know both public keys and learn nothing.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from meterhouse.crypto import P256, KeyPair, PublicPoint, concat_kdf, shared_secret, unwrap_key, wrap_key
from meterhouse.model import AuthenticationError, Eui64, MeterhouseError
from meterhouse.protocols import dlms, sts

__all__ = ["association_keys", "unwrap_token_key", "wrap_token_key"]

_ASSOCIATION: Final = b"meterhouse association"
_TOKENS: Final = b"meterhouse token key"
_KEY: Final = 16
_BINDING: Final = Struct(">BBBB6sHB")
_STEP: Final = 8


def association_keys(own: KeyPair, other: PublicPoint, server: Eui64) -> dlms.Keys:
    """The keys of the head end's association.

    Args:
        own: key-agreement pair of one end.
        other: public key of the other.
        server: what is associated with: the meter itself, or the hub that speaks for a gas meter.
    """
    both = concat_kdf(P256.hash, shared_secret(own, other), _ASSOCIATION + server.octets, 2 * _KEY)
    return dlms.Keys(encryption=both[:_KEY], authentication=both[_KEY:])


def wrap_token_key(own: KeyPair, other: PublicPoint, device: Eui64, key: sts.DecoderKey) -> bytes:
    """A decoder key for the device alone, and nobody on the way: AES key wrap under a key of this purpose."""
    binding = _BINDING.pack(
        key.algorithm,
        key.key_type,
        key.key_revision,
        key.tariff_index,
        key.supply_group.encode("ascii"),
        int(key.base_date),
        key.ken,
    )
    plain = bytes((len(key.octets),)) + binding + key.octets
    return wrap_key(_wrapping(own, other, device), plain + bytes(-len(plain) % _STEP))


def unwrap_token_key(own: KeyPair, other: PublicPoint, device: Eui64, wrapped: bytes) -> sts.DecoderKey:
    """The decoder key inside.

    Raises:
        AuthenticationError: it was wrapped for another device, by another supplier, or is no decoder key.
    """
    plain = unwrap_key(_wrapping(own, other, device), wrapped)
    try:
        length, begins = plain[0], 1 + _BINDING.size
        algorithm, kind, revision, tariff, group, base, ken = _BINDING.unpack(plain[1:begins])
        return sts.DecoderKey(
            plain[begins : begins + length],
            sts.EncryptionAlgorithm(algorithm),
            sts.KeyType(kind),
            revision,
            tariff,
            group.decode("ascii"),
            sts.BaseDate(base),
            ken=ken,
        )
    except (MeterhouseError, ValueError, IndexError) as error:
        raise AuthenticationError("the wrapped key is no decoder key", why=f"{error}.") from error


def _wrapping(own: KeyPair, other: PublicPoint, device: Eui64) -> bytes:
    return concat_kdf(P256.hash, shared_secret(own, other), _TOKENS + device.octets, _KEY)
