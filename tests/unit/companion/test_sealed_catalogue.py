"""The catalogue of use cases: what is in it, and what a catalogue must not say."""

from __future__ import annotations

import pytest

from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    CONFIRM_ANSWER,
    CounterClass,
    Role,
    SealedError,
    parse_catalogue,
)
from meterhouse.companion.sealed.gbz import Component, encode_components
from meterhouse.companion.sealed.zcl import ZclFrame
from meterhouse.model import ConfigurationError
from sealed_parties import CATALOGUE, change_supply

ROW = """
[[use_case]]
code = 0x0082
name = "Read"
roles = ["supplier"]
class = "read"
critical = false
effect = "nothing"
content = "gbz"
[[use_case.components]]
cluster = 0x0702
command = 0
general = true
limits = [{ name = "first", offset = 0, size = 2, least = 1, most = 9 }]
"""
STEP = """
[[use_case]]
code = 0x0052
name = "Read"
roles = ["supplier"]
class = "read"
critical = false
effect = "nothing"
content = "cosem"
[[use_case.steps]]
kind = "get"
class_id = 70
obis = "0-0:96.3.10.255"
index = 3
"""


def test_the_catalogue_holds_the_published_codes_and_no_remote_close():
    published = {0x0081, 0x0082, 0x0085, 0x0097, 0x0070, 0x00A3, 0x007C, 0x006E, 0x0050, 0x0051, 0x0052}
    assert {code for code in CATALOGUE if code < 0xF000} == published
    assert 0x004F not in CATALOGUE  # ECS42


def test_only_reads_and_tokens_do_without_a_signature():
    for use_case in CATALOGUE.values():
        assert use_case.critical or use_case.effect in {"nothing", "token"}
        if use_case.critical and use_case.effect != "order":
            counter_class = CounterClass.TIME if use_case.effect == "clock" else CounterClass.CRITICAL
            who = Role.CHANGE_OF_SUPPLIER if use_case.effect == "credentials" else Role.SUPPLIER
            assert (use_case.roles, use_case.counter_class) == (frozenset({who}), counter_class)


def test_only_the_confirm_service_answers_a_device_and_only_the_supplier_cancels_each_with_a_counter_of_its_own():
    answer, cancel = CATALOGUE[CONFIRM_ANSWER], CATALOGUE[CANCEL_ORDER]
    assert (answer.roles, answer.counter_class) == ({Role.CONFIRM}, CounterClass.CONFIRM)
    assert (cancel.roles, cancel.counter_class) == ({Role.SUPPLIER}, CounterClass.CANCEL)


def test_no_use_case_lets_a_supply_be_switched_on():
    for code in CATALOGUE:
        with pytest.raises(SealedError):
            CATALOGUE[code].check(change_supply(2))


def test_a_calorific_value_outside_its_limits_is_refused():
    def content(value: int) -> bytes:
        payload = bytes(8) + value.to_bytes(4, "little") + bytes((1, 0x10))
        return encode_components((Component(0x0700, ZclFrame(True, True, 1, 3, payload)),))

    CATALOGUE[0x007C].check(content(395))
    for value in (0, 299, 451, 3950, 0xFFFFFFFF):
        with pytest.raises(SealedError, match="calorific value"):
            CATALOGUE[0x007C].check(content(value))


def test_a_field_is_there_whole_or_the_message_is_refused():
    use_case = parse_catalogue(ROW)[0x0082]
    use_case.check(encode_components((Component(0x0702, ZclFrame(False, False, 0, 0, b"\x09\x00")),)))
    for payload in (b"\x09", b"\x0a\x00", b"\x00\x00", b""):
        with pytest.raises(SealedError, match="first"):
            use_case.check(encode_components((Component(0x0702, ZclFrame(False, False, 0, 0, payload)),)))


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (ROW, "code = 0x0082", "code = 0x10000"),
        (ROW, "code = 0x0082", "code = true"),
        (ROW, 'name = "Read"', 'name = ""'),
        (ROW, 'name = "Read"', 'name = "Read"\nnote = 1'),
        (ROW, '["supplier"]', "[]"),
        (ROW, '["supplier"]', '["landlord"]'),
        (ROW, 'class = "read"', 'class = "slow"'),
        (ROW, 'class = "read"', 'class = "critical"'),
        (ROW, "critical = false", "critical = true"),
        (ROW, "critical = false", "critical = 0"),
        (ROW, '"nothing"', '"supply"'),
        (ROW, '"nothing"', '"weather"'),
        (ROW, '"gbz"', '"cosem"'),
        (ROW, "general = true", 'general = "yes"'),
        (ROW, "general = true", "unknown = true"),
        (ROW, "size = 2", "size = 0"),
        (ROW, "size = 2", "size = 9"),
        (ROW, "least = 1", "least = 10"),
        (ROW, "offset = 0", "offset = -1"),
        (ROW, 'name = "first", ', ""),
        (ROW, "[[use_case.components]]\ncluster", "[use_case.components]\ncluster"),
        (STEP, '"get"', '"set"'),
        (STEP, '"get"', '"take"'),
        (STEP, '"0-0:96.3.10.255"', '"somewhere"'),
        (STEP, "index = 3", "index = 3\nlimits = 5"),
        (STEP, "class_id = 70", "class_id = -1"),
        (STEP, "[[use_case]]", "[[usecase]]"),
        (STEP, "[[use_case]]", "[[use_case"),
    ],
)
def test_a_wrong_catalogue_is_refused_whole(text, old, new):
    assert parse_catalogue(text)
    assert old in text
    with pytest.raises(ConfigurationError):
        parse_catalogue(text.replace(old, new, 1))


def test_a_code_stands_in_the_catalogue_once():
    with pytest.raises(ConfigurationError, match="twice"):
        parse_catalogue(ROW + ROW)
