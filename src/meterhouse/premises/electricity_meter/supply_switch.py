"""The electricity supply switch: opened by order, armed by order, closed only by a hand.

No message exists that closes it. It is a disconnect control (IEC 62056-6-2 §4.5.8) in control mode 3: remote disconnect
(b, c) and local disconnect (g); remote reconnect (d) goes to ready-for-reconnection only; manual reconnect (e) closes.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from meterhouse.model import ConfigurationError

__all__ = ["ARM_ONLY_MODE", "CONTROL_MODES", "ControlState", "SupplySwitch"]

ARM_ONLY_MODE: Final = 3
CONTROL_MODES: Final = (0, 1, ARM_ONLY_MODE)
"""The modes of class 70 that a switch of ours can be made with: 0 never opens, 1 and 3 close by hand only. In 2 and 4 a
message closes it, in 5 and 6 time does, in 7 both: no meter of ours has them, and no message sets the mode."""


class ControlState(IntEnum):
    """control_state of class 70."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY = 2


class SupplySwitch:
    """The switch's state; the contact is closed only while CONNECTED.

    It breaks the live conductor with a small gap and is no isolator: nobody may work behind it because it is open
    (S0-50).

    Raises:
        ConfigurationError: a control mode in which something else than a hand closes it.
    """

    __slots__ = ("held", "mode", "state")

    def __init__(self, state: ControlState = ControlState.CONNECTED, mode: int = ARM_ONLY_MODE) -> None:
        if mode not in CONTROL_MODES:
            raise ConfigurationError(
                f"control mode {mode} is none of {CONTROL_MODES}", why="Nothing but a hand on the spot closes a supply."
            )
        self.state = state
        self.mode = mode
        self.held = False
        """Whether the button is down: a hand counts when it comes, not while it rests, and a stuck button never."""

    @property
    def closed(self) -> bool:
        """Whether current may flow."""
        return self.state is ControlState.CONNECTED

    def disconnect(self) -> bool:
        """Open, or disarm; True if that changed anything."""
        changed = self.state is not ControlState.DISCONNECTED and self.mode != 0
        if not changed:
            return False
        self.state = ControlState.DISCONNECTED
        return True

    def trip(self) -> bool:
        """Open for a local reason that a hand on the spot may end; True if that changed anything."""
        if self.state is not ControlState.CONNECTED or self.mode == 0:
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
