"""A street file is read strictly: what is wrong is one sentence that names the place."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.app.street import parse_street
from meterhouse.model import UsageError

HEAD = '[street]\nname = "Row"\nstart = 2026-01-05T00:00:00Z\n[gas]\nprice = "0.07"\ncv = 39_500\n'
HOME = '[[home]]\nid = "01"\n'
PREPAY = HEAD + HOME + 'gas = { mode = "prepay" }\n'


def test_the_example_is_a_street():
    plan = parse_street(Path("examples/street.toml").read_text(encoding="utf-8"))
    assert len(plan.homes) == 12
    assert plan.homes[0].share_permille == 200


def test_a_homes_own_gas_words_come_before_the_streets():
    plan = parse_street(HEAD + HOME + 'gas = { price = "0.08" }\n')
    assert plan.homes[0].gas is not None
    assert (plan.homes[0].gas.price, plan.homes[0].gas.cv) == (8_000, 39_500)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "home"),
        ("this is not toml", "not TOML"),
        ("a = " + "[" * 5_000, "not TOML"),
        (HEAD, "home"),
        ("street = 3\n" + HOME, "street"),
        ("gas = 3\n" + HEAD.split("[gas]", maxsplit=1)[0] + HOME + "gas = {}\n", "gas"),
        (HEAD + "home = 3\n", "home"),
        (HEAD + "[home]\nid = 1\n", "home"),
        (HEAD.replace("2026-01-05T00:00:00Z", "2026-01-05T00:00:00") + HOME, "start"),
        (HEAD.replace("2026-01-05T00:00:00Z", "2026-01-05") + HOME, "start"),
        (HEAD.replace("2026-01-05T00:00:00Z", "07:32:00") + HOME, "start"),
        (HEAD.replace("2026-01-05T00:00:00Z", '"yesterday"') + HOME, "yesterday"),
        (HEAD.replace('name = "Row"', "name = 7") + HOME, "name"),
        (HEAD + HOME + "colour = 1\n", "colour"),
        (HEAD + HOME + "share_permille = 300\n", "share_permille"),
        (HEAD + HOME + 'home = "02"\n', "home"),
        (HEAD + "[[home]]\nid = 1\n", "id"),
        (HEAD + '[[home]]\nid = ""\n', "id"),
        (HEAD + '[[home]]\nid = "a/b"\n', "id"),
        (HEAD + '[[home]]\nid = "a b"\n', "id"),
        (HEAD + HOME + HOME, "twice"),
        (HEAD + HOME + 'gas = "yes"\n', "gas"),
        (HEAD + HOME + 'gas = { mode = "barter" }\n', "mode"),
        (HEAD + HOME + 'gas = { price = "5.00001" }\n', "price"),
        (HEAD + HOME + 'gas = { price = "-0.01" }\n', "price"),
        (HEAD + HOME + "gas = { price = 0.07 }\n", "price"),
        (HEAD + HOME + "gas = { cv = 29_999 }\n", "cv"),
        (HEAD + HOME + "gas = { cv = 50_001 }\n", "cv"),
        (HEAD + HOME + 'gas = { standing_charge = "-1.00" }\n', "standing_charge"),
        (HEAD + HOME + 'gas = { standing_charge = "20.01" }\n', "standing_charge"),
        (HEAD + HOME + 'gas = { opening_balance = "500.01" }\n', "opening_balance"),
        (HEAD + HOME + 'gas = { opening_balance = "-500.01" }\n', "opening_balance"),
        (HEAD + HOME + "gas = { no_comms_half_hours = 47 }\n", "no_comms_half_hours"),
        (HEAD + HOME + "gas = { loss_permille = 1001 }\n", "loss_permille"),
        (HEAD + HOME + "gas = { low_credit_l = true }\n", "low_credit_l"),
        (HEAD + HOME + 'debt = "-1.00"\n', "debt"),
        (HEAD + HOME + 'debt = "40000.01"\n', "debt"),
        (HEAD + HOME + "share_percent = 101\n", "share_percent"),
        (HEAD + HOME + "kwh_a_year = -1\n", "kwh_a_year"),
        (HEAD + HOME + 'electricity = "prepay"\n', "electricity"),
        (HEAD + HOME + "customer = 5\n", "customer"),
        (HEAD + HOME + 'customer = { pay = "0.00" }\n', "pay"),
        (HEAD + HOME + 'customer = { pay = "-5.00" }\n', "pay"),
        (HEAD + HOME + 'customer = { keypad = "yes" }\n', "keypad"),
        (HEAD + HOME + "customer = { presses_after_min = -1 }\n", "presses_after_min"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_the_place(text, named):
    with pytest.raises(UsageError) as error:
        parse_street(text, "row.toml")
    assert named in str(error.value)
    assert "\n" not in error.value.sentence()


@pytest.mark.parametrize(
    "text",
    [
        HEAD + HOME + 'gas = { mode = "prepay", opening_balance = "-500.00", standing_charge = "20.00" }\n',
        HEAD + HOME + 'gas = { opening_balance = "500.00", no_comms_half_hours = 672, price = "5.00", cv = 50_000 }\n',
        HEAD + HOME + 'debt = "40000.00"\nshare_percent = 100\ncustomer = { pay_below = "1.00", keypad = true }\n',
    ],
)
def test_the_ends_of_the_ranges_are_taken(text):
    assert len(parse_street(text).homes) == 1


WORDS = st.sampled_from(["street", "gas", "home", "id", "mode", "price", "customer", "debt", "start", "cv", "x"])
VALUES = st.recursive(
    st.one_of(
        st.integers(-(10**20), 10**20).map(str),
        st.sampled_from(
            ['"0.07"', '"prepay"', '"NaN"', '"1e999"', "true", "1.5", "nan", "inf", '"\\u0000"', "00:01:00"]
        ),
        st.just("2026-01-05T00:00:00Z"),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(WORDS, inner, max_size=3).map(
            lambda table: "{" + ", ".join(f"{key} = {value}" for key, value in table.items()) + "}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@given(st.dictionaries(WORDS, VALUES, max_size=4), st.dictionaries(WORDS, VALUES, max_size=4))
def test_any_toml_gives_a_street_or_one_sentence(top, home):
    text = "".join(f"{key} = {value}\n" for key, value in top.items())
    text += "".join(f"{line}\n" for line in ["[[home]]", *(f"{key} = {value}" for key, value in home.items())])
    for candidate in (text, HEAD + text.split("[[home]]")[1].join(["[[home]]", ""])):
        with contextlib.suppress(UsageError):
            parse_street(candidate)
