"""The electricity supply switch: opened by order, armed by order, closed only by a hand.

No message exists that closes it. It is a disconnect control (IEC 62056-6-2 §4.5.8) in control mode 3: remote disconnect
(b, c) and local disconnect (g); remote reconnect (d) goes to ready-for-reconnection only; manual reconnect (e) closes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

__all__ = ["ARM_ONLY_MODE", "ControlState", "SupplySwitch"]

ARM_ONLY_MODE: Final = 3


class ControlState(IntEnum):
    """control_state of class 70."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY = 2


class SupplySwitch:
    """The switch's state; the contact is closed only while CONNECTED."""

    __slots__ = ("held", "state")

    def __init__(self, state: ControlState = ControlState.CONNECTED) -> None:
        self.state = state
        self.held = False
        """Whether the button is down: a hand counts when it comes, not while it rests, and a stuck button never."""

    @property
    def closed(self) -> bool:
        """Whether current may flow."""
        return self.state is ControlState.CONNECTED

    def disconnect(self) -> bool:
        """Open, or disarm; True if that changed anything."""
        changed = self.state is not ControlState.DISCONNECTED
        self.state = ControlState.DISCONNECTED
        return changed

    def trip(self) -> bool:
        """Open for a local reason that a hand on the spot may end; True if that changed anything."""
        if self.state is not ControlState.CONNECTED:
            return False
        self.state = ControlState.READY
        return True

    def arm(self) -> bool:
        """Let a hand close it; True if that changed anything. A closed switch stays closed."""
        if self.state is not ControlState.DISCONNECTED:
            return False
        self.state = ControlState.READY
        return True

    def press(self) -> bool:
        """The hand on the spot; True if the switch closed now. A button that is down already is not pressed."""
        pressed, self.held = not self.held, True
        if not pressed or self.state is not ControlState.READY:
            return False
        self.state = ControlState.CONNECTED
        return True

    def release(self) -> None:
        """The hand lets go."""
        self.held = False
