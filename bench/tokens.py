"""STS: making and taking a 20-digit token."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.protocols.sts import (
    CreditSubclass,
    CurrencyCredit,
    MeterPan,
    Token,
    decode_token,
    derive_dkga04,
    encode_currency_credit,
)

__all__: list[str] = []

NOBODY = "no peer: nothing on the Python index makes STS tokens"


@bench
def sts_token() -> Iterator[Figure]:
    """A gas currency token of 16.00 under EA11 and DKGA04."""
    vending_key = bytes(range(20))
    pan = MeterPan.of_serial(1, 1234567)
    key = derive_dkga04(vending_key, pan=pan, supply_group="123456")
    tids = count(1)

    def make() -> Token:
        tid = next(tids) & 0xFF_FFFF
        return encode_currency_credit(key, CreditSubclass.GAS_CURRENCY, tid=tid, amount_money5=1_600_000)

    token = make()
    taken = decode_token(key, token)
    assert isinstance(taken, CurrencyCredit)
    yield Figure("STS token made", "1/s", per_second(make), peer_name=NOBODY, note="EA11, key at hand")
    taking = per_second(lambda: decode_token(key, token))
    yield Figure("STS token taken", "1/s", taking, peer_name=NOBODY, note="EA11, key at hand, CRC checked")
    deriving = per_second(lambda: derive_dkga04(vending_key, pan=pan, supply_group="123456"))
    yield Figure("STS meter key derived", "1/s", deriving, peer_name=NOBODY, note="DKGA04 and EA11's key schedule")
