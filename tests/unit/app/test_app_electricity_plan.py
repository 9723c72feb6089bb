"""Prepaid electricity in a street file: on credit unless said otherwise, its account in the meter unless said otherwise."""

from __future__ import annotations

import pytest

from meterhouse.app.desk import PaymentMode
from meterhouse.app.street import AccountPlace, ElectricitySite, parse_street
from meterhouse.model import Fuel, UsageError
from meterhouse.premises.prepay import CreditLimits

HEAD = '[street]\nname = "Row"\nstart = 2026-01-05T00:00:00Z\n'
HOME = '[[home]]\nid = "01"\n'
PREPAY = 'electricity = { mode = "prepay", price = "0.2834"'


def electricity(text: str) -> ElectricitySite:
    return parse_street(HEAD + text).homes[0].electricity


@pytest.mark.parametrize(
    "said", ["", 'electricity = "credit"\n', "electricity = {}\n", 'electricity = { mode = "credit" }\n']
)
def test_electricity_is_on_credit_unless_said_otherwise(said: str):
    assert electricity(HOME + said) == ElectricitySite()
    assert electricity(HOME + said).prepaid_in is None


def test_a_prepaid_account_stands_in_the_meter_unless_said_otherwise():
    site = electricity(HOME + PREPAY + ' , standing_charge = "0.5335", opening_balance = "10.00" }\n')
    assert site.prepaid_in is AccountPlace.METER
    assert (site.tariff.price, site.tariff.standing_charge, site.tariff.cv) == (28_340, 53_350, 0)
    assert (site.opening_balance, site.no_comms_half_hours) == (1_000_000, 144)


def test_a_prepaid_account_stands_in_the_hub_where_a_site_says_so():
    assert electricity(HOME + PREPAY + ', account = "hub" }\n').prepaid_in is AccountPlace.HUB


def test_the_streets_words_hold_for_every_home_that_says_nothing_else():
    street = '[electricity]\nmode = "prepay"\nprice = "0.30"\naccount = "hub"\nemergency_credit = "5.00"\n'
    silent, other, credit = parse_street(
        HEAD + street + HOME + '[[home]]\nid = "02"\nelectricity = { account = "meter", price = "0.10" }\n'
        '[[home]]\nid = "03"\nelectricity = "credit"\n'
    ).homes
    assert (silent.electricity.price, silent.electricity.account) == (30_000, AccountPlace.HUB)
    assert (other.electricity.price, other.electricity.account) == (10_000, AccountPlace.METER)
    assert other.electricity.limits == CreditLimits(emergency=500_000)
    assert credit.electricity.mode is PaymentMode.CREDIT


def test_rates_and_blocks_are_said_as_of_gas():
    rows = 'electricity = { mode = "prepay", prices = [["0.30", "0.20"], ["0.10", "0.05"]], blocks_kwh = [100], '
    tariff = electricity(
        HOME + rows + 'rates = ["daily 00:00-07:00 = 1"], friendly = ["Sat-Sun 00:00-24:00"] }\n'
    ).tariff
    assert tariff.refusal(Fuel.ELECTRICITY) == ""
    assert (tariff.prices[0], tariff.prices[1], tariff.prices[4], tariff.prices[5]) == (30_000, 20_000, 10_000, 5_000)
    assert tariff.thresholds_wh[0] == 100_000
    assert tariff.rates[:14] == (1,) * 14


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("electricity = 3\n", "electricity"),
        ('electricity = "prepay"\n', 'mode = "prepay"'),
        ('electricity = { mode = "barter" }\n', "mode"),
        ('electricity = { mode = "prepay" }\n', "price"),
        (PREPAY + ', account = "cloud" }\n', "it is meter or hub"),
        (PREPAY + ", account = 3 }\n", "account"),
        (PREPAY + ", cv = 39_500 }\n", "unknown field 'cv'"),
        (PREPAY + ", loss_permille = 3 }\n", "unknown field"),
        (PREPAY + ', opening_balance = "500.01" }\n', "opening_balance"),
        (PREPAY + ", no_comms_half_hours = 47 }\n", "no_comms_half_hours"),
        (PREPAY + ", no_comms_half_hours = 673 }\n", "no_comms_half_hours"),
        (PREPAY + ', standing_charge = "20.01" }\n', "standing_charge"),
        (PREPAY.replace("0.2834", "5.01") + " }\n", "price"),
    ],
)
def test_what_is_wrong_is_a_sentence_that_names_the_place(said: str, named: str):
    with pytest.raises(UsageError) as caught:
        parse_street(HEAD + HOME + said)
    assert "[[home]] 1" in caught.value.sentence()
    assert named in f"{caught.value.sentence()} {caught.value.remedy}"


def test_the_streets_words_are_a_table():
    with pytest.raises(UsageError, match="electricity"):
        parse_street("electricity = 3\n" + HEAD + HOME)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HOME + 'electricity = { mode = "prepay" }\n', "s [[home]] 1 electricity has no price"),
        (
            HOME + 'electricity = { mode = "prepay", price = "28p" }\n',
            "s [[home]] 1 electricity price: amount '28p' is not",
        ),
        (HOME + PREPAY + ', opening_balance = "1.000001" }\n', "s [[home]] 1 electricity opening_balance: amount"),
        ("[[home]]\n", "s [[home]] 1 has no id"),
        (HOME + 'gas = { price = "0.06" }\n', "s [[home]] 1 gas has no cv"),
    ],
)
def test_whatever_is_wrong_or_absent_is_named_with_its_place(text: str, said: str):
    with pytest.raises(UsageError) as refused:
        parse_street(HEAD + text, "s")
    assert refused.value.what.startswith(said)


def test_a_moment_that_is_none_is_named_with_its_place():
    with pytest.raises(UsageError, match=r"s \[street\] start"):
        parse_street('[street]\nname = "Row"\nstart = "yesterday"\n' + HOME, "s")


def test_who_says_where_an_account_stands_has_one():
    with pytest.raises(UsageError, match="has an account, and is paid by bill") as refused:
        electricity(HOME + 'electricity = { account = "hub", price = "0.28" }\n')
    assert refused.value.remedy == 'Write mode = "prepay" with it.'
    street = '[electricity]\naccount = "hub"\nprice = "0.28"\n'
    assert electricity(street + HOME).prepaid_in is None, "the street's word is for whoever prepays"
