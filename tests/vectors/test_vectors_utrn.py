"""Every published UTRN at hand, made and taken: Smart DCC's test keys (F1), and our own keys (F2)."""

from __future__ import annotations

from hashlib import sha256

import pytest

from meterhouse.companion.utrn import (
    Utrn,
    UtrnError,
    UtrnKey,
    UtrnReader,
    UtrnRefusal,
    UtrnValue,
    ValueClass,
    check_digit,
    check_digit_is_right,
    make_utrn,
)
from meterhouse.crypto import P256, KeyPair, shared_secret
from meterhouse.model import Eui64, UsageError

F1_SECRET = bytes.fromhex("5c00001ae96494fedfd740c4679d346e913d89b978beeff76577be69c92bf3ce")
F2_SECRET = bytes.fromhex("ba71a98eff8271a233e4d57d72c7683c3f8f44b06b98bebdb8cb86e064a3562f")
F1 = UtrnKey(F1_SECRET, Eui64.parse("90B3D51F30010000"), Eui64.parse("00DB1234567890A0"))
F2 = UtrnKey(F2_SECRET, Eui64.parse("0011223344556677"), Eui64.parse("8899AABBCCDDEEFF"))
F2_OTHER = UtrnKey(F2_SECRET, F2.originator, Eui64.parse("8899AABBCCDDEEFE"))
PENCE, POUNDS = ValueClass.HUNDREDTHS, ValueClass.WHOLE

CODES = [
    (F1, 0x1, POUNDS, 100, "d81b0d6d51ca60b"[-8:], "73943333457189043313"),
    (F1, 0x4, PENCE, 1234, "3855d663", "73947252416745201637"),
    (F2, 0x1, PENCE, 1000, "0cb5a3fa", "73943020234551879622"),
    (F2, 0x2, PENCE, 8191, "d24293e5", "73944736493677168377"),
    (F2, 0x3FF, POUNDS, 20, "d3138f70", "75381667151865158241"),
    (F2, 0x400, POUNDS, 20, "495cad7e", "73941922622885512946"),
    (F2, 0x5F5E1000, PENCE, 0, "0c07d207", "73941569909881451595"),
    (F2, 0x65920080, PENCE, 1250, "ceb1e21f6"[-8:], "74121767619495285668"),
    (F2_OTHER, 0x1, PENCE, 1000, "61fb7b32", "73943020248858284023"),
]


def test_the_agreed_secret_of_the_own_test_keys_is_the_published_one():
    supplier = KeyPair(P256, sha256(b"openmeter supplier pp-ka test key 1").digest())
    device = KeyPair(P256, sha256(b"openmeter device ka test key 1").digest())
    assert shared_secret(supplier, device.public) == shared_secret(device, supplier.public) == F2_SECRET


@pytest.mark.parametrize(("key", "counter", "value_class", "count", "mac", "digits"), CODES)
def test_codes_are_made_and_taken(key, counter, value_class, count, mac, digits):
    value = UtrnValue(value_class, count)
    code = make_utrn(key, counter, value)
    assert code.digits == digits
    assert code.mac.hex() == mac
    assert Utrn.parse(digits) == code
    reader = UtrnReader(key, first_counter=counter - 1)
    result = reader.enter(digits)
    assert (result.refusal, result.money5, result.counter) == (None, value.money5, counter)
    assert reader.enter(digits).refusal is UtrnRefusal.DUPLICATE


def test_the_counter_wraps_in_the_code_and_not_in_the_device():
    reader = UtrnReader(F2, first_counter=0x3FE)
    assert reader.enter("75381667151865158241").counter == 0x3FF
    assert reader.enter("73941922622885512946").counter == 0x400


def test_a_code_for_another_meter_is_not_authentic():
    assert UtrnReader(F2).enter("73943020248858284023").refusal is UtrnRefusal.NOT_AUTHENTIC
    assert UtrnReader(F2_OTHER).enter("73943020234551879622").refusal is UtrnRefusal.NOT_AUTHENTIC


VALID_CHECK_DIGITS = [
    "73943333457189043313",
    "74301825837596672005",
    "73946144332040217315",
    "73947252416745201637",
    "73942983744751930738",
    *(digits for *_, digits in CODES),
]


@pytest.mark.parametrize("digits", VALID_CHECK_DIGITS)
def test_published_check_digits_are_right_and_every_slip_of_one_finger_is_found(digits):
    assert check_digit_is_right(digits)
    assert check_digit(digits[:-1]) == int(digits[-1])
    for place, digit in enumerate(digits):
        for other in set("0123456789") - {digit}:
            assert not check_digit_is_right(digits[:place] + other + digits[place + 1 :])
    for place in range(len(digits) - 1):
        left, right = digits[place], digits[place + 1]
        if left != right:
            assert not check_digit_is_right(digits[:place] + right + left + digits[place + 2 :])


@pytest.mark.parametrize(
    ("digits", "refusal"),
    [
        ("73950678871051786050", UtrnRefusal.MISTYPED),
        ("73941656880950804845", UtrnRefusal.MISTYPED),
        ("74301825837596672005", UtrnRefusal.NOT_FOR_THIS_DEVICE),
        ("7394333345718904331", UtrnRefusal.INCOMPLETE),
        ("739433334571890433133", UtrnRefusal.INCOMPLETE),
        ("7394333345718904331x", UtrnRefusal.INCOMPLETE),
        ("٧" * 20, UtrnRefusal.INCOMPLETE),
    ],
)
def test_published_codes_that_are_none_are_refused(digits, refusal):
    with pytest.raises(UtrnError) as refused:
        Utrn.parse(digits)
    assert refused.value.refusal is refusal


@pytest.mark.parametrize("body", ["7349485906917972833", "1234567891012131415", "9699999999999999999"])
def test_what_is_out_of_range_is_refused_even_with_a_right_check_digit(body):
    with pytest.raises(UtrnError) as refused:
        Utrn.parse(f"{body}{check_digit(body)}")
    assert refused.value.refusal is UtrnRefusal.NOT_FOR_THIS_DEVICE


def test_the_published_errors_below_the_base_are_refused():
    for digits in ("73494859069179728333", "12345678910121314156"):
        with pytest.raises(UtrnError):
            Utrn.parse(digits)


def test_the_range_of_codes_is_the_published_one():
    lowest, highest = 7394156990786306048, 7538272178862161919
    assert Utrn.parse(f"{lowest}{check_digit(str(lowest))}") == Utrn(0, UtrnValue(PENCE, 0), bytes(4))
    top = Utrn(1023, UtrnValue(POUNDS, 8191), b"\xff" * 4)
    assert int(top.digits[:-1]) <= highest
    for outside in (lowest - 1, highest + 1):
        with pytest.raises(UtrnError):
            Utrn.parse(f"{outside}{check_digit(str(outside))}")


@pytest.mark.parametrize("count", [-1, 8192])
def test_a_value_that_13_bits_cannot_tell_is_never_made(count):
    with pytest.raises(UsageError):
        UtrnValue(PENCE, count)
