"""A payment with a wrong or an old card or number is stopped before a token is made, and the attempt stays known."""

from __future__ import annotations

import pytest

from counter_memory import NOW, DictRecords, PlainService
from counter_street import KEYS, build, payment
from meterhouse.model import DAY, Instant, Money
from meterhouse.store import Database, SqlRefusals, SqlRegistry, SqlVendingRecords, Till, verify
from meterhouse.supplier.vending import (
    ClosedKind,
    ExpiredCardError,
    Leaving,
    OldCardError,
    OtherTenancyError,
    PaymentRefusedError,
    PaymentRequest,
    StsService,
    UnknownAccountError,
    end_account,
    pay,
)

PAN = "600727000000000009"
GOOD, EXPIRED, OLD_KEY = (
    f"{PAN}=2703=0211123457011",
    f"{PAN}=2611=0211123457011",
    f"{PAN}=2703=0211123457012",
)


def dice(count):
    return b"\5" * count


def take(account, request_id="r1", records=None, now=NOW):
    records = records or DictRecords()
    asked = PaymentRequest(request_id, account, Money.parse("20.00"), "shop")
    return pay(records, PlainService(), asked, now, dice)


class CountingService(StsService):
    """Counts the tokens that were asked of it."""

    made = 0

    def issue(self, meter, amount, tid, rnd):
        type(self).made += 1
        return super().issue(meter, amount, tid, rnd)


@pytest.mark.parametrize("card", [PAN, GOOD, f";{GOOD}?", GOOD.replace("=2703=", "2703")])
def test_a_meter_s_number_and_its_card_pay_the_account_of_that_meter_and_a_repeat_is_one_payment(card):
    records = DictRecords()
    receipt = take(card, records=records)
    assert receipt.account_id == "A1"
    assert take(card, records=records) == take("A1", records=records) == receipt


@pytest.mark.requirement("S3-62")
@pytest.mark.parametrize(
    ("card", "error"),
    [
        (EXPIRED, ExpiredCardError),
        (OLD_KEY, OldCardError),
        (GOOD.replace("123457", "123458"), OldCardError),
        (GOOD[:-5] + "2112", UnknownAccountError),
        (f"{PAN[:-1]}1=2703=0211123457011", UnknownAccountError),
        ("000001000000000082", UnknownAccountError),
    ],
)
def test_an_expired_card_and_one_older_than_its_meter_s_key_pay_nothing(card, error):
    with pytest.raises(error) as refused:
        take(card)
    assert refused.value.remedy


def test_a_card_that_expires_next_month_pays_until_then():
    card = f"{PAN}=2612=0211123457011"
    assert take(card).token
    with pytest.raises(ExpiredCardError):
        take(card, now=Instant(NOW + 10 * DAY))


@pytest.mark.requirement("S3-62", "S3-90")
def test_wrong_old_and_closed_are_stopped_before_a_token_is_made_and_each_attempt_is_on_record():
    with Database("sqlite://") as database:
        database.run(build)

        def scene(tx):
            registry = SqlRegistry(tx)
            registry.add_card("card-1", "A0")
            registry.add_card("card-2", "A0")
            left = Leaving(ClosedKind.TENANCY, Money.parse("0"), successor="A9")
            end_account(SqlVendingRecords(tx), "A1", left, NOW)

        database.run(scene)
        CountingService.made = 0
        till = Till(database, CountingService(KEYS), dice)
        wrong = {"nobody": "unknown_account", "card-1": "old_card", "A1": "other_tenancy", PAN: "unknown_account"}
        for turn, account in enumerate(wrong):
            with pytest.raises(PaymentRefusedError):
                till.pay(payment(f"w{turn}", account=account), Instant(NOW + turn))
        assert CountingService.made == 0
        assert till.pay(payment("good", account="card-2"), NOW).token
        assert CountingService.made == 1
        attempts = database.read(lambda tx: SqlRefusals(tx).newest(100))
        assert [(one.account, one.code, one.at) for one in reversed(attempts)] == [
            (account, code, NOW + turn) for turn, (account, code) in enumerate(wrong.items())
        ]
        assert all((one.network, one.amount, bool(one.why)) == ("shop", Money.parse("20.00"), True) for one in attempts)
        assert len(database.read(lambda tx: SqlRefusals(tx).newest(100, "card-1"))) == 1
        assert database.read(verify) == ()


def test_a_refusal_is_on_record_however_the_payment_came_and_in_a_group_only_its_own(tmp_path):
    with Database(f"sqlite:///{tmp_path / 'meterhouse.db'}") as database:
        database.run(build)
        services = StsService(KEYS)
        answers = [
            Till(database, services, dice).submit(payment(f"r{turn}", account="A0" if turn % 2 else "B9"), NOW)
            for turn in range(20)
        ]
        assert [answer.exception() is None for answer in answers] == [bool(turn % 2) for turn in range(20)]
        apart = Till(database, services, dice, apart=True)
        with pytest.raises(UnknownAccountError):
            apart.pay(payment("apart", account="B9"), NOW)
        codes = [one.code for one in database.read(lambda tx: SqlRefusals(tx).newest(100))]
        assert codes == ["unknown_account"] * 11


def test_attempts_without_end_fill_no_disk():
    with Database("sqlite://") as database:
        attempt = _attempt()
        for _ in range(5):
            database.run(lambda tx: SqlRefusals(tx, kept=3).append([attempt, attempt]))
        assert len(database.read(lambda tx: SqlRefusals(tx).newest(100))) == 3


def _attempt():
    from meterhouse.store import Refusal

    return Refusal.of(payment(), OtherTenancyError("closed"), NOW)
