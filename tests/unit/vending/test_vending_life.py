"""What can happen to a payment besides being paid: pending, voided, reversed, revoked, moved; and who is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from counter_memory import NOW, DictRecords, PlainService
from meterhouse.model import DAY, ConfigurationError, Instant, Money, StateError, UsageError
from meterhouse.supplier.ledger import AccountCode, AccountKind, breaches, debt_breaches
from meterhouse.supplier.vending import (
    Agreement,
    CardState,
    ClosedKind,
    DebtPlace,
    Issue,
    Leaving,
    OldCardError,
    OtherSupplierError,
    OtherTenancyError,
    PaymentLimitError,
    PaymentLimits,
    PaymentRequest,
    Proof,
    RequestConflictError,
    ReversalRefusedError,
    StageName,
    VendKind,
    VendState,
    advance,
    agree,
    consumed,
    end_account,
    issue,
    make,
    meter_took_debt,
    parse_limits,
    pay,
    post_token,
    receipt_of,
    receipt_sms,
    reserve,
    reverse,
    revoke,
    void,
)


def money(text):
    return Money.parse(text)


def request(amount="20.00", request_id="r1", account="A1", network="shop", supplier=""):
    return PaymentRequest(request_id, account, money(amount), network, supplier)


def dice(count):
    return b"\5" * count


def take(records, asked=None, now=NOW, **more):
    return pay(records, PlainService(), asked or request(), now, dice, **more)


def balance(records, kind, owner="A1"):
    return records.book.balance(AccountCode(kind, owner), "GBP")


@pytest.fixture
def records():
    kept = DictRecords()
    yield kept
    assert breaches(kept.book) == ()
    assert debt_breaches(kept.book, {"A1": kept.account.debt}) == ()


# pending ---------------------------------------------------------------------------------------------------------


def test_a_pending_payment_is_money_held_until_its_token_stands(records):
    vend = reserve(records, PlainService(), request(), NOW, dice)
    assert (vend.state, vend.token) == (VendState.PENDING, "")
    assert balance(records, AccountKind.PENDING) == money("-16.00")
    assert records.deliveries == []
    assert breaches(records.book) == ()
    token = make(PlainService(), records.customer("A1"), vend)
    posted = post_token(records, "r1", token, NOW)
    assert post_token(records, "r1", token, NOW) == posted
    assert balance(records, AccountKind.PENDING) == money("0")
    assert [delivery.token for delivery in records.deliveries] == [token]
    assert receipt_of(records.vend("r1")) == take(records)


def test_a_token_that_is_made_again_after_a_crash_is_the_same_token(records):
    vend = reserve(records, PlainService(), request(), NOW, dice)
    take(records, request(request_id="r2"), Instant(NOW + DAY))
    tokens = {make(PlainService(), records.customer("A1"), vend) for _ in range(2)}
    assert len(tokens) == 1


def test_a_voided_payment_is_given_back_whole_with_its_debt_share(records):
    reserve(records, PlainService(), request(), NOW, dice)
    void(records, "r1", "the security module is away", NOW)
    assert void(records, "r1", "again", NOW).state is VendState.VOIDED
    assert records.account.debt == money("10.00")
    assert balance(records, AccountKind.NETWORK, "shop") == money("0")
    with pytest.raises(StateError):
        post_token(records, "r1", "1" * 20, NOW)
    assert take(records).state is VendState.VOIDED


# reversal --------------------------------------------------------------------------------------------------------


def test_a_payment_is_reversed_whole_while_nobody_has_claimed_its_order(records):
    take(records)
    assert reverse(records, "r1", "wrong customer", NOW).state is VendState.REVERSED
    assert reverse(records, "r1", "wrong customer", NOW).state is VendState.REVERSED
    assert records.account.debt == money("10.00")
    for kind, owner in ((AccountKind.NETWORK, "shop"), (AccountKind.TOKENS, "A1"), (AccountKind.ROUNDING, "")):
        assert balance(records, kind, owner) == money("0")
    assert take(records).token == ""


def test_a_token_that_has_left_is_only_reversed_with_a_proof(records):
    take(records)
    records.claimed.add("r1")
    with pytest.raises(ReversalRefusedError, match="on its way"):
        reverse(records, "r1", "wrong customer", NOW)
    with pytest.raises(ReversalRefusedError):
        reverse(records, "r1", "wrong customer", NOW, Proof.METER_REFUSED)
    advance(records, "r1", StageName.REFUSED, NOW, "used before")
    assert reverse(records, "r1", "wrong customer", NOW, Proof.METER_REFUSED).state is VendState.REVERSED


def test_an_accepted_token_is_never_reversed(records):
    take(records)
    advance(records, "r1", StageName.ACCEPTED, NOW)
    with pytest.raises(ReversalRefusedError, match="cannot be reversed"):
        reverse(records, "r1", "wrong customer", NOW, Proof.KEY_CHANGED)


def test_a_token_that_was_given_back_and_is_used_all_the_same_is_owed(records):
    take(records, request("20.00"))
    reverse(records, "r1", "wrong customer", NOW)
    advance(records, "r1", StageName.ACCEPTED, NOW)
    assert records.account.debt == money("26.00")
    assert balance(records, AccountKind.PREMISES) == money("-16.00")


@pytest.mark.requirement("S0-72")
def test_a_stolen_batch_is_revoked_before_use_and_names_the_meters_whose_keys_must_change(records):
    for turn in range(3):
        take(records, request("10.00", request_id=f"s{turn}", network="stolen"), Instant(NOW + turn))
    take(records, request("10.00", request_id="good"))
    advance(records, "s0", StageName.ACCEPTED, NOW)
    found = revoke(records, "stolen", NOW, Instant(NOW + 2), "till stolen", NOW)
    assert (found.revoked, found.used, len(found.meters)) == (("s1", "s2"), ("s0",), 1)
    assert records.withdrawn == {"s1", "s2"}
    assert balance(records, AccountKind.NETWORK, "stolen") == money("10.00")
    assert receipt_of(records.vend("s1")).token == ""
    assert receipt_of(records.vend("good")).token


# misdirected -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-90")
@pytest.mark.parametrize(
    ("kind", "error"), [(ClosedKind.TENANCY, OtherTenancyError), (ClosedKind.SUPPLIER, OtherSupplierError)]
)
def test_a_payment_after_a_change_is_refused_by_its_kind_and_says_where_to_go(records, kind, error):
    end_account(records, "A1", Leaving(kind, money("0"), successor="Other Energy"), NOW)
    with pytest.raises(error) as refusal:
        take(records)
    assert refusal.value.remedy
    assert not records.vends


@pytest.mark.requirement("S3-90")
def test_an_old_card_is_refused_and_the_new_one_pays_the_same_account(records):
    records.cards = {"card-1": ("A1", CardState.REPLACED), "card-2": ("A1", CardState.CURRENT)}
    with pytest.raises(OldCardError):
        take(records, request(account="card-1"))
    assert take(records, request(account="card-2")).account_id == "A1"
    assert take(records, request(account="card-2")).account_id == "A1"


@pytest.mark.requirement("S3-90")
def test_a_payment_meant_for_another_supplier_is_refused(records):
    records.account = replace(records.account, supplier="Our Energy")
    with pytest.raises(OtherSupplierError, match="Our Energy"):
        take(records, request(supplier="Other Energy"))
    assert take(records, request(supplier="Our Energy")).paid == money("20.00")


# limits ----------------------------------------------------------------------------------------------------------

LIMITS = PaymentLimits(account_day=30 * 100_000, key_day=40 * 100_000)


@pytest.mark.requirement("S0-71")
def test_an_account_cannot_buy_more_in_a_day_than_its_limit_and_a_new_day_begins_at_nothing(records):
    take(records, request("20.00"), limits=LIMITS)
    with pytest.raises(PaymentLimitError, match="today") as refusal:
        take(records, request("10.01", request_id="r2"), limits=LIMITS)
    assert "10.00" in refusal.value.remedy
    take(records, request("10.00", request_id="r3"), limits=LIMITS)
    take(records, request("20.00", request_id="r4"), Instant(NOW + DAY), limits=LIMITS)
    with pytest.raises(PaymentLimitError):
        take(records, request("20.00", request_id="r5"), Instant(NOW - DAY), limits=LIMITS)


@pytest.mark.requirement("S0-71")
def test_a_key_cannot_make_more_in_a_day_than_its_limit_whoever_pays(records):
    limits = PaymentLimits(key_day=40 * 100_000)
    for turn in range(2):
        take(records, request("20.00", request_id=f"r{turn}"), limits=limits)
    with pytest.raises(PaymentLimitError, match="vending key"):
        take(records, request("20.00", request_id="r9"), limits=limits)
    assert take(records, request("20.00", request_id="r9"), Instant(NOW + DAY), limits=limits).paid == money("20")


@pytest.mark.requirement("S0-71")
def test_the_limits_come_from_one_data_file_that_is_checked():
    limits = parse_limits('[GBP]\nleast = "5.00"\nmost = "50.00"\naccount_day = "100.00"\n')["GBP"]
    assert (limits.least, limits.most, limits.account_day, limits.key_day) == (500_000, 5_000_000, 10_000_000, 0)
    for wrong in (
        '[GBP]\nmoast = "1"',
        '[GBP]\nleast = "9"\nmost = "1"',
        '[GBP]\nmost = "x"',
        "GBP = 1",
        "[",
        '[GBP]\nkey_day = "-1"',
    ):
        with pytest.raises(UsageError):
            parse_limits(wrong)


# debt ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-19")
def test_the_weekly_cap_holds_from_monday_to_sunday_and_the_last_instalment_is_what_is_owed(records):
    agree(records, "A1", Agreement(NOW, 1_000, money("5.00"), why="ten per cent, five a week"))
    shares = [
        take(records, request("20.00", request_id=f"r{day}"), Instant(NOW + day * DAY)).to_debt.decimal()
        for day in range(2, 16)  # NOW is a Saturday: Monday is the first
    ]
    assert shares == ["2.00", "2.00", "1.00", "0.00", "0.00", "0.00", "0.00"] * 2
    assert records.account.debt == money("0.00")


def test_agreements_keep_their_history_and_none_begins_before_the_one_that_holds(records):
    agree(records, "A1", Agreement(NOW, 1_000, tariff="standard", why="first"))
    agree(records, "A1", Agreement(Instant(NOW + 1), 2_000, tariff="night", why="second"))
    assert [terms.why for terms in records.agreements("A1")] == ["first", "second"]
    with pytest.raises(UsageError, match="later"):
        agree(records, "A1", Agreement(NOW, 1_000))
    for wrong in (Agreement(Instant(NOW + 2), 10_001), Agreement(Instant(NOW + 2), 1, money("-1"))):
        with pytest.raises(UsageError):
            agree(records, "A1", wrong)


@pytest.mark.requirement("S3-40")
def test_a_debt_is_recovered_at_the_counter_or_in_the_meter_and_never_at_both(records):
    with pytest.raises(StateError, match="took"):
        meter_took_debt(records, "A1", "m0", money("1.00"), NOW)
    with pytest.raises(UsageError, match="meter and counter"):
        agree(records, "A1", Agreement(NOW, 2_000, place=DebtPlace.METER))
    agree(records, "A1", Agreement(NOW, 0, place=DebtPlace.METER))
    assert take(records).to_debt == money("0.00")
    assert meter_took_debt(records, "A1", "m1", money("4.00"), NOW) == money("6.00")
    assert meter_took_debt(records, "A1", "m1", money("4.00"), NOW) == money("6.00")
    with pytest.raises(StateError):
        meter_took_debt(records, "A1", "m2", money("6.01"), NOW)


@pytest.mark.requirement("S3-40")
def test_both_places_recover_the_same_debt_in_the_reference_case():
    counter, meter = DictRecords(), DictRecords()
    agree(meter, "A1", Agreement(NOW, 0, place=DebtPlace.METER))
    for turn in range(4):
        at = Instant(NOW + turn * DAY)
        at_counter = take(counter, request(request_id=f"r{turn}"), at)
        take(meter, request(request_id=f"r{turn}"), at)
        due = min(meter.account.debt, money("4.00"))
        if due.amount:
            meter_took_debt(meter, "A1", f"m{turn}", due, at)
        assert at_counter.debt_left == counter.account.debt == meter.account.debt
    assert counter.account.debt == money("0.00")


# unpaid tokens, and endings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source"), [(VendKind.FREE, AccountKind.GOODWILL), (VendKind.OPENING, AccountKind.OPENING)]
)
def test_a_token_that_nobody_paid_for_takes_no_debt_and_is_booked_as_what_it_is(records, kind, source):
    before = balance(records, source, "")
    receipt = issue(records, PlainService(), Issue("i1", "A1", kind, money("5.00")), NOW, dice)
    assert (receipt.paid, receipt.to_debt, receipt.in_token) == (money("0"), money("0"), money("5.00"))
    assert issue(records, PlainService(), Issue("i1", "A1", kind, money("5.00")), NOW, dice) == receipt
    assert balance(records, source, "") - before == money("5.00")
    with pytest.raises(RequestConflictError):
        issue(records, PlainService(), Issue("i1", "A1", kind, money("6.00")), NOW, dice)
    assert reverse(records, "i1", "by mistake", NOW).state is VendState.REVERSED
    assert balance(records, source, "") == before


def test_a_commissioning_token_carries_nothing_and_goes_the_whole_way(records):
    receipt = issue(records, PlainService(), Issue("t1", "A1", VendKind.TEST, money("0")), NOW, dice)
    assert receipt.token
    assert [delivery.value for delivery in records.deliveries] == [money("0")]
    assert advance(records, "t1", StageName.ACCEPTED, NOW)
    for kind, value in (
        (VendKind.TEST, "1.00"),
        (VendKind.FREE, "0"),
        (VendKind.PAYMENT, "1.00"),
        (VendKind.FREE, "-1"),
    ):
        with pytest.raises(UsageError):
            issue(records, PlainService(), Issue("t2", "A1", kind, money(value)), NOW, dice)


@pytest.mark.requirement("S0-71")
def test_a_free_issue_keeps_the_limit_of_a_payment(records):
    with pytest.raises(PaymentLimitError):
        issue(records, PlainService(), Issue("i1", "A1", VendKind.FREE, money("200.01")), NOW, dice)


@pytest.mark.requirement("S3-91")
@pytest.mark.parametrize(("assigned", "left"), [(False, "6.00"), (True, "0.00")])
def test_at_a_change_of_supplier_the_credit_moves_and_the_debt_stays_or_is_assigned(records, assigned, left):
    take(records)
    records.claimed.add("r1")
    advance(records, "r1", StageName.ACCEPTED, NOW)
    end_account(records, "A1", Leaving(ClosedKind.SUPPLIER, money("7.50"), assigned, successor="Other"), NOW)
    assert records.account.debt == money(left)
    moved = money("-7.50") + money("6.00") if assigned else money("-7.50")
    assert balance(records, AccountKind.SUPPLIER, "Other") == moved
    with pytest.raises(StateError):
        end_account(records, "A1", Leaving(ClosedKind.SUPPLIER, money("0"), successor="Other"), NOW)


def test_an_account_that_ends_takes_back_the_orders_that_nobody_claimed(records):
    take(records)
    end_account(records, "A1", Leaving(ClosedKind.TENANCY, money("-1.00")), NOW)
    assert records.vends["r1"].state is VendState.REVERSED
    assert records.account.debt == money("10.00")


def test_what_a_bill_shows_as_consumed_becomes_revenue_once(records):
    take(records)
    records.claimed.add("r1")
    advance(records, "r1", StageName.ACCEPTED, NOW)
    for _ in range(2):
        consumed(records, "A1", "bill-1", money("3.00"), NOW)
    assert balance(records, AccountKind.REVENUE, "") == money("-3.00")


def test_a_short_message_never_loses_a_digit_of_the_token(records):
    receipt = take(records, request("20.00", request_id="r" * 100))
    for account in ("A1", "A" * 120):
        line = receipt_sms(replace(receipt, account_id=account))
        assert len(line) <= 160
        assert receipt.token in line


def test_a_service_that_is_away_leaves_a_plain_payment_undone_and_a_pending_one_resumable(records):
    class Away(PlainService):
        def issue(self, *_arguments):
            raise ConfigurationError("away")

    with pytest.raises(ConfigurationError):
        pay(records, Away(), request(), NOW, dice)
    assert not records.vends
    vend = reserve(records, Away(), request(request_id="r2"), NOW, dice)
    with pytest.raises(ConfigurationError):
        make(Away(), records.customer("A1"), vend)
    token = make(PlainService(), records.customer("A1"), records.vend("r2"))
    assert post_token(records, "r2", token, NOW).state is VendState.POSTED
