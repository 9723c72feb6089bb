"""bytes from here to there: tcp, tls, serial, radio, memory; the pump, the only real clock"""

from meterhouse.links.bearers import LOW_POWER_RADIO, POWER_LINE, POWER_LINE_STREAM
from meterhouse.links.clock import Clock, PacedClock, SystemClock
from meterhouse.links.dice import Dice
from meterhouse.links.exchange import Exchange, Tap
from meterhouse.links.loop import run_loop
from meterhouse.links.memory import Channel, Lane, Manner, NullModem, Outage, Parcel
from meterhouse.links.pump import Pump
from meterhouse.links.serial import Coder, Framing, SerialLine, SerialWire
from meterhouse.links.subscriptions import Subscriptions
from meterhouse.links.tcp import Introduce
from meterhouse.links.tls import mutual_tls

__all__ = [
    "LOW_POWER_RADIO",
    "POWER_LINE",
    "POWER_LINE_STREAM",
    "Channel",
    "Clock",
    "Coder",
    "Dice",
    "Exchange",
    "Framing",
    "Introduce",
    "Lane",
    "Manner",
    "NullModem",
    "Outage",
    "PacedClock",
    "Parcel",
    "Pump",
    "SerialLine",
    "SerialWire",
    "Subscriptions",
    "SystemClock",
    "Tap",
    "mutual_tls",
    "run_loop",
]
