"""By which logical names an account is found: what the field asks for does not move with the code."""

from __future__ import annotations

import pytest

from meterhouse.companion.account_objects import ACCOUNT_OBJECTS
from meterhouse.model import Fuel


@pytest.mark.parametrize(("fuel", "channel"), [(Fuel.ELECTRICITY, 0), (Fuel.GAS, 1)])
def test_the_objects_of_an_account_stand_where_they_always_stood(fuel, channel):
    at = ACCOUNT_OBJECTS[fuel]
    found = {
        "19.10.0": at.credit,
        "19.10.1": at.emergency_credit,
        "19.40.0": at.token_gateway,
        "94.44.10": at.debt_note,
        "94.44.11": at.tariff,
        "94.44.13": at.tariff_matrix,
        "94.44.14": at.credit_limits,
        "94.44.15": at.calendar,
        "94.44.17": at.reading_basis,
    }
    assert {rest: str(obis) for rest, obis in found.items()} == {rest: f"0-{channel}:{rest}.255" for rest in found}
