"""The code that arms an electricity meter with every network down: told by telephone, typed at the meter (S0-74).

The meter shows a number. The code proves that its supplier means this meter at this number; each code that was taken
moves the number on, so that none works twice, or elsewhere. It arms and no more: a hand closes the supply. It is a
truncated AES-CMAC under a key that nothing else is made with; twelve digits are enough where five wrong ones lock the
keypad for an hour: ten million years for an even chance.
"""

from __future__ import annotations

from typing import Final

from meterhouse.crypto import P256, KeyPair, PublicPoint, cmac, concat_kdf, shared_secret
from meterhouse.model import Eui64, UsageError

__all__ = ["ARM_CODE_DIGITS", "ARM_NUMBER_LIMIT", "arm_code", "arm_code_key"]

ARM_CODE_DIGITS: Final = 12
ARM_NUMBER_LIMIT: Final = 10_000
"""The number that a meter shows has four digits, and begins anew after 9999."""
_LABEL: Final = b"by hand/arm/1"
_GAINED: Final = b"meterhouse arm code"
_KEY: Final = 16


def arm_code(key: bytes, device: Eui64, number: int) -> str:
    """The twelve digits that arm this meter while it shows this number.

    Args:
        key: 16 bytes, of this meter alone.
        device: the meter.
        number: that it shows.

    Raises:
        UsageError: a number that no meter shows.
    """
    if not 0 <= number < ARM_NUMBER_LIMIT:
        raise UsageError(f"{number} is not 0 to {ARM_NUMBER_LIMIT - 1}", remedy="Read the number on the meter.")
    tag = cmac(cmac(key, _LABEL), device.octets + number.to_bytes(2, "big"))
    return f"{int.from_bytes(tag[:8], 'big') % 10**ARM_CODE_DIGITS:0{ARM_CODE_DIGITS}d}"


def arm_code_key(own: KeyPair, other: PublicPoint, device: Eui64) -> bytes:
    """The key of a meter and a supplier that has gained it, out of their two key-agreement keys."""
    return concat_kdf(P256.hash, shared_secret(own, other), _GAINED + device.octets, _KEY)
