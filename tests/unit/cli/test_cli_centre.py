"""The security centre by the command line: what is shut out, let in, approved and recalled, and what of it is written."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.companion.certificate import CertifiedRole, identity_on_chain
from meterhouse.crypto import P256, KeyPair, Purpose
from meterhouse.links import SystemClock
from meterhouse.model import Eui64
from meterhouse.store import Database, DataFolder, SqlAuditChain, SqlCentreRecords
from meterhouse.supplier.trust import Credentials, Issuer, Scheme, SecurityCentre, attest, found_hierarchy, issue
from meterhouse.supplier.trust.scheme import NEEDED

NOW = SystemClock().now()
UNIT = Eui64.parse("02-4D-48-01-00-00-00-01")
MODEL = ("Acme E1", "1.0.3")


def key(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


def entropy(size: int) -> bytes:
    return sha256(str(size).encode()).digest()[:size]


def unit_in_service(transaction) -> None:
    """One electricity meter with its two certificates."""
    issuers = found_hierarchy(key("root"), {each: key(each) for each in Issuer}, NOW, entropy)
    role, records = CertifiedRole.ELECTRICITY_METER, SqlCentreRecords(transaction)
    centre, papers = SecurityCentre(records), []
    for purpose in (Purpose.SIGN, Purpose.AGREE):
        der = issue(
            issuers,
            UNIT,
            role,
            purpose,
            key(purpose).public,
            NOW,
            lambda n, of=purpose: sha256(of.encode()).digest()[:n],
        )
        papers.append(identity_on_chain(der, issuers.chain, [issuers.root], purpose, NOW))
        Credentials(records, {}).issued(papers[-1], "x", NOW)
    centre.design(*MODEL, "x", NOW)
    centre.type_test(*MODEL, "report", "0" * 64, "x", NOW)
    centre.manufacture(*papers, *MODEL, "x", NOW)
    centre.install(UNIT, "01", *MODEL, "x", NOW, scheme=Scheme(NEEDED, lambda _home: None))
    centre.register(UNIT, bytes(16), attest(key(Purpose.SIGN), UNIT, bytes(16)), "x", NOW)
    centre.prove(UNIT, "x", NOW)
    centre.serve(UNIT, "x", NOW)


@pytest.fixture
def data(tmp_path):
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        database.run(unit_in_service)
    return tmp_path / "data"


def said(data, *words, code: int = 0):
    done = CliRunner().invoke(app, ["centre", *map(str, words), "--data", str(data)])
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def document(data, *words, code: int = 0):
    return json.loads(said(data, *words, "--json", code=code))


def deeds(data) -> list[tuple[str, str, str]]:
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        lines = database.read(lambda tx: list(SqlAuditChain(tx).lines()))
    return [(line.who, line.deed, line.subject) for line in lines]


def test_each_device_is_listed_with_its_state_its_one_domain_and_the_end_of_its_certificates(data):
    (told,) = document(data, "devices")
    assert (told["device"], told["state"], told["domain"], told["home"]) == (str(UNIT), "in-service", "utility", "01")
    assert told["certificate_ends"] == min(each["ends"] for each in told["certificates"])
    assert str(UNIT) in said(data, "devices")
    assert document(data, "devices", "--state", "suspended") == []
    assert [step["state"] for step in document(data, "device", UNIT)["history"]][-1] == "in-service"
    assert "in-service" in said(data, "device", UNIT)


def test_a_device_is_suspended_with_a_reason_and_withdrawn_with_its_certificates(data):
    said(data, "withdraw", UNIT, "--as", "Uma", code=1)
    said(data, "suspend", UNIT, "--why", " ", "--as", "Uma", code=4)
    assert document(data, "suspend", UNIT, "--why", "seal broken", "--as", "Uma")["state"] == "suspended"
    said(data, "suspend", UNIT, "--why", "again", "--as", "Uma", code=1)
    assert "seal broken" in said(data, "devices", "--state", "suspended")
    assert document(data, "withdraw", UNIT, "--as", "Vic")["state"] == "withdrawn"
    assert {each["status"] for each in document(data, "device", UNIT)["certificates"]} == {"revoked"}
    assert document(data, "device", UNIT)["certificate_ends"] is None
    said(data, "admit", UNIT, "--why", "a mistake", "--as", "Uma", code=1)
    assert deeds(data) == [("Uma", "device.suspended", str(UNIT)), ("Vic", "device.withdrawn", str(UNIT))]


def test_what_is_not_known_or_not_said_rightly_ends_with_its_exit_code(data):
    other = "02-4D-48-01-00-00-00-99"
    said(data, "device", other, code=3)
    said(data, "suspend", other, "--why", "x", "--as", "Uma", code=3)
    said(data, "withdraw", other, "--as", "Uma", code=3)
    said(data, "admit", other, "--why", "x", "--as", "Uma", code=3)
    said(data, "device", "no identity", code=2)
    said(data, "devices", "--state", "asleep", code=2)
    said(data, "recall", "Nobody's", "1", "--why", "x", "--as", "Uma", code=3)
    assert deeds(data) == []


@pytest.mark.requirement("S3-83")
def test_a_product_is_designed_approved_by_a_document_and_recalled_with_every_device_of_it(data, tmp_path):
    report, empty = tmp_path / "report.pdf", tmp_path / "empty.pdf"
    report.write_bytes(b"all passed")
    empty.write_bytes(b"")
    new = ("Acme E2", "2.0")
    approve = ("approve", *new, "--as", "Lab", "--evidence")
    said(data, *approve, report, code=3)
    assert document(data, "design", *new, "--as", "Maker")["state"] == "designed"
    said(data, *approve, empty, code=4)
    said(data, *approve, tmp_path / "none.pdf", code=2)
    assert document(data, *approve, report)["sha256"] == sha256(b"all passed").hexdigest()
    said(data, *approve, report, code=1)
    assert {each["model"]: each["state"] for each in document(data, "products")} == {
        "Acme E1": "type-tested",
        "Acme E2": "type-tested",
    }
    said(data, "recall", *MODEL, "--why", "", "--as", "Uma", code=4)
    jobs = document(data, "recall", *MODEL, "--why", "its valve sticks", "--as", "Uma")["jobs"]
    assert jobs == [{"device": str(UNIT), "home": "01"}]
    assert document(data, "device", UNIT)["state"] == "suspended"
    assert "its valve sticks" in said(data, "products")
    assert [deed for _, deed, _ in deeds(data)] == ["product.designed", "product.approved", "product.recalled"]
