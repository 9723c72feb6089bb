"""A street's devices keep their record of sealed orders before they act, and go on from the newer of it and the checkpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import counter_street as counter
from home_bench import METER_ID, START, make_hub
from meterhouse.app.books import Books
from meterhouse.app.caught_up import with_gas_record, with_record
from meterhouse.companion.sealed import Reason
from meterhouse.model import HOUR, Instant
from meterhouse.store import Database
from sealed_home import GAS_ID, Parties, sealed_meter

NOW = Instant(START + HOUR)


def kept_twice() -> tuple[Parties, list[dict[str, Any]], Any]:
    parties, records = Parties(METER_ID), []
    meter = sealed_meter(parties, keep=records.append)
    meter.gate.take(parties.open(NOW, counter=10).encode(), NOW)
    return parties, records, meter


def test_a_meter_goes_on_from_the_record_where_that_is_newer_than_the_checkpoint():
    parties, records, meter = kept_twice()
    old = sealed_meter(parties).state()
    again = sealed_meter(parties, now=NOW)
    again.restore(with_record(old, records[-1]))
    assert again.gate.take(parties.arm(NOW, counter=9).encode(), NOW) is Reason.COUNTER
    assert meter.switch.closed


def test_and_from_the_checkpoint_where_that_is_newer():
    _, records, meter = kept_twice()
    state = meter.state()
    assert with_record(state, records[0])["orders"] == state["orders"]
    assert with_record(state, None)["orders"] == state["orders"]
    assert with_record({"serial": "1"}, None) == {"serial": "1"}


def test_a_hub_takes_the_record_of_its_gas_and_keeps_its_post():
    parties, records = Parties(GAS_ID), []
    hub = make_hub(trust=parties.trust())
    state = hub.state()
    newer = dict(state["orders"]["gate"], writes=7)
    assert with_gas_record(state, newer)["orders"] == {"gate": newer, "post": state["orders"]["post"]}
    assert with_gas_record({}, None)["orders"] == {"gate": None, "post": {}}
    hub.restore(with_gas_record(state, newer))
    assert records == []


def test_the_books_give_back_the_record_that_was_kept_last(tmp_path: Path):
    _, records, _ = kept_twice()
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as database:
        for record in records:
            Books(database, counter.SERVICE, bytes).keep_record("home/1/electricity", record, NOW)
    with Database(f"sqlite:///{tmp_path / 'street.db'}") as database:
        books = Books(database, counter.SERVICE, bytes)
        assert books.record_of("home/1/electricity") == json.loads(json.dumps(records[-1]))
        assert books.record_of("home/2/electricity") is None
