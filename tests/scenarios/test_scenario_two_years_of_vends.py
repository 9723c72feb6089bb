"""Two and a half years of sales, price changes and key changes on a fast clock, over the end of a base date (S0-80).

A fault that shows itself only a year after a new vending machine met old meters shows itself here: three families of
meters, each with its own reader of tokens and its own balance, and a till that is replaced by another in the middle.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from counter_street import hub_of, meter_of
from meterhouse.companion.utrn import UtrnKey, UtrnReader
from meterhouse.crypto import P256, KeyPair, shared_secret
from meterhouse.model import DAY, Eui64, Fuel, HalfHour, Instant, Money, parse_instant
from meterhouse.premises.prepay import EnergyTariff, PrepayAccount
from meterhouse.protocols.sts import (
    IEC_SAMPLE_TABLES,
    BaseDate,
    CreditSubclass,
    Decoder,
    MeterPan,
    ResultCode,
)
from meterhouse.store import (
    Database,
    HomeRecord,
    RegisteredMeter,
    SqlRegistry,
    SqlVendingRecords,
    Till,
    rekey_meter,
    verify,
)
from meterhouse.supplier.vending import (
    EA07_DKGA04,
    AccountRecord,
    Agreement,
    EncryptionSchemes,
    KeyExpiredError,
    KeyName,
    MemoryKeyStore,
    MeterRecord,
    PaymentLimits,
    PaymentRequest,
    StageName,
    StsFamily,
    StsService,
    UtrnService,
    advance,
    agree,
)

START, ROLL_OVER = parse_instant("2044-09-01T08:00:00Z"), parse_instant("2045-11-24T20:15:00Z")
DAYS = 920
DEVICE, SUPPLIER = KeyPair(P256, bytes(range(1, 33))), Eui64(b"\1" * 8)
AGREED = bytes(range(2, 34))
KEYS = {KeyName("123457", 1): bytes(range(20)), KeyName("123457", 2): bytes(range(1, 21)), KeyName("utrn", 1): AGREED}
FAMILIES = {"sts": StsFamily(), "sts-ea07": EA07_DKGA04(IEC_SAMPLE_TABLES)}


def services():
    """A fresh set of services: nothing is remembered from the machine that stood here before."""
    keys = MemoryKeyStore(KEYS)
    made = {scheme: StsService(keys, family) for scheme, family in FAMILIES.items()}
    return EncryptionSchemes({**made, "utrn": UtrnService(keys, SUPPLIER, lambda _meter: DEVICE.public.octets)})


class Home:
    """A meter's reader of tokens and its account; after each step it must be in a state that it can go on from."""

    def __init__(self, record: MeterRecord) -> None:
        self.record = record
        tariff = EnergyTariff.flat(7_370, 29_110, 39_500)
        self.account = PrepayAccount.open(0, tariff)
        self.account.begin(0, START)
        self.register, self.paid, self.given = 0, 0, []
        if record.scheme == "utrn":
            secret = shared_secret(DEVICE, KeyPair(P256, AGREED).public)
            self.reader = UtrnReader(UtrnKey(secret, SUPPLIER, record.meter))
        else:
            key = services().of(record).decoder_key(record)
            self.reader = Decoder(key, MeterPan(record.pan), credits=[CreditSubclass.GAS_CURRENCY])

    def enter(self, digits: str, now: Instant) -> int | None:
        """What was credited; None where it was refused."""
        if isinstance(self.reader, UtrnReader):
            taken = self.reader.enter(digits)
            return taken.money5 if taken.refusal is None else None
        taken = self.reader.enter(digits, now)
        return taken.amount_money5 if taken.code is ResultCode.ACCEPT else None

    def check(self) -> None:
        """A valid state: it survives a power cut, the balance is what came in less what went out, nothing is below."""
        state, other = self.reader.state(), Home(self.record).reader
        other.restore(state)
        assert other.state() == state
        assert self.account.balance == self.account.credited - self.account.consumed
        assert self.account.credited == self.paid


