"""The identification card of a meter: a record as a security module's own client gives it, and the stripe's form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.model import UsageError, parse_instant
from meterhouse.protocols.sts import EncryptionAlgorithm, IdRecord, MeterPan

FOUND = "00000260060135803400000207999907012"
"""Out of a public client of a security module: supply group 999907, tariff index 1, key revision 2, never expires."""


def test_a_record_of_a_security_module_s_client_is_read_and_written_again():
    record = IdRecord.parse(FOUND)
    assert record == IdRecord(MeterPan("000002600601358034"), None, 2, EncryptionAlgorithm.EA07, "999907", 1, 2)
    assert record.digits == FOUND
    assert IdRecord.parse(f";{record.stripe}?") == record
    assert record.stripe == "000002600601358034===0207999907012"


@pytest.mark.parametrize(
    ("month", "good", "over"),
    [
        ("2612", "2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"),
        ("9312", "1993-11-30T23:59:59Z", "1993-12-01T00:00:00Z"),
        ("9212", "2092-11-30T23:59:59Z", "2092-12-01T00:00:00Z"),
    ],
)
def test_a_card_is_no_longer_good_from_the_first_of_the_month_on_it(month, good, over):
    record = IdRecord.parse(f"600727000000000009={month}=0211123457011")
    assert not record.expired(parse_instant(good))
    assert record.expired(parse_instant(over))


@pytest.mark.parametrize(
    "text",
    [
        "",
        FOUND[:-1],
        FOUND + "0",
        FOUND.replace("0", "٠"),
        "600727000000000001=2612=0211123457011",  # check digit
        "600727000000000009=2613=0211123457011",  # no such month
        "600727000000000009=2612=0212123457011",  # no such algorithm
        "600727000000000009=2612=0211123457010",  # key revision 0
        "600727000000000009==0211123457011",
    ],
)
def test_what_is_no_record_is_one_error(text):
    with pytest.raises(UsageError):
        IdRecord.parse(text)


@given(st.text(st.sampled_from("0123456789=;? "), max_size=45))
def test_any_text_is_a_record_or_one_error(text):
    try:
        record = IdRecord.parse(text)
    except UsageError:
        return
    assert IdRecord.parse(record.digits) == IdRecord.parse(record.stripe) == record
