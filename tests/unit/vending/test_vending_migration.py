"""Old prepayment sites are taken over whole or not at all; each bad line is told once; nobody gains or loses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from counter_street import KEYS, NOW, build, hub_of, meter_of, payment
from meterhouse.cli import app
from meterhouse.model import Fuel, Money, isoformat
from meterhouse.protocols.sts import MeterPan, Token, decode_token
from meterhouse.store import (
    Database,
    DataFolder,
    FileKeyStore,
    HomeRecord,
    RegisteredMeter,
    SqlRegistry,
    SqlVendingRecords,
    Till,
    migrate_sites,
    verify,
)
from meterhouse.supplier.vending import (
    MeterRecord,
    MigrationError,
    OldMeter,
    RequestConflictError,
    StsService,
    VendKind,
    opening_of,
    parse_migration,
)

SITES = (
    "M,17,00,A0,12.34,1.50,0.00,85.00,20",
    "M,18,01,A1,1.00,2.00,0.29,0.00,0",
    "M,19,02,new-2,5.00,0.00,0.00,3.00,12.5",
)


def file(*sites, trailer="", header="H,old-keypads,f1,2026-11-21,GBP"):
    return "\r\n".join([header, *sites, trailer or _trailer(sites), ""]).encode()


def _trailer(sites):
    rows = [site.split(",") for site in sites]
    totals = [Money(sum(Money.parse(row[place]).amount for row in rows)).decimal() for place in (4, 7)]
    return ",".join(["T", str(len(sites)), *totals])


def with_a_new_home(tx):
    """Homes 00 and 01 with accounts that owe nothing yet; 02 with a new meter, 03 with none."""
    build(tx, debt="0", share=0)
    registry = SqlRegistry(tx)
    record = MeterRecord(meter_of(9), Fuel.GAS, hub_of(9), MeterPan.of_serial(1, 9).digits, "123457")
    for home in ("02", "03"):
        registry.add_home(HomeRecord(home, hub_of(9)))
    registry.add_meter(RegisteredMeter("02", "G9", record))


@pytest.fixture
def till():
    with Database("sqlite://") as database:
        database.run(with_a_new_home)
        yield Till(database, StsService(KEYS), bytes)
        assert database.read(verify) == ()


def debts(till):
    return {one.account_id: one.debt.decimal() for one in till.database.read(lambda tx: SqlRegistry(tx).accounts())}


# the rule --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-76")
@pytest.mark.parametrize(
    ("old", "credit", "debt"),
    [
        (("12.34", "0", "0", "85"), "12.34", "85.00"),
        (("12.34", "1.50", "0.29", "85"), "10.55", "85.00"),
        (("1.00", "2.00", "0.29", "10"), "0.00", "11.29"),
        (("-3.50", "0", "0", "0"), "0.00", "3.50"),
        (("0", "0", "0", "0"), "0.00", "0.00"),
    ],
)
def test_the_opening_credit_is_the_old_one_less_emergency_and_charges_and_below_nothing_it_is_debt(old, credit, debt):
    opening = opening_of(OldMeter(*map(Money.parse, old)))
    assert (opening.credit.decimal(), opening.debt.decimal()) == (credit, debt)


amounts = st.integers(0, 10**9)


@pytest.mark.requirement("S3-76")
@given(st.integers(-(10**9), 10**9), amounts, amounts, amounts)
def test_nobody_gains_or_loses_by_the_exchange_and_the_steps_add_up(credit, emergency, charges, debt):
    opening = opening_of(OldMeter(*(Money(amount) for amount in (credit, emergency, charges, debt))))
    assert opening.credit.amount - opening.debt.amount == credit - emergency - charges - debt
    assert sum(step.amount.amount for step in opening.steps) == opening.credit.amount
    assert min(opening.credit.amount, opening.debt.amount) >= 0


# the file --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-63")
def test_a_file_opens_accounts_books_their_debt_and_makes_each_an_opening_token(till):
    report = migrate_sites(till, file(*SITES), NOW)
    assert [(site.opening, site.debt) for site in report.sites] == [
        (1_084_000, 8_500_000),
        (0, 129_000),
        (500_000, 300_000),
    ]
    assert debts(till) == {"A0": "85.00", "A1": "1.29", "new-2": "3.00"}
    vends = till.database.read(lambda tx: [SqlVendingRecords(tx).vend(f"old-keypads/{n}") for n in (17, 18, 19)])
    assert [(vend.kind, vend.in_token.decimal()) for vend in vends] == [
        (VendKind.OPENING, "10.84"),
        (VendKind.TEST, "0.00"),
        (VendKind.OPENING, "5.00"),
    ]
    for vend in vends:
        meter = till.database.read(lambda tx, vend=vend: SqlVendingRecords(tx).customer(vend.account_id)).meter
        content = decode_token(StsService(KEYS).decoder_key(meter), Token.parse(vend.token))
        assert content.amount_money5 == vend.value.amount >= vend.in_token.amount
    first = till.pay(payment(account="new-2"), NOW)
    assert (first.to_debt.decimal(), first.debt_left.decimal()) == ("2.50", "0.50")


def test_the_same_file_again_changes_nothing_and_another_of_its_name_is_refused(till):
    report = migrate_sites(till, file(*SITES), NOW)
    lines = till.database.read(lambda tx: len(list(SqlVendingRecords(tx).book.journal())))
    assert migrate_sites(till, file(*SITES), NOW) == report
    assert till.database.read(lambda tx: len(list(SqlVendingRecords(tx).book.journal()))) == lines
    with pytest.raises(RequestConflictError):
        migrate_sites(till, file(SITES[0]), NOW)


def test_every_bad_line_is_told_once_and_nothing_is_taken(till):
    bad = file(
        SITES[0],
        "M,20,01,A1,ten,0,0,0,0",
        "M,21,02,new-2,1.00,-1,0,0,0",
        "M,22,03",
        "M,23,04,new-4,1.00,0,0,0,101",
        "M,24,05,new-5,1.00,0,0,0,0.001",
        "M,25,06,new-6,99999999.00,0,0,0,0",
        "M,17,07,new-7,1.00,0,0,0,0",
        trailer="T,9,1,1",
    )
    with pytest.raises(MigrationError) as refused:
        migrate_sites(till, bad, NOW)
    assert [line.number for line in refused.value.lines] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(line.why for line in refused.value.lines)
    assert debts(till) == {"A0": "0.00", "A1": "0.00"}


@pytest.mark.parametrize(
    ("site", "why"),
    [
        ("M,1,03,x,1,0,0,0,0", "0 prepayment meters"),
        ("M,1,nowhere,x,1,0,0,0,0", "0 prepayment meters"),
        ("M,1,02,A0,1,0,0,0,0", "another home's"),
        ("M,1,02,x,200.01,0,0,0,0", "above 200.00"),
    ],
)
def test_a_line_that_does_not_fit_the_homes_stops_the_whole_file_and_is_named(till, site, why):
    with pytest.raises(MigrationError) as refused:
        migrate_sites(till, file(SITES[1], site), NOW)
    [line] = refused.value.lines
    assert (line.number, why in line.why) == (3, True)
    assert debts(till) == {"A0": "0.00", "A1": "0.00"}


def test_of_a_home_that_prepays_both_fuels_the_account_says_which_is_meant(till):
    record = MeterRecord(meter_of(8), Fuel.ELECTRICITY, hub_of(0), MeterPan.of_serial(1, 8).digits, "123457")
    till.database.run(lambda tx: SqlRegistry(tx).add_meter(RegisteredMeter("00", "E8", record)))
    with pytest.raises(MigrationError) as refused:
        migrate_sites(till, file("M,17,00,new,5.00,0,0,0,0"), NOW)
    assert "2 prepayment meters" in refused.value.lines[0].why
    report = migrate_sites(till, file("M,17,00,A0,5.00,0,0,0,0"), NOW)
    assert [site.account for site in report.sites] == ["A0"]


def test_an_account_that_was_sold_to_or_owes_is_not_opened_again(till):
    till.pay(payment(account="A0"), NOW)
    migrate_sites(till, file(SITES[1], header="H,o,f0,2026-11-21,GBP"), NOW)
    with pytest.raises(MigrationError) as refused:
        migrate_sites(till, file(*SITES[:2]), NOW)
    assert [line.number for line in refused.value.lines] == [2, 3]


def test_a_key_that_fails_at_the_last_site_leaves_nothing_of_the_first(till):
    class Failing(StsService):
        def issue(self, meter, amount, tid, rnd):
            if meter.meter == meter_of(9):
                raise OSError("the module is gone")
            return super().issue(meter, amount, tid, rnd)

    with pytest.raises(OSError, match="gone"):
        migrate_sites(Till(till.database, Failing(KEYS), bytes), file(*SITES), NOW)
    assert debts(till) == {"A0": "0.00", "A1": "0.00"}
    assert migrate_sites(till, file(*SITES), NOW).sites


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        file(*SITES)[:60],
        file(*SITES, trailer="T,3,18.34,88.01"),
        file(*SITES, trailer="T,3,18.34"),
        file(*SITES, trailer="T,x,y,z"),
        file(*SITES, header="H,a/b,f1,2026-11-21,GBP"),
        file(*SITES, header="H,a,f1,yesterday,GBP"),
        file(*SITES, header="H,a,f1,2026-11-21,pounds"),
        file(*SITES).replace(b"M,18", b'M,"18'),
        file("M,1,00,A0,1,0,0,0,0", "M,2,00,A5,1,0,0,0,0"),
        file("M,1,00,A0,1,0,0,0,0", "M,2,01,A0,1,0,0,0,0"),
    ],
)
def test_what_is_no_whole_file_is_refused(content):
    with pytest.raises(MigrationError) as refused:
        parse_migration(content)
    assert refused.value.lines


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_or_one_error(content):
    try:
        parse_migration(content)
    except MigrationError:
        pass
    else:
        pytest.fail("no such file was made here")


# the command line ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("S3-76")
def test_the_command_line_explains_each_opening_credit_and_prints_the_token_to_type(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        FileKeyStore(folder.keys).add("123457", 1, bytes(range(20)))
        database.run(with_a_new_home)
    sites = tmp_path / "sites.csv"
    sites.write_bytes(file(*SITES))

    def say(*more):
        words = ["migrate", str(sites), "--data", str(tmp_path / "data"), "--at", isoformat(NOW), *more]
        return CliRunner().invoke(app, words)

    text = say().stdout
    assert ["emergency", "credit", "used", "-1.50"] in [line.split() for line in text.splitlines()]
    assert ["opening", "credit", "10.84"] in [line.split() for line in text.splitlines()]
    document = json.loads(say("--json").stdout)
    assert document["sites"][0]["token"] in text
    assert [step["amount"] for step in document["sites"][0]["steps"]] == ["12.34", "-1.50"]
    sites.write_bytes(file(SITES[0], "M,9", header="H,o,f2,2026-11-21,GBP", trailer="T,2,1,1"))
    said = say()
    assert (said.exit_code, said.stdout) == (1, "")
    assert "line 3" in said.stderr
