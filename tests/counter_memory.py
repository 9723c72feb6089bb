"""The counter's ports over plain dictionaries: the second keeper, beside SQL; and a service whose tokens can be read."""

from __future__ import annotations

from dataclasses import replace

from meterhouse.model import Eui64, Fuel, Money, parse_instant
from meterhouse.supplier.ledger import opening_debt_entry
from meterhouse.supplier.vending import AccountRecord, AccountState, Customer, MeterRecord, StageName, VendState

NOW = parse_instant("2026-11-21T10:00:00Z")
METER, HUB = Eui64(b"\1" * 8), Eui64(b"\2" * 8)


class DictBook:
    """The book port over a list: the second keeper, beside SQL."""

    def __init__(self):
        self.lines = []

    def append(self, transfers):
        self.lines.extend(transfers)

    def transfers_of(self, request_id):
        return [line for line in self.lines if line.request_id == request_id]

    def balance(self, account, currency):
        lines = [line for line in self.lines if line.amount.currency == currency]
        debits = sum(line.amount.amount for line in lines if line.debit == account)
        return Money(debits - sum(line.amount.amount for line in lines if line.credit == account), currency)

    def balances(self):
        places = {(code, line.amount.currency) for line in self.lines for code in (line.debit, line.credit)}
        return {place: self.balance(*place) for place in places}

    def journal(self):
        return iter(self.lines)


class DictRecords:
    def __init__(self, debt="10.00", share=2000):
        self.book = DictBook()
        self.account = AccountRecord("A1", "07", Money.parse(debt), share)
        if self.account.debt.amount:
            self.book.append([opening_debt_entry("opening", account="A1", debt=self.account.debt, at=NOW)])
        self.meter = MeterRecord(METER, Fuel.GAS, HUB, "600727000000000009", "123457")
        self.vends, self.deliveries, self.lifelines = {}, [], {}
        self.cards, self.terms, self.spent, self.claimed, self.withdrawn = {}, [], {}, set(), set()

    def customer(self, account_id):
        return Customer(self.account, self.meter) if account_id == self.account.account_id else None

    def vend(self, request_id):
        return self.vends.get(request_id)

    def save_vend(self, vend):
        self.vends[vend.request_id] = vend

    def settle_vend(self, request_id, state, token):
        self.vends[request_id] = replace(self.vends[request_id], state=state, token=token)

    def latest(self, account_id):
        return next(reversed(self.vends.values()), None)

    def unaccepted(self, account_id):
        return [
            vend
            for vend in self.vends.values()
            if vend.state is VendState.POSTED
            and vend.token
            and all(stage.name is not StageName.ACCEPTED for stage in self.stages(vend.request_id))
        ]

    def vends_of_network(self, network, first, last):
        return [vend for vend in self.vends.values() if vend.network == network and first <= vend.at <= last]

    def pending(self):
        return [vend for vend in self.vends.values() if vend.state is VendState.PENDING]

    def card(self, card):
        return self.cards.get(card)

    def accounts_of_pan(self, pan):
        return [self.account.account_id] if pan == self.meter.pan else []

    def save_owed(self, account_id, debt, tally):
        self.account = replace(self.account, debt=debt, tally=tally)

    def save_agreement(self, account_id, agreement):
        self.terms.append(agreement)
        self.account = replace(
            self.account,
            debt_share=agreement.debt_share,
            weekly_cap=agreement.weekly_cap,
            place=agreement.place,
            tariff=agreement.tariff,
        )

    def agreements(self, account_id):
        return self.terms

    def close(self, account_id, kind, why, successor):
        self.account = replace(
            self.account, state=AccountState.CLOSED, closed_kind=kind, closed_why=why, successor=successor
        )

    def spend(self, name, day, amount, most):
        before = self.spent.get(name, (day, 0))
        total = amount + (before[1] if before[0] >= day else 0)
        if total > most:
            return False
        self.spent[name] = (max(day, before[0]), total)
        return True

    def withdraw_delivery(self, request_id, reason):
        if request_id in self.claimed or request_id in self.withdrawn:
            return False
        self.withdrawn.add(request_id)
        return True

    def save_tid(self, meter, tid):
        self.meter = replace(self.meter, last_tid=tid)

    def save_delivery(self, delivery):
        self.deliveries.append(delivery)

    def stages(self, request_id):
        return self.lifelines.get(request_id, [])

    def save_stage(self, request_id, stage):
        self.lifelines.setdefault(request_id, []).append(stage)


class PlainService:
    """A token that shows what it is made of; carries steps of 0.00100."""

    def of(self, meter):
        return self

    def next_tid(self, meter, now):
        minute = now // 60_000
        return minute if meter.last_tid is None else max(minute, meter.last_tid + 1)

    def carried(self, amount):
        return Money(-(-amount.amount // 100) * 100, amount.currency)

    def issue(self, meter, amount, tid, rnd):
        return f"{tid:010d}{amount.amount:010d}"
