"""The story of one payment and the attempts that were stopped, by the command line."""

from __future__ import annotations

import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from counter_street import NOW, build, payment
from meterhouse.cli import app
from meterhouse.model import isoformat
from meterhouse.protocols.sts import Token, decode_token
from meterhouse.store import Database, DataFolder, FileKeyStore, KeyUsage, SqlVendingRecords, Till
from meterhouse.supplier.vending import StsService

AT = isoformat(NOW)


@pytest.fixture
def data(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        FileKeyStore(folder.keys).add("123457", 1, bytes(range(20)))
        database.run(build)
    return tmp_path / "data"


def say(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def document(*words, code=0):
    said = say(*words, "--json")
    assert said.exit_code == code, said.output
    return json.loads(said.stdout)


@pytest.mark.requirement("S3-41")
def test_one_payment_s_trail_links_it_to_its_debt_entry_and_to_the_token_that_was_made_after_the_deduction(data):
    receipt = document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1")
    trail = document("ledger", "audit", "r1", "--data", data)
    amounts = {line["kind"]: (line["debit"], line["credit"], line["amount"]) for line in trail["journal"]}
    assert amounts["payment"] == ("network:till", "customer:A0", "20.00")
    assert amounts["to_debt"] == ("customer:A0", "debt:A0", "4.00")
    assert amounts["to_token"] == ("customer:A0", "tokens:A0", "16.00")
    assert (trail["order"], trail["gaps"]) == ({"state": "queued", "shows_debt": "6.00"}, [])
    assert receipt["token"].endswith(trail["token"]["last_digits"])
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database, closing(KeyUsage(data / "keys")) as usage:
        meter = database.read(lambda tx: SqlVendingRecords(tx).customer("A0")).meter
        key = StsService(FileKeyStore(data / "keys", usage=usage)).decoder_key(meter)
    content = decode_token(key, Token.parse(receipt["token"]))
    assert content.tid == trail["token"]["identifier"]
    assert 0 <= content.amount_money5 - 1_600_000 < 100, "the token carries what was left, and not what was paid"
    assert receipt["token"].replace(" ", "") not in json.dumps(trail)
    assert "customer:A0 → debt:A0" in say("ledger", "audit", "r1", "--data", data).stdout


@pytest.mark.requirement("S3-41")
@pytest.mark.parametrize(
    ("harm", "gap"),
    [
        ("DELETE FROM transfers WHERE kind = 'to_debt'", "to debt"),
        ("UPDATE transfers SET amount = amount + 1 WHERE kind = 'to_token'", "in the token"),
        ("UPDATE vends SET value = value + 1", "rounding"),
        ("DELETE FROM commands", "no order"),
        ("UPDATE commands SET payload = replace(payload, '600000', '500000')", "shows a debt"),
        ("UPDATE vends SET token = '1'", "another token"),
        ("DELETE FROM vend_stages", "no beginning"),
    ],
)
def test_a_link_that_is_broken_is_named_and_is_an_exit_code(data, harm, gap):
    document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1")
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        database.run(lambda tx: tx.connection.exec_driver_sql(harm))
    gaps = document("ledger", "audit", "r1", "--data", data, code=1)["gaps"]
    assert any(gap in one for one in gaps), gaps


@pytest.mark.requirement("S3-41")
@pytest.mark.parametrize("act", ["pending", "void", "posted", "reverse"])
def test_every_way_that_a_payment_can_stand_links_up(data, act):
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        services = StsService(FileKeyStore(data / "keys"))

        class Away(StsService):
            def issue(self, meter, amount, tid, rnd):
                raise OSError

        keys = FileKeyStore(data / "keys")
        till = Till(database, Away(keys) if act in ("pending", "void") else services, bytes, apart=True)
        if act in ("pending", "void"):
            with pytest.raises(OSError):
                till.pay(payment(), NOW)
        else:
            till.pay(payment(), NOW)
        if act == "void":
            till.void("r1", "the module is away", NOW)
        if act == "reverse":
            till.reverse("r1", "by mistake", NOW)
    assert document("ledger", "audit", "r1", "--data", data)["gaps"] == []


@pytest.mark.requirement("S3-62")
def test_attempts_with_a_wrong_card_are_told_by_the_command_line(data):
    for account in ("B9", "600727000000000009=2001=0211123457011"):
        assert say("vend", account, "20.00", "--data", data, "--at", AT, "--network", "kiosk").exit_code == 3
    attempts = document("ledger", "refused", "--data", data)
    assert [(one["account"], one["network"], one["code"]) for one in attempts] == [
        ("600727000000000009=2001=0211123457011", "kiosk", "unknown_account"),
        ("B9", "kiosk", "unknown_account"),
    ]
    assert len(document("ledger", "refused", "B9", "--data", data)) == 1
    assert "unknown_account" in say("ledger", "refused", "--data", data).stdout


def test_the_trail_of_nothing_is_one_sentence(data):
    said = say("ledger", "audit", "nobody", "--data", data)
    assert (said.exit_code, said.stderr.startswith("Error:")) == (3, True)
    assert "Nothing was refused." in say("ledger", "refused", "--data", data).stderr
