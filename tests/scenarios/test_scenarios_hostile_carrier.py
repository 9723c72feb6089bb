"""A carrier that means harm: it flips, drops, doubles, replays, delays and swaps what hub and head end say.

It can cost tries and time. It can never change a balance by anything but a token that was sold, and no switch or valve.
"""

from __future__ import annotations

import pytest

from meterhouse.carrier import Carrier
from meterhouse.companion.gas import ValveState
from meterhouse.companion.relay import Frame, Kind
from meterhouse.links import Dice
from meterhouse.model import DAY, Instant
from meterhouse.premises.electricity_meter import ControlState
from street_worlds import Scene

PREPAY = 'gas = { mode = "prepay", opening_balance = "6.00" }'
USED_UP = 'gas = { mode = "prepay", opening_balance = "0.10" }'


class Harm:
    """Sits in the carrier where bytes of a session are passed on."""

    def __init__(self, carrier: Carrier, dice: Dice, permille: int) -> None:
        self._send = carrier._send
        self._dice = dice
        self._permille = permille
        self._kept: list[Frame] = []
        self.done = 0
        self.on = True
        carrier._send = self.send  # type: ignore[method-assign]

    def send(self, line, frame: Frame, *line_class) -> None:
        if frame.kind is Kind.DATA:
            self._kept.append(frame)
            if len(self._kept) > 400:
                del self._kept[0]
        if not self.on or frame.kind in (Kind.WELCOME, Kind.PONG) or not self._dice.hit(self._permille):
            self._send(line, frame, *line_class)
            return
        self.done += 1
        for one in self._harmed(frame):
            self._send(line, one, *line_class)

    def _harmed(self, frame: Frame) -> list[Frame]:
        way, payload = self._dice.below(6), frame.payload
        if way == 0 or not payload:
            return []
        if way == 1:
            at = self._dice.below(len(payload))
            flipped = payload[:at] + bytes([payload[at] ^ (1 << self._dice.below(8))]) + payload[at + 1 :]
            return [Frame(frame.kind, frame.session, flipped)]
        if way == 2:
            return [frame, frame]
        old = self._kept[self._dice.below(len(self._kept))] if self._kept else frame
        replay = Frame(Kind.DATA, frame.session, old.payload)  # another time's, another hub's, the other direction's
        if way == 3:
            return [replay]
        if way == 4:
            return [replay, frame]
        return [Frame(frame.kind, frame.session, payload[: self._dice.below(len(payload))])]


@pytest.mark.requirement("S0-140")
@pytest.mark.parametrize("seed", range(4))
def test_a_hostile_carrier_costs_tries_and_changes_nothing(seed):
    scene = Scene(PREPAY, USED_UP, PREPAY, seed=seed, litres=25)
    harm = Harm(scene.street.carrier, Dice(seed + 99), 200)
    scene.days(0.2)
    sold = {}
    for number, home in enumerate(("01", "02", "03")):
        scene.site(home).electricity.disconnect(scene.world.now)
        scene.pay(home, request=f"r{number}")
        [(vend, _)] = scene.street.books.vends(1, home)
        sold[home] = vend.value.amount
    scene.days(2)
    for home in ("01", "02", "03"):
        site = scene.site(home)
        assert site.electricity.switch.state is ControlState.DISCONNECTED
        assert site.hub.account.tokens <= 1
        assert site.hub.account.credited in (0, sold[home])
        assert site.hub.account.tariff.price == 7_370
    assert scene.site("02").gas.valve is ValveState.CLOSED
    assert harm.done >= 15
    assert "job.failed" in scene.kinds()
    assert scene.broken() <= {6}  # half hours may be late, no more
    harm.on = False
    scene.days(1)
    for home in ("01", "02", "03"):
        site = scene.site(home)
        assert site.hub.account.tokens == 1
        [(_, stages)] = scene.street.books.vends(5, home)
        assert stages[-1].name == "accepted"
        for meter, _ in site.fuels:
            for day in (0, 1):
                assert scene.street.books.day(meter, Instant(scene.plan.start + day * DAY)).complete


def test_the_harm_is_real():
    """The same carrier with every frame harmed gets no token to anybody."""
    scene = Scene(PREPAY)
    scene.days(0.2)
    Harm(scene.street.carrier, Dice(1), 1000)
    scene.pay()
    scene.days(0.5)
    assert scene.site().hub.account.tokens == 0