def records():
    """Two meters of each family; the last of each is a customer who pays twice a day."""
    for number in range(6):
        scheme = (*FAMILIES, "utrn")[number // 2]
        group = "utrn" if scheme == "utrn" else "123457"
        pan = MeterPan.of_serial(1, number).digits
        yield MeterRecord(meter_of(number), Fuel.GAS, hub_of(number), pan, group, scheme=scheme)


class Soak:
    def __init__(self, database: Database) -> None:
        self.database, self.random = database, Random(7)
        self.till = Till(database, services(), self.random.randbytes, limits={"GBP": PaymentLimits()})
        self.homes = [Home(record) for record in records()]
        self.drawer: list[tuple[int, Home, str, int, str]] = []
        self.sold = self.refused_again = 0
        database.run(self._register)

    def _register(self, tx):
        registry = SqlRegistry(tx)
        for number, home in enumerate(self.homes):
            registry.add_home(HomeRecord(str(number), home.record.hub))
            registry.add_meter(RegisteredMeter(str(number), str(number), home.record))
            account = AccountRecord(f"A{number}", str(number), Money.parse("400.00"), 1000)
            registry.open_account(account, home.record.meter, START)

    def day(self, day: int) -> None:
        now = Instant(START + day * DAY)
        for number, home in enumerate(self.homes):
            self._use(home, day)
            for turn in range(2 if number % 2 else day % 3 == 0):
                self._sell(number, home, day, turn, Instant(now + turn * 60_000))
            if day % 28 == number:
                price, standing = self.random.randrange(4_000, 12_000), self.random.randrange(10_000, 60_000)
                home.account.set_tariff(EnergyTariff.flat(price, standing, self.random.randrange(37_500, 43_000)), now)
            if day % 90 == number:
                terms = Agreement(now, self.random.randrange(0, 3_000), tariff=f"tariff {day}", why="quarter")
                self.database.run(lambda tx, name=f"A{number}", terms=terms: agree(SqlVendingRecords(tx), name, terms))
        for due, home, digits, value, name in [held for held in self.drawer if held[0] <= day]:
            self.drawer.remove((due, home, digits, value, name))
            self._take(home, digits, value, name, now)
        if day % 30 == 0:
            for home in self.homes:
                home.check()

    def _use(self, home: Home, day: int) -> None:
        rows = []
        for slot in range(1, 5):
            home.register += self.random.randrange(0, 1_500)
            rows.append(HalfHour(Instant(START + day * DAY + slot * DAY // 4), home.register))
        home.account.charge(rows)

    def _sell(self, number: int, home: Home, day: int, turn: int, now: Instant) -> None:
        name = f"{number}-{day}-{turn}"
        amount = Money(self.random.randrange(100_000, 2_000_000), "GBP")
        receipt = self.till.pay(PaymentRequest(name, f"A{number}", amount, "shop"), now)
        self.sold += 1
        digits, value = receipt.token, (receipt.in_token + receipt.rounding).amount
        if not digits:
            return
        home.given.append(digits)
        if self.random.random() < 0.05:
            self.drawer.append((day + 3, home, digits, value, name))
        else:
            self._take(home, digits, value, name, now)
        if self.random.random() < 0.1:
            again = self.random.choice(home.given[:-4] or home.given[:1])
            held = any(again == one[2] for one in self.drawer)
            if not held and again != digits:
                assert home.enter(again, now) is None, "each token once, however long ago"
                self.refused_again += 1

    def _take(self, home: Home, digits: str, value: int, name: str, now: Instant) -> None:
        credited = home.enter(digits, now)
        assert credited == value, (name, home.record.scheme)
        home.account.credit(credited)
        home.paid += credited
        self.database.run(lambda tx: advance(SqlVendingRecords(tx), name, StageName.ACCEPTED, now))

    def roll_over(self, home: Home, now: Instant) -> None:
        """Key change tokens to the next base date, typed in any order; then the record follows."""
        old = self.database.read(lambda tx: SqlVendingRecords(tx).customer_unlocked(f"A{self.homes.index(home)}")).meter
        new = replace(old, base_date=BaseDate.B2035, key_revision=2)
        tokens = list(services().of(old).change_key(old, new))
        self.random.shuffle(tokens)
        assert [home.reader.enter(digits, now).ok for digits in tokens] == [True] * len(tokens)
        home.record = self.database.run(lambda tx: rekey_meter(tx, new))
        assert home.record.last_tid is None


@pytest.mark.requirement("S0-80")
def test_no_meter_leaves_a_valid_state_in_two_and_a_half_years_over_the_end_of_a_base_date():
    with Database("sqlite://") as database:
        soak = Soak(database)
        sts = [home for home in soak.homes if home.record.scheme != "utrn"]
        late = sts[0]
        over = (ROLL_OVER - START) // DAY
        for day in range(DAYS):
            now = Instant(START + day * DAY)
            if day == 300:  # a new vending machine, which remembers nothing but the books
                soak.till = Till(database, services(), soak.random.randbytes, limits={"GBP": PaymentLimits()})
            if day == over - 60:
                soak.drawer = _emptied(soak, day, now)
                for home in sts[1:]:
                    soak.roll_over(home, now)
            if day == over + 1:  # nobody came to this meter in time: nothing is sold before its key is changed
                with pytest.raises(KeyExpiredError, match="key"):
                    soak.till.pay(PaymentRequest("late", "A0", Money.parse("5.00"), "shop"), now)
                soak.drawer = _emptied(soak, day, now)
                soak.roll_over(late, now)
            soak.day(day)
        for home in soak.homes:
            home.check()
            reader = home.reader
            assert home.account.consumed > 50_000_000
            if isinstance(reader, Decoder):
                assert reader.key.base_date is BaseDate.B2035
        busy = soak.homes[-1].reader
        assert busy.state()["counters"][-1] > 1_024, "the ten bits of a code's counter have gone round"
        assert soak.sold > 6_000
        assert soak.refused_again > 100
        assert database.read(verify) == ()


def _emptied(soak: Soak, day: int, now: Instant) -> list:
    """Every token in a drawer is typed before the key changes."""
    for _, home, digits, value, name in soak.drawer:
        soak._take(home, digits, value, name, now)
    return []
