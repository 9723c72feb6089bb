from __future__ import annotations

import json
from contextlib import closing

import pytest
from typer.testing import CliRunner

from counter_street import NOW, build
from meterhouse.cli import app
from meterhouse.model import isoformat
from meterhouse.store import Database, DataFolder, FileKeyStore, KeyCap, KeyUsage, SqlRegistry, audit_breach
from meterhouse.supplier.vending import KeyName

AT = isoformat(NOW)


@pytest.fixture
def data(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        FileKeyStore(folder.keys).add("123457", 1, bytes(range(20)))
        database.run(build)
        database.run(lambda tx: SqlRegistry(tx).add_card("card-1", "A0"))
    return tmp_path / "data"


def say(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def document(*words):
    said = say(*words, "--json")
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


@pytest.mark.requirement("S3-19")
def test_a_sale_of_twenty_at_twenty_per_cent_prints_four_and_sixteen(data):
    receipt = document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1")
    assert (receipt["to_debt"]["amount"], receipt["in_token"]["amount"]) == ("4.00", "16.00")
    assert document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1") == receipt
    text = say("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1").stdout
    assert receipt["token"] in text
    assert "Debt left" in text


def test_a_receipt_fits_one_short_message_and_one_page(data, tmp_path):
    pytest.importorskip("reportlab")
    page = tmp_path / "receipt.pdf"
    said = say("vend", "card-1", "20.00", "--data", data, "--at", AT, "--sms", "--pdf", page)
    line = said.stdout.rstrip("\n")
    assert said.exit_code == 0
    assert len(line) <= 160
    assert "\n" not in line
    assert page.read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("B9", "20.00"), 3),
        (("A0", "500.00"), 4),
        (("A0", "twenty"), 2),
        (("A0", "20.00", "--currency", "EUR"), 4),
    ],
)
def test_a_refusal_has_its_exit_code_and_one_sentence(data, words, code):
    said = say("vend", *words, "--data", data, "--at", AT)
    assert (said.exit_code, said.stdout) == (code, "")
    assert said.stderr.startswith("Error:")


def test_the_ledger_is_verified_and_an_account_is_told(data):
    document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1")
    assert document("ledger", "verify", "--data", data) == {"holds": True, "lines": 6, "breaches": []}
    statement = document("ledger", "statement", "A0", "--data", data)
    assert [vend["request"] for vend in statement["vends"]] == ["r1"]
    assert statement["debt"] == "6.00"
    assert statement["agreements"][0]["debt_share_percent"] == 20


def test_a_broken_ledger_is_an_exit_code_and_names_the_law(data):
    document("vend", "A0", "20.00", "--data", data, "--at", AT)
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        database.run(lambda tx: tx.connection.exec_driver_sql("UPDATE transfers SET amount = 1 WHERE kind = 'to_debt'"))
    said = say("ledger", "verify", "--data", data, "--json")
    assert said.exit_code == 1
    laws = {breach["law"] for breach in json.loads(said.stdout)["breaches"]}
    assert "paid = to debt + in tokens + refunded" in laws


BATCH = "H,shops,b1,2026-11-21,GBP\r\nP,1,A0,20.00\r\nP,2,B9,5.00\r\nP,3,A1,10.00\r\nT,3,35.00\r\n"


def test_a_batch_is_taken_once_and_its_rejects_say_why(data, tmp_path):
    file, rejects = tmp_path / "batch.csv", tmp_path / "rejects.csv"
    file.write_text(BATCH)
    report = document("batch", file, "--data", data, "--at", AT, "--rejects", rejects)
    assert (report["taken"], report["rejected"], report["total"]["amount"]) == (2, 1, "30.00")
    assert "unknown_account" in rejects.read_text()
    assert document("batch", file, "--data", data, "--at", AT) == report
    assert len(document("ledger", "statement", "A0", "--data", data)["vends"]) == 1


def test_half_a_batch_is_refused_whole(data, tmp_path):
    file = tmp_path / "batch.csv"
    file.write_text(BATCH[: BATCH.index("P,3")])
    said = say("batch", file, "--data", data, "--at", AT)
    assert said.exit_code == 1
    assert "half a file" in said.stderr
    assert document("ledger", "statement", "A0", "--data", data)["vends"] == []


def test_a_restored_folder_never_gives_an_identifier_twice(data, tmp_path):
    document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r1")
    document("backup", tmp_path / "copy", "--data", data)
    lost = [
        document("vend", "A0", "1.00", "--data", data, "--at", AT, "--request", f"x{n}")["token"] for n in range(30)
    ]
    document("restore", tmp_path / "copy", "--data", tmp_path / "new", "--until", AT)
    new = document("vend", "A0", "1.00", "--data", tmp_path / "new", "--at", AT, "--request", "y")["token"]
    assert new not in lost
    assert document("ledger", "verify", "--data", tmp_path / "new")["holds"]
    assert say("restore", tmp_path / "copy", "--data", tmp_path / "new").exit_code == 1


def test_each_sale_counts_against_its_key_and_a_cap_refuses_the_next(data):
    name = KeyName("123457", 1)
    for number in range(2):
        document("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", f"r{number}")
    with closing(KeyUsage(data / "keys")) as usage:
        used = usage.used(name)
        assert used.tokens == 2, "a till that closes cleanly gives its reserve back"
        assert used.money5 >= 2 * 16 * 100_000
        usage.set_cap(name, KeyCap(tokens=2))
    refused = say("vend", "A0", "20.00", "--data", data, "--at", AT, "--request", "r9")
    assert (refused.exit_code, "may make no more than 2 tokens" in refused.output) == (4, True)
    assert audit_breach(data / "keys") is None
    assert "refused by cap" in (data / "keys" / "audit.jsonl").read_text()
