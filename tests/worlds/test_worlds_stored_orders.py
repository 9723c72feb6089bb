"""Somebody who jams the meter, records what its hub answers, and plays it back later, gains no gas by it.

An access number has eight bits, and each press of the button uses one: what was recorded for a number comes round to
it again within half an hour, under a counter that the deaf meter has never seen.
"""

from __future__ import annotations

import pytest

from meterhouse.companion.gas import ValveState
from meterhouse.links import NullModem
from meterhouse.model import HALF_HOUR, SECOND, Instant
from street_worlds import Scene

DELAY = 48
LITRES = 100
BOUGHT_L = 605
HOME = f'gas = {{ mode = "prepay", opening_balance = "0.50", no_comms_half_hours = {DELAY} }}'
HUB_SIDE, METER_SIDE = 0, 1
NUMBERS = 256


class Recorder:
    """Beside the meter: makes it deaf, keeps what was meant for it, and says it again where a number comes round."""

    def __init__(self, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        self._scene, self._wire = scene, scene.wires["gas_radio/01"]
        self._stored: list[tuple[int, bytes]] = []
        self._number = 0
        self.plays = False
        self.played = 0
        send = NullModem.send

        def heard(modem: NullModem, side: int, data: bytes, now: Instant):
            if modem is self._wire:
                self._hear(side, data, now)
            return send(modem, side, data, now)

        monkeypatch.setattr(NullModem, "send", heard)
        self._wire.deaf[METER_SIDE] = True

    def _hear(self, side: int, data: bytes, now: Instant) -> None:
        if side == METER_SIDE and data[1] == 0x44:  # a report: its number stands in the clear
            self._number = data[12]
            if self.plays:
                self._play(now)
        elif side == HUB_SIDE and not self.plays:
            self._stored.append((self._number, data))

    def _play(self, now: Instant) -> None:
        place = next((at for at, (number, _) in enumerate(self._stored) if number == self._number), None)
        if place is None:
            return
        frame = self._stored[place][1]
        del self._stored[: place + 1]  # its counter makes all before it worthless
        self.played += 1
        meter = self._scene.site().gas

        def play(_now: Instant) -> None:
            self._scene.world.call(meter, lambda at: meter.receive("gas_radio", frame, at))

        self._scene.world.at(Instant(now + 50), play)


def test_orders_that_were_recorded_before_the_meter_heard_them_bring_no_gas_when_their_number_comes_round(monkeypatch):
    scene = Scene(HOME, litres=LITRES)
    scene.half_hours(3)  # installed: the meter has heard its hub, and knows its cut-off
    site = scene.site()
    recorder = Recorder(scene, monkeypatch)
    scene.half_hours(DELAY + 20)
    assert site.gas.valve is ValveState.CLOSED
    recorder.plays = True
    for _ in range(6):
        for _ in range(NUMBERS):  # round all numbers, each five seconds
            scene.street.press_gas("01")
            scene.world.run(Instant(scene.world.now + 6 * SECOND))
        scene.world.run(Instant(scene.world.now + HALF_HOUR))
    scene.half_hours(DELAY + 4)
    past = site.gas.volume_l - BOUGHT_L
    assert recorder.played > 0
    assert past <= DELAY * LITRES, f"{past} l past the cut-off"
    assert site.gas.valve is ValveState.CLOSED
