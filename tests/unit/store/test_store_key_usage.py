"""Caps of vending keys hold through crashes, and their record of uses shows what was changed."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.model import UNIT, ConfigurationError, UsageError
from meterhouse.store import FileKeyStore, KeyCap, KeyUsage, Used, audit_breach
from meterhouse.supplier.vending import KeyCapError, KeyName

NAME, OTHER = KeyName("123457", 1), KeyName("123457", 2)


def lines(folder):
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


@pytest.mark.requirement("S0-71")
@pytest.mark.parametrize(
    ("cap", "value", "made"),
    [(KeyCap(tokens=3), UNIT, 3), (KeyCap(money5=10 * UNIT), 4 * UNIT, 2), (KeyCap(tokens=0), 0, 0)],
)
def test_a_key_makes_as_much_as_its_cap_and_no_more_and_its_neighbour_goes_on(tmp_path, cap, value, made):
    usage = KeyUsage(tmp_path)
    usage.set_cap(NAME, cap)
    for _ in range(made):
        usage.spend(NAME, value)
    for _ in range(2):
        with pytest.raises(KeyCapError) as refused:
            usage.spend(NAME, value)
    assert refused.value.code == "key_cap"
    assert usage.used(NAME) == Used(made, made * value)
    usage.spend(OTHER, value)
    assert [line["what"] for line in lines(tmp_path)].count("refused by cap") == 2


def test_a_smaller_sale_still_fits_after_one_that_did_not(tmp_path):
    usage = KeyUsage(tmp_path)
    usage.set_cap(NAME, KeyCap(money5=10 * UNIT))
    with pytest.raises(KeyCapError):
        usage.spend(NAME, 11 * UNIT)
    usage.spend(NAME, 10 * UNIT)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3 * UNIT), max_size=30), st.integers(0, 20), st.integers(0, 20 * UNIT))
def test_no_crash_lets_a_key_pass_its_cap(tmp_path_factory, values, tokens, money5):
    folder = tmp_path_factory.mktemp("usage")
    usage = KeyUsage(folder)
    usage.set_cap(NAME, KeyCap(tokens, money5))
    made = []
    for number, value in enumerate(values):
        try:
            usage.spend(NAME, value)
            made.append(value)
        except KeyCapError:
            pass
        if number % 7 == 6:
            usage = KeyUsage(folder)  # a crash: nothing was closed
    assert len(made) <= tokens
    assert sum(made) <= money5
    again = KeyUsage(folder).used(NAME)
    assert again.tokens >= len(made)
    assert again.money5 >= sum(made)


def test_what_was_reserved_and_not_used_is_given_back_at_a_clean_end(tmp_path):
    usage = KeyUsage(tmp_path)
    usage.set_cap(NAME, KeyCap(tokens=10))
    usage.spend(NAME, UNIT)
    assert KeyUsage(tmp_path).used(NAME).tokens == 10, "after a crash the reserve counts"
    usage.close()
    assert KeyUsage(tmp_path).used(NAME) == Used(1, UNIT)
    assert KeyUsage(tmp_path).cap(NAME) == KeyCap(tokens=10)


def test_counting_does_not_write_to_the_disk_at_every_sale(tmp_path):
    usage = KeyUsage(tmp_path)
    for _ in range(500):
        usage.spend(NAME, UNIT)
    assert len(lines(tmp_path)) == 1


def test_the_record_of_uses_shows_a_line_that_was_changed_or_taken_out(tmp_path):
    usage = KeyUsage(tmp_path)
    FileKeyStore(tmp_path, usage=usage).add("123457", 1, bytes(20))
    usage.set_cap(NAME, KeyCap(tokens=10))
    usage.spend(NAME, UNIT)
    usage.close()
    path = tmp_path / "audit.jsonl"
    whole = path.read_text().splitlines()
    assert [json.loads(line)["what"] for line in whole] == ["key added", "cap set", "uses reserved", "closed"]
    assert audit_breach(tmp_path) is None
    assert bytes(20).hex() not in path.read_text().replace("0" * 64, "")
    assert path.stat().st_mode & 0o077 == 0
    for number, damaged in (
        (3, [whole[0], whole[1].replace('"tokens":10', '"tokens":99'), *whole[2:]]),
        (2, [whole[0], *whole[2:]]),
        (1, whole[1:]),
        (2, [whole[0], "no line", *whole[1:]]),
    ):
        path.write_text("\n".join(damaged) + "\n")
        assert audit_breach(tmp_path) == number


def test_the_chain_goes_on_after_a_restart(tmp_path):
    KeyUsage(tmp_path).set_cap(NAME, KeyCap(tokens=10))
    KeyUsage(tmp_path).set_cap(NAME, KeyCap(tokens=20))
    assert audit_breach(tmp_path) is None
    assert len(lines(tmp_path)) == 2


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"1/1": 5}', '{"1/1": {}}', '{"x": {"tokens": 1}}'])
def test_damaged_counts_are_no_licence_to_vend(tmp_path, damage):
    (tmp_path / "usage.json").write_text(damage)
    with pytest.raises(ConfigurationError):
        KeyUsage(tmp_path)


def test_a_cap_below_nothing_is_refused():
    for cap in ({"tokens": -1}, {"money5": -1}):
        with pytest.raises(UsageError):
            KeyCap(**cap)


@pytest.mark.requirement("S0-71")
def test_a_cap_in_one_currency_lets_no_token_in_another_be_made(tmp_path):
    usage = KeyUsage(tmp_path)
    usage.set_cap(NAME, KeyCap(money5=10 * UNIT, currency="GBP"))
    usage.spend(NAME, 4 * UNIT, "GBP")
    with pytest.raises(KeyCapError, match="EUR"):
        usage.spend(NAME, 1, "EUR")
    usage.spend(NAME, 0, "")
    usage.close()
    again = KeyUsage(tmp_path)
    assert again.cap(NAME).currency == "GBP"
    with pytest.raises(KeyCapError, match="EUR"):
        again.spend(NAME, 1, "EUR")
    assert again.used(NAME).money5 == 4 * UNIT
