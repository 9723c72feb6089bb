from __future__ import annotations

import pytest

from meterhouse.model import Money, UsageError
from meterhouse.supplier.vending import split


@pytest.mark.requirement("S3-19")
@pytest.mark.parametrize(
    ("paid", "debt", "share", "to_debt", "in_token"),
    [
        ("20.00", "50.00", 2000, "4.00", "16.00"),
        ("20.00", "4.00", 2000, "4.00", "16.00"),
        ("20.00", "3.21", 2000, "3.21", "16.79"),
        ("20.00", "0.00001", 2000, "0.00001", "19.99999"),
        ("20.00", "0.00", 2000, "0.00", "20.00"),
        ("20.00", "50.00", 0, "0.00", "20.00"),
        ("20.00", "50.00", 10_000, "20.00", "0.00"),
        ("1.00001", "50.00", 3333, "0.3333", "0.66671"),
    ],
)
def test_debt_takes_its_share_rounded_down_and_never_more_than_is_owed(paid, debt, share, to_debt, in_token):
    got = split(Money.parse(paid), Money.parse(debt), share)
    assert got == (Money.parse(to_debt), Money.parse(in_token))


@pytest.mark.parametrize("share", [-1, 10_001])
def test_a_share_outside_nought_to_all_is_refused(share):
    with pytest.raises(UsageError):
        split(Money.parse("20"), Money.parse("5"), share)
