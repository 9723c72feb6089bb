from __future__ import annotations

from dataclasses import replace

import pytest

from counter_memory import NOW, DictRecords, PlainService
from meterhouse.model import DAY, Fuel, Instant, Money, NotFoundError, PolicyError, UsageError
from meterhouse.supplier.ledger import AccountCode, AccountKind, ConflictError, breaches
from meterhouse.supplier.vending import (
    AccountState,
    ClosedAccountError,
    PaymentLimitError,
    PaymentLimits,
    PaymentRequest,
    RequestConflictError,
    StageName,
    UnknownAccountError,
    WrongCurrencyError,
    advance,
    pay,
    receipt_sms,
    receipt_text,
)


def request(amount="20.00", request_id="r1", account="A1", currency="GBP", network="shop"):
    return PaymentRequest(request_id, account, Money.parse(amount, currency), network)


def take(records, asked, now=NOW, **more):
    return pay(records, PlainService(), asked, now, lambda count: b"\5" * count, **more)


@pytest.mark.requirement("S3-19")
def test_twenty_at_twenty_per_cent_is_four_to_debt_and_sixteen_in_the_token():
    receipt = take(DictRecords(), request())
    assert (receipt.paid, receipt.to_debt, receipt.in_token) == tuple(map(Money.parse, ("20", "4", "16")))


@pytest.mark.requirement("S3-19")
def test_the_last_instalment_is_what_is_still_owed():
    records = DictRecords(debt="10.00")
    shares = [take(records, request(request_id=f"r{turn}")).to_debt for turn in range(4)]
    assert shares == [Money.parse(text) for text in ("4", "4", "2", "0")]


@pytest.mark.requirement("S3-88")
def test_receipt_and_order_to_the_hub_carry_the_debt_that_is_left():
    records = DictRecords()
    receipt = take(records, request())
    assert receipt.debt_left == Money.parse("6.00")
    assert "Debt left      6.00 GBP" in receipt_text(receipt)
    assert records.deliveries[0].debt_left == Money.parse("6.00")


@pytest.mark.requirement("S3-107")
def test_the_order_to_the_hub_carries_the_value_of_this_payment_whatever_was_paid_before():
    records = DictRecords(debt="0")
    for turn in range(3):
        take(records, request("10.00", request_id=f"r{turn}"))
    assert [delivery.value for delivery in records.deliveries] == [Money.parse("10.00")] * 3


@pytest.mark.parametrize("fuel", list(Fuel))
@pytest.mark.parametrize("debt", ["0", "10.00"])
def test_a_receipt_says_in_each_form_which_fuel_was_paid_for(fuel, debt):
    records = DictRecords(debt=debt)
    records.meter = replace(records.meter, fuel=fuel)
    for receipt in (take(records, request()), take(records, request())):  # the second is a repeat
        assert receipt.fuel is fuel
        assert receipt_text(receipt).startswith(f"{fuel.value.capitalize()} account A1  home 07\n")
        assert f"Paid 20.00 GBP for {fuel.value}. " in receipt_sms(receipt)


def test_a_repeat_gives_the_same_receipt_and_makes_nothing():
    records = DictRecords()
    first = take(records, request())
    assert take(records, request(), Instant(NOW + DAY)) == first
    assert (len(records.vends), len(records.deliveries), len(records.book.transfers_of("r1"))) == (1, 1, 3)


@pytest.mark.parametrize(
    "other", [request("21.00"), request(network="post"), request(account="A2"), request(currency="EUR")]
)
def test_a_request_id_with_other_contents_is_a_conflict(other):
    records = DictRecords()
    take(records, request())
    with pytest.raises(RequestConflictError) as refusal:
        take(records, other)
    assert isinstance(refusal.value, ConflictError)
    assert refusal.value.remedy


@pytest.mark.requirement("S3-90")
def test_a_payment_for_an_unknown_account_is_refused_and_nothing_is_written():
    records = DictRecords()
    with pytest.raises(UnknownAccountError) as refusal:
        take(records, request(account="B9"))
    assert isinstance(refusal.value, NotFoundError)
    assert not records.vends
    assert not records.book.transfers_of("r1")


@pytest.mark.requirement("S3-90")
def test_a_payment_for_the_account_of_a_tenancy_that_ended_is_refused():
    records = DictRecords()
    records.account = replace(records.account, state=AccountState.CLOSED, closed_why="tenancy ended")
    with pytest.raises(ClosedAccountError, match="tenancy ended"):
        take(records, request())
    assert not records.vends


