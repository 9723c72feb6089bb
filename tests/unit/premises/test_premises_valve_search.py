"""T15 at the gas: whatever order, message, fault and wait comes in whatever row, a closed valve opens for a hand only."""

from __future__ import annotations

from random import Random

import pytest
from test_premises_sealed_home import SealedHome, priced, top_up

from home_bench import token
from meterhouse.companion.gas import ValveState
from meterhouse.companion.sealed import OrderCode, Role
from meterhouse.model import DAY, HALF_HOUR, HOUR, MINUTE
from sealed_parties import change_supply, read_status

HANDS = {"press", "key in", "emergency by hand"}
_TIDS = iter(range(6_000_000, 7_000_000))


class GasDeeds:
    """A home, and what can be done to its gas."""

    def __init__(self) -> None:
        self.home = SealedHome(balance=200_000)
        self.parties, self.bench = self.home.gas, self.home.bench
        self.last = self.parties.open(self.home.now, premises=bytes(8))
        self.digits = token(300_000, next(_TIDS))

    def order(self, code: OrderCode, content: bytes, role: Role = Role.SUPPLIER) -> None:
        self.last = self.parties.order(code, content, self.home.now, role=role)
        self.home.note(self.parties, self.last, role)

    def yes(self) -> None:
        if self.home.gas_gate.pending:
            query = self.parties.query(self.home.gas_gate)
            self.home.note(self.parties, self.parties.answer(query, self.home.now), Role.CONFIRM)

    def wait(self, time: int) -> None:
        self.bench.run(self.home.now + time)
        self.home.heard()

    def burn(self) -> None:
        self.bench.half_hours(2, 3_000)

    def deeds(self) -> dict[str, object]:
        bench = self.bench
        fresh = next(_TIDS)
        return {
            "close": lambda: self.order(OrderCode.CLOSE_VALVE, change_supply(0)),
            "arm": lambda: self.order(OrderCode.ARM_VALVE, change_supply(1)),
            "arm by another": lambda: self.order(OrderCode.ARM_VALVE, change_supply(1), Role.RECOVERY),
            "read": lambda: self.order(OrderCode.READ_VALVE, read_status()),
            "dear": lambda: self.order(OrderCode.SET_GAS_PRICE, priced(20_000)),
            "token by network": lambda: self.order(OrderCode.TOP_UP, top_up(token(300_000, fresh))),
            "yes": self.yes,
            "cancel": lambda: self.home.note(
                self.parties, self.parties.cancel(self.last, self.home.now), Role.SUPPLIER
            ),
            "again": lambda: self.home.note(self.parties, self.last, Role.SUPPLIER),
            "half an hour": lambda: self.wait(HALF_HOUR),
            "three hours": lambda: self.wait(3 * HOUR),
            "a day": lambda: self.wait(DAY + MINUTE),
            "burn": self.burn,
            "link": lambda: (setattr(bench, "up", not bench.up), setattr(bench, "down", bench.up)),
            "restart": bench.restart_hub,
            "press": bench.press,
            "key in": lambda: bench.key_in(token(300_000, fresh + 500_000)),
            "emergency by hand": lambda: (bench.hub.select_emergency(bench.now), bench.settle()),
        }


@pytest.mark.requirement("S0-51")
def test_t15_no_row_of_orders_faults_and_waits_opens_a_closed_valve_without_a_hand(record_property):
    openings = closings = 0
    for seed in range(24):
        dice, gas = Random(seed), GasDeeds()
        touched = False
        for _ in range(30):
            name = dice.choice(list(gas.deeds()))
            before = gas.bench.gas.valve
            touched = touched or name in HANDS
            gas.deeds()[name]()
            after = gas.bench.gas.valve
            if before is ValveState.OPEN and after is not ValveState.OPEN:
                closings += 1
                touched = name in HANDS
            if before is not ValveState.OPEN and after is ValveState.OPEN:
                openings += 1
                assert touched, f"seed {seed}: {name} opened the valve"
    record_property("closings", closings)
    record_property("openings", openings)
    assert closings > 10
    assert openings > 3
