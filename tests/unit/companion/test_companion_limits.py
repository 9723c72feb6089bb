"""One file of limits for counter, signing daemon, carrier and device; from afar it only gets narrower."""

from __future__ import annotations

from importlib.resources import files

import pytest

from meterhouse.app.use_cases import own_catalogue, own_limits
from meterhouse.companion.limits import FieldRange, Tightening, parse_field_limits, sign_tightening
from meterhouse.companion.sealed import Component, SealedError, ZclFrame, encode_components
from meterhouse.crypto import P256, KeyPair
from meterhouse.model import AuthenticationError, ConfigurationError, PolicyError
from meterhouse.store import read_limits
from meterhouse.supplier.vending import parse_limits

OFFICER = KeyPair(P256, b"\3" * 32)
OFFICERS = {"Uma": OFFICER.public}
TEXT = files("meterhouse.companion").joinpath("limits.toml").read_text(encoding="utf-8")


def calorific(value: int) -> bytes:
    payload = bytes(8) + value.to_bytes(4, "little") + bytes((1, 0x10))
    return encode_components((Component(0x0700, ZclFrame(True, True, 0, 0x03, payload)),))


def change(least: int, most: int, *, name: str = "calorific-value", who: str = "Uma", pair: KeyPair = OFFICER):
    to = FieldRange(least, most)
    return Tightening(name, to, who, sign_tightening(pair, name, to))


def test_counter_and_catalogue_read_one_file():
    assert parse_limits(TEXT) == read_limits()
    assert own_limits().of("calorific-value") == FieldRange(300, 450)
    ranges = [
        (limit.least, limit.most)
        for use_case in own_catalogue().values()
        for rule in (*use_case.components, *use_case.steps)
        for limit in rule.limits
    ]
    for name, held in own_limits().fields.items():
        assert (held.least, held.most) in ranges, f"{name} is read by nobody"


def test_a_limit_that_the_catalogue_names_and_the_file_has_not_is_told():
    with pytest.raises(ConfigurationError, match="no limit"):
        own_catalogue(parse_field_limits(""))


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "fields = 1",
        "[fields.a]\nleast = 1",
        "[fields.a]\nleast = 2\nmost = 1",
        "[fields.a]\nleast = 1.5\nmost = 2",
    ],
)
def test_a_limits_file_that_is_none_is_refused_in_one_way(text):
    with pytest.raises(ConfigurationError):
        parse_field_limits(text)


def test_a_limit_is_tightened_by_an_officers_word_and_what_was_allowed_is_refused():
    limits = own_limits().tightened(change(350, 420), OFFICERS)
    own_catalogue()[0x007C].check(calorific(430))
    with pytest.raises(SealedError):
        own_catalogue(limits)[0x007C].check(calorific(430))
    own_catalogue(limits)[0x007C].check(calorific(390))


@pytest.mark.parametrize("wider", [(299, 450), (300, 451), (0, 1 << 62), (420, 350), (500, 600)])
def test_no_word_loosens_a_limit(wider):
    with pytest.raises(PolicyError, match="not loosened"):
        own_limits().tightened(change(*wider), OFFICERS)


def test_a_tightened_limit_does_not_come_back_by_an_older_word():
    old = change(310, 440)
    limits = own_limits().tightened(old, OFFICERS).tightened(change(350, 420), OFFICERS)
    with pytest.raises(PolicyError):
        limits.tightened(old, OFFICERS)


def test_only_an_officers_own_word_counts():
    thief = KeyPair(P256, b"\4" * 32)
    with pytest.raises(AuthenticationError):
        own_limits().tightened(change(350, 420, pair=thief), OFFICERS)
    with pytest.raises(PolicyError):
        own_limits().tightened(change(350, 420, who="Ann"), OFFICERS)
    with pytest.raises(ConfigurationError):
        own_limits().tightened(change(1, 2, name="nothing"), OFFICERS)