def test_a_payment_in_another_currency_is_refused():
    with pytest.raises(WrongCurrencyError):
        take(DictRecords(), request(currency="EUR"))


@pytest.mark.parametrize(("amount", "ok"), [("0.99999", False), ("1.00", True), ("200.00", True), ("200.00001", False)])
def test_one_payment_is_from_one_to_two_hundred(amount, ok):
    records = DictRecords()
    if ok:
        assert take(records, request(amount)).paid == Money.parse(amount)
        return
    with pytest.raises(PaymentLimitError) as refusal:
        take(records, request(amount))
    assert isinstance(refusal.value, PolicyError)


def test_the_limits_are_data():
    with pytest.raises(PaymentLimitError):
        take(DictRecords(), request("20.00"), limits=PaymentLimits(least=1, most=10 * 100_000))


def test_where_all_goes_to_debt_there_is_no_token_and_the_home_is_still_told():
    records = DictRecords(debt="50.00", share=10_000)
    receipt = take(records, request())
    assert (receipt.token, receipt.in_token.amount, receipt.to_debt) == ("", 0, Money.parse("20"))
    assert records.meter.last_tid is None
    assert (records.deliveries[0].token, records.deliveries[0].debt_left) == ("", Money.parse("30"))
    assert "No token" in receipt_text(receipt)


def test_two_tokens_in_one_minute_have_different_identifiers():
    records = DictRecords()
    tokens = {take(records, request(request_id=f"r{turn}")).token for turn in range(3)}
    assert len(tokens) == 3


def test_a_clock_set_back_never_lowers_the_identifier():
    records = DictRecords()
    take(records, request())
    before = records.meter.last_tid
    take(records, request(request_id="r2"), Instant(NOW - DAY))
    assert records.meter.last_tid == before + 1


def test_what_a_coarse_token_gives_on_top_is_booked_as_rounding():
    records = DictRecords(debt="0")
    receipt = take(records, request("20.00001"))
    assert (receipt.in_token, receipt.rounding) == (Money.parse("20.00001"), Money.parse("0.00099"))
    assert records.book.balance(AccountCode(AccountKind.ROUNDING), "GBP") == Money.parse("0.00099")
    assert records.book.balance(AccountCode(AccountKind.TOKENS, "A1"), "GBP") == Money.parse("-20.001")
    assert breaches(records.book) == ()


def test_a_life_line_keeps_each_step_once_and_acceptance_moves_the_value():
    records = DictRecords()
    take(records, request())
    told = [StageName.CARRIED, StageName.HUB, StageName.CARRIED, StageName.ACCEPTED, StageName.ACCEPTED]
    news = [advance(records, "r1", stage, Instant(NOW + turn)) for turn, stage in enumerate(told)]
    assert news == [True, True, False, True, False]
    assert [stage.name for stage in records.stages("r1")] == [
        StageName.MADE,
        StageName.CARRIED,
        StageName.HUB,
        StageName.ACCEPTED,
    ]
    assert records.book.balance(AccountCode(AccountKind.TOKENS, "A1"), "GBP").amount == 0
    assert records.book.balance(AccountCode(AccountKind.PREMISES, "A1"), "GBP") == Money.parse("-16")
    assert breaches(records.book) == ()


@pytest.mark.requirement("S0-140")
def test_a_token_accepted_by_one_way_is_not_refused_by_the_other_and_counts_once():
    records = DictRecords()
    take(records, request())
    advance(records, "r1", StageName.ACCEPTED, NOW)
    assert not advance(records, "r1", StageName.REFUSED, NOW, "used")
    assert not advance(records, "r1", StageName.ACCEPTED, NOW)
    assert records.book.balance(AccountCode(AccountKind.PREMISES, "A1"), "GBP") == Money.parse("-16")


def test_a_refused_token_may_yet_be_typed():
    records = DictRecords()
    take(records, request())
    assert advance(records, "r1", StageName.REFUSED, NOW, "hub full")
    assert advance(records, "r1", StageName.ACCEPTED, NOW)


def test_a_refusal_needs_a_reason_and_a_life_line_needs_a_vend():
    records = DictRecords()
    take(records, request())
    with pytest.raises(UsageError, match="reason"):
        advance(records, "r1", StageName.REFUSED, NOW)
    with pytest.raises(UsageError, match="r2"):
        advance(records, "r2", StageName.HUB, NOW)
