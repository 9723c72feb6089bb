"""Class 1, test and display, and the part of class 2 that carries a TID (IEC 62055-41 §6.2.3, §6.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from meterhouse.model import UsageError
from meterhouse.protocols.sts.amount import decode_amount, encode_amount
from meterhouse.protocols.sts.container import Block, Token, join
from meterhouse.protocols.sts.keys import DecoderKey
from meterhouse.protocols.sts.sealing import identified_payload, seal

__all__ = [
    "ALL_REGISTERS",
    "ALL_TESTS",
    "Management",
    "ManagementSubclass",
    "TestDisplay",
    "encode_management",
    "encode_test",
    "read_management",
    "read_test",
]

ALL_REGISTERS: Final = 0xFFFF
"""ClearCredit's register number that means all of them; else 0 to 7, numbered as the credit subclasses."""

_LAST_REGISTER: Final = 7

ALL_TESTS: Final = 0
"""Test number 0: every control bit is set."""

_CONTROL_BITS: Final = (36, 28)
"""Control bits of subclass 0 (2-digit manufacturers) and 1 (4-digit)."""


class ManagementSubclass(IntEnum):
    """What is managed. The reserved ones are read, so that a meter can name what it refuses, and never made."""

    SET_MAXIMUM_POWER_LIMIT = 0
    CLEAR_CREDIT = 1
    SET_TARIFF_RATE = 2
    CLEAR_TAMPER_CONDITION = 5
    SET_MAXIMUM_PHASE_POWER_UNBALANCE_LIMIT = 6
    SET_WATER_METER_FACTOR = 7

    @property
    def is_reserved(self) -> bool:
        """Whether the standard keeps its 16 bits for later."""
        return self in (self.SET_TARIFF_RATE, self.SET_WATER_METER_FACTOR)

    @property
    def is_power(self) -> bool:
        """Whether its value is in W and coded as an amount."""
        return self in (self.SET_MAXIMUM_POWER_LIMIT, self.SET_MAXIMUM_PHASE_POWER_UNBALANCE_LIMIT)


@dataclass(frozen=True, slots=True)
class Management:
    """An order to the meter.

    Attributes:
        subclass: which.
        tid: minutes since the key's base date.
        value: W, or the register to clear, or 0; of a reserved one, the 16 bits as they are.
        rnd: 0 to 15.
    """

    subclass: ManagementSubclass
    tid: int
    value: int
    rnd: int


@dataclass(frozen=True, slots=True)
class TestDisplay:
    """A test or display request; it is not encrypted, so anyone can make one.

    Attributes:
        subclass: 0 for 2-digit manufacturers, 1 for 4-digit.
        control: 36 or 28 bits; bit n-1 asks for test n, all bits for test 0.
        manufacturer: whose meters; 0 for all.
    """

    __test__ = False  # pytest would take the name for a suite

    subclass: int
    control: int
    manufacturer: int


def encode_management(key: DecoderKey, subclass: ManagementSubclass, *, tid: int, value: int = 0, rnd: int) -> Token:
    """A management token.

    Args:
        key: the meter's key.
        subclass: what to do.
        tid: from `next_tid`.
        value: W, 0 to 18 201 624, rounded up to what the field can tell; or a register 0 to 7 or ALL_REGISTERS; or 0.
        rnd: 4 bits of the caller's entropy.

    Raises:
        UsageError: any of these is out of range, or the key has expired by `tid`.
    """
    if subclass.is_reserved:
        raise UsageError(
            f"{subclass.name} cannot be made", why="IEC 62055-41 §6.2.4 reserves it for future definition."
        )
    if not subclass.is_power and not _plain_value_fits(subclass, value):
        raise UsageError(f"{subclass.name} does not take the value {value}", why="IEC 62055-41 §6.2.4.")
    field = encode_amount(value) if subclass.is_power else value
    return seal(key, 2, subclass, identified_payload(key, rnd, tid, field))


def _plain_value_fits(subclass: ManagementSubclass, value: int) -> bool:
    if subclass is ManagementSubclass.CLEAR_CREDIT:
        return 0 <= value <= _LAST_REGISTER or value == ALL_REGISTERS
    return value == 0


def read_management(block: Block) -> Management | None:
    """The order in a block of class 2; None where the subclass or its value means nothing here."""
    known = frozenset(ManagementSubclass)
    if block.subclass not in known:
        return None
    subclass = ManagementSubclass(block.subclass)
    rnd, tid, field = block.payload >> 40, block.payload >> 16 & 0xFFFFFF, block.payload & 0xFFFF
    if subclass.is_power:
        return Management(subclass, tid, decode_amount(field), rnd)
    if subclass.is_reserved:
        return Management(subclass, tid, field, rnd)
    return Management(subclass, tid, field, rnd) if _plain_value_fits(subclass, field) else None


def encode_test(subclass: int, test: int, *, manufacturer: int = 0) -> Token:
    """A test or display token: no key, no TID.

    Args:
        subclass: 0 (36 control bits, 2-digit manufacturers) or 1 (28 bits, 4-digit).
        test: ALL_TESTS, or n for the n-th control bit.
        manufacturer: 0 to 99, or 0 to 9999; 0 for all.

    Raises:
        UsageError: any of these is out of range.
    """
    if subclass not in (0, 1):
        raise UsageError(f"test subclass {subclass} is not 0 or 1")
    width = _CONTROL_BITS[subclass]
    if not 0 <= test <= width:
        raise UsageError(f"test {test} is not 0 to {width}")
    if not 0 <= manufacturer <= (99, 9999)[subclass]:
        raise UsageError(f"manufacturer {manufacturer} does not fit a test token of subclass {subclass}")
    control = 1 << test - 1 if test else (1 << width) - 1
    return join(1, Block(1, subclass, control << 44 - width | manufacturer).bits())


def read_test(block: Block) -> TestDisplay | None:
    """The request in a block of class 1; None for subclasses above 1, which are makers' own or unknown."""
    if block.subclass > 1:
        return None
    place = 44 - _CONTROL_BITS[block.subclass]
    return TestDisplay(block.subclass, block.payload >> place, block.payload & (1 << place) - 1)
