"""The judge of balances on a tariff of rates and blocks that the head end set over the line for a later half hour."""

from __future__ import annotations

from functools import partial

import pytest

from meterhouse.model import HALF_HOUR, Instant
from meterhouse.supplier.headend import SetTariffMatrix
from street_worlds import START, Scene


class Book:
    """Keeps the stages of one order."""

    def __init__(self) -> None:
        self.stages: list[str] = []

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        del order, now, why
        self.stages.append(stage)


@pytest.mark.requirement("S0-120")
@pytest.mark.requirement("S0-121")
@pytest.mark.parametrize("honest", [True, False])
def test_a_day_of_four_rates_and_four_blocks_equals_the_reference_ledger_and_one_wrong_rate_breaks_6(honest):
    scene, book = Scene('gas = { mode = "prepay", opening_balance = "50.00" }'), Book()
    scene.half_hours(2)
    rates = tuple(slot // 5 % 4 for slot in range(96))
    job = SetTariffMatrix(
        "tariff",
        tuple(1_000 * place for place in range(1, 17)),
        rates,
        (4_000, 9_000, 15_000),
        10_000,
        40_000,
        book,
        Instant(START + 7 * HALF_HOUR),
    )
    scene.world.call(scene.street.head_end, partial(scene.street.head_end.submit, scene.site().names.hub, job))
    scene.half_hours(10)
    assert book.stages == ["accepted"]
    if not honest:
        account = scene.site().hub.account
        account.rates = [(rate + 1) % 4 if slot == 20 else rate for slot, rate in enumerate(account.rates)]
    scene.days(2)
    assert scene.broken() == (set() if honest else {6})
