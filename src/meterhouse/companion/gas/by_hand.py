"""What a person carries between gas meter and hub when the air does not: a reading one way, a code the other.

The meter shows its reading with six check digits; keyed into the hub they prove that this meter showed that reading
(S0-138). The hub shows a code of ten digits; keyed into the meter it opens the valve at that reading and no other, and
grants so many cubic metres, as a cut-off does (S0-139). Both are truncated AES-CMACs under keys that nothing else is
made with; six and eight digits are enough where five wrong ones lock the keypad.
"""

from __future__ import annotations

from typing import Final

from meterhouse.companion.gas.messages import GasAddress
from meterhouse.crypto import cmac
from meterhouse.model import REGISTER_LIMIT_LITRES, UsageError

__all__ = ["CHECK_DIGITS", "CODE_DIGITS", "MOST_GRANTED_M3", "check_digits", "code_grant", "reopen_code"]

CHECK_DIGITS: Final = 6
CODE_DIGITS: Final = 10
MOST_GRANTED_M3: Final = 99

_LABEL: Final = b"by hand/gas/1"
_READING, _CODE = b"\x01", b"\x02"
_MAC_DIGITS: Final = 8


def check_digits(master_key: bytes, meter: GasAddress, register_l: int) -> str:
    """The six digits that a meter shows beside its reading.

    Raises:
        UsageError: a reading that no register shows.
    """
    return _digits(master_key, meter, _READING + _register(register_l), CHECK_DIGITS)


def reopen_code(master_key: bytes, meter: GasAddress, register_l: int, granted_m3: int) -> str:
    """The ten digits that open this meter's valve at this reading: two of the grant, eight that prove it.

    Raises:
        UsageError: a reading that no register shows, or a grant that is not 1 to MOST_GRANTED_M3.
    """
    if not 1 <= granted_m3 <= MOST_GRANTED_M3:
        raise UsageError(f"a grant of {granted_m3} m³ is not 1 to {MOST_GRANTED_M3}")
    grant = bytes((granted_m3,))
    return f"{granted_m3:02d}" + _digits(master_key, meter, _CODE + grant + _register(register_l), _MAC_DIGITS)


def code_grant(master_key: bytes, meter: GasAddress, register_l: int, code: str) -> int:
    """Cubic metres that a code grants at this meter and this reading; 0 where it is none of theirs."""
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        return 0
    granted_m3 = int(code[:2])
    if granted_m3 < 1 or reopen_code(master_key, meter, register_l, granted_m3) != code:
        return 0
    return granted_m3


def _register(register_l: int) -> bytes:
    if not 0 <= register_l < REGISTER_LIMIT_LITRES:
        raise UsageError(f"a reading of {register_l} l is not 0 to {REGISTER_LIMIT_LITRES - 1}")
    return register_l.to_bytes(4, "big")


def _digits(master_key: bytes, meter: GasAddress, said: bytes, count: int) -> str:
    tag = cmac(cmac(master_key, _LABEL), meter.link + said)
    return f"{int.from_bytes(tag[:8], 'big') % 10**count:0{count}d}"
