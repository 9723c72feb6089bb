"""What devices signed, and what parties used of the carrier's lines, as they are kept."""

from __future__ import annotations

import pytest

from meterhouse.carrier import UsageBook
from meterhouse.model import DAY, Eui64, day_start, parse_instant
from meterhouse.model import Instant as At
from meterhouse.store import Database, SignedWord, SqlCarrierUsage, SqlSignedWords, WordKind

NOW = parse_instant("2026-11-21T05:30:00Z")
METER, OTHER = Eui64.parse("00DB1234567890A1"), Eui64.parse("00DB1234567890A2")
SUPPLIER, HUB = Eui64.parse("90B3D51F30010000"), Eui64.parse("00DB1234567890B1")


@pytest.fixture
def database():
    with Database("sqlite://") as opened:
        yield opened


def test_words_come_back_as_they_came_by_order_and_by_signer(database):
    words = [
        SignedWord(NOW, METER, WordKind.ANSWER, 7, "order-1", bytes(range(256))),
        SignedWord(NOW, HUB, WordKind.RECEIPT, 1, "order-1", b"r"),
        SignedWord(NOW, METER, WordKind.ALERT, 3, "", b"a"),
        SignedWord(NOW, METER, WordKind.ALERT, 9, "order-2", b"b"),
    ]
    database.run(lambda tx: [SqlSignedWords(tx).keep(word) for word in words])
    assert database.read(lambda tx: list(SqlSignedWords(tx).of_order("order-1"))) == words[:2]
    assert database.read(lambda tx: list(SqlSignedWords(tx).of_signer(METER, WordKind.ALERT))) == words[2:]


def test_the_newest_counter_is_of_one_signer_and_one_kind(database):
    def newest(signer, kind):
        return database.read(lambda tx: SqlSignedWords(tx).newest(signer, kind))

    assert newest(METER, WordKind.ALERT) == -1
    word = SignedWord(NOW, METER, WordKind.ALERT, (1 << 63) - 1, "", b"a")
    database.run(lambda tx: SqlSignedWords(tx).keep(word))
    assert [newest(METER, WordKind.ALERT), newest(METER, WordKind.ANSWER), newest(OTHER, WordKind.ALERT)] == [
        (1 << 63) - 1,
        -1,
        -1,
    ]


@pytest.mark.requirement("S3-39")
def test_usage_of_several_carriers_adds_up_by_day_party_and_premises(database):
    for carrier in (UsageBook(), UsageBook()):
        for day in (NOW, At(NOW + DAY)):
            usage = carrier.of(SUPPLIER, HUB, day)
            usage.calls, usage.bytes_up, usage.bytes_down = 2, 500, 60
        carrier.of(SUPPLIER, OTHER, NOW).orders = 1
        rows = list(carrier.take())
        database.run(lambda tx, rows=rows: SqlCarrierUsage(tx).add(rows))
    found = database.read(lambda tx: list(SqlCarrierUsage(tx).between(day_start(NOW), At(day_start(NOW) + DAY))))
    assert [(row.party, row.hub, row.usage.calls, row.usage.bytes_up, row.usage.orders) for row in found] == [
        (SUPPLIER, OTHER, 0, 0, 2),
        (SUPPLIER, HUB, 4, 1000, 0),
    ]
