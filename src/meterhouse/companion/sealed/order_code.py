"""The message codes of the orders that devices of ours do (`catalogue.toml` has their rules)."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["OrderCode"]


class OrderCode(IntEnum):
    """GBCS's numbers below 0xF000; ours from there on."""

    OPEN_SWITCH = 0x0050
    ARM_SWITCH = 0x0051
    READ_SWITCH = 0x0052
    MANAGE_GAS_DEBT = 0x006E
    SELECT_EMERGENCY_CREDIT = 0x0070
    SET_CALORIFIC_VALUE = 0x007C
    CLOSE_VALVE = 0x0081
    READ_VALVE = 0x0082
    ARM_VALVE = 0x0085
    TOP_UP = 0x0097
    SET_GAS_PRICE = 0x00A3
    SET_CLOCK = 0xF020
    SET_LOAD_LIMIT = 0xF021

    @property
    def cuts(self) -> bool:
        """Whether it takes a supply off."""
        return self in {OrderCode.OPEN_SWITCH, OrderCode.CLOSE_VALVE}

    @property
    def arms(self) -> bool:
        """Whether it lets a hand restore one."""
        return self in {OrderCode.ARM_SWITCH, OrderCode.ARM_VALVE}
