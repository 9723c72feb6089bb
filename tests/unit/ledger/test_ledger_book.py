from __future__ import annotations

import pytest

from meterhouse.model import Instant, Money, UsageError
from meterhouse.supplier.ledger import (
    AccountCode,
    AccountKind,
    ConflictError,
    Transfer,
    TransferKind,
    accepted_entry,
    breaches,
    debt_breaches,
    opening_debt_entry,
    payment_entries,
    post,
    refund_entries,
)

AT = Instant(1_000)
DEBT = AccountCode(AccountKind.DEBT, "A1")
CUSTOMER = AccountCode(AccountKind.CUSTOMER, "A1")
NETWORK = AccountCode(AccountKind.NETWORK, "shop")
TOKENS = AccountCode(AccountKind.TOKENS, "A1")


class ListBook:
    def __init__(self, lines=(), off=0):
        self.lines, self.off = list(lines), off

    def append(self, transfers):
        self.lines.extend(transfers)

    def transfers_of(self, request_id):
        return [line for line in self.lines if line.request_id == request_id]

    def balance(self, account, currency):
        total = sum(line.amount.amount for line in self.lines if line.debit == account)
        return Money(
            total - sum(line.amount.amount for line in self.lines if line.credit == account) + self.off, currency
        )

    def balances(self):
        places = {(code, line.amount.currency) for line in self.lines for code in (line.debit, line.credit)}
        return {place: self.balance(*place) for place in places}

    def journal(self):
        return iter(self.lines)


def line(kind, debit, credit, amount, request="r1"):
    return Transfer(request, kind, debit, credit, Money(amount), AT)


def payment(to_debt=400, in_token=1600, rounding=24, request="r1"):
    parts = {"to_debt": Money(to_debt), "in_token": Money(in_token), "rounding": Money(rounding)}
    return payment_entries(request, account="A1", network="shop", at=AT, **parts)


def sound():
    opening = opening_debt_entry("o", account="A1", debt=Money(1000), at=AT)
    accepted = accepted_entry("r1", account="A1", value=Money(1624), at=AT)
    refund = refund_entries("r2", account="A1", network="shop", refunded=Money(500), at=AT)
    return [opening, *payment(), accepted, *refund]


def laws(lines, **more):
    return {breach.law for breach in breaches(ListBook(lines, **more))}


def test_a_sound_book_breaks_no_law():
    assert laws(sound()) == set()


def test_parts_that_are_zero_write_nothing():
    assert [entry.kind for entry in payment(to_debt=0, rounding=0)] == [TransferKind.PAYMENT, TransferKind.TO_TOKEN]


def test_money_that_was_paid_and_not_shared_out_is_a_breach():
    lines = [entry for entry in sound() if entry.kind is not TransferKind.TO_TOKEN]
    assert "paid = to debt + in tokens + refunded" in laws(lines)


def test_debt_below_zero_is_a_breach_even_if_it_is_mended_later():
    lines = [*payment(), opening_debt_entry("o", account="A1", debt=Money(1000), at=AT)]
    assert laws(lines) == {"debt never below zero"}


def test_a_line_written_twice_is_a_breach():
    assert "each line once" in laws([*sound(), sound()[0]])


def test_accepting_another_value_than_the_token_had_is_a_breach():
    lines = [*sound()[:-3], accepted_entry("r1", account="A1", value=Money(1600), at=AT)]
    assert laws(lines) == {"accepted = token"}


def test_a_keeper_whose_balances_are_off_is_found_out():
    assert laws(sound(), off=1) == {"balance = sum of its lines", "debits = credits"}


def test_debt_held_beside_the_account_must_be_the_debt_in_the_book():
    book = ListBook(sound())
    assert debt_breaches(book, {"A1": Money(600)}) == ()
    assert len(debt_breaches(book, {"A1": Money(601)})) == 1


def test_posting_again_writes_nothing_and_other_contents_are_a_conflict():
    book = ListBook()
    assert len(post(book, payment())) == 4
    assert post(book, payment()) == ()
    with pytest.raises(ConflictError):
        post(book, payment(to_debt=300))
    assert len(book.lines) == 4


@pytest.mark.parametrize(("debit", "credit", "amount"), [(DEBT, DEBT, 1), (DEBT, CUSTOMER, 0), (DEBT, TOKENS, -1)])
def test_a_transfer_moves_more_than_nothing_between_two_accounts(debit, credit, amount):
    with pytest.raises(UsageError):
        line(TransferKind.TO_DEBT, debit, credit, amount)


def test_account_codes_are_read_back_and_unknown_kinds_refused():
    assert AccountCode.parse(str(AccountCode(AccountKind.NETWORK, "a:b"))) == AccountCode(AccountKind.NETWORK, "a:b")
    with pytest.raises(UsageError):
        AccountCode.parse("gold:A1")
