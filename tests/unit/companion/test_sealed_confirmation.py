"""What device, confirm service and supplier tell each other about a cut: one layout, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.companion.sealed import (
    CONFIRM_ANSWER,
    CONFIRM_QUERY,
    ORDER_RESULT,
    ConfirmAnswer,
    ConfirmQuery,
    Hindrance,
    OrderReply,
    OrderResult,
    Outcome,
    SealedError,
    Standing,
    decode_alert_head,
    decode_cancel,
    encode_cancel,
)
from meterhouse.model import Instant, UsageError
from sealed_parties import CATALOGUE, NOW

NONCE, ORDER, BOOT = bytes(range(16)), bytes(range(32)), bytes(range(8))


def query(**changes) -> ConfirmQuery:
    told = {"switch": 1, "balance": -250_000, "load": 3_150, "last_vend": Instant(NOW - 1), "boot": BOOT}
    return ConfirmQuery(**({"at": NOW, "nonce": NONCE, "order": ORDER} | told | changes))


def test_a_query_has_the_layout_that_its_module_tells():
    content = query().encode()
    assert content[:5] == bytes.fromhex("010900F010")
    assert content[9:57] == NONCE + ORDER
    assert (
        content[57:]
        == b"\x01"
        + (-250_000).to_bytes(8, "big", signed=True)
        + (3_150).to_bytes(4, "big")
        + (NOW - 1).to_bytes(8, "big")
        + BOOT
    )
    assert ConfirmQuery.decode(content) == query()
    assert decode_alert_head(content)[0].code == CONFIRM_QUERY


def test_what_a_device_does_not_keep_it_does_not_tell():
    assert ConfirmQuery.decode(query(balance=None, last_vend=None).encode()) == query(balance=None, last_vend=None)


def test_answer_result_reply_and_cancel_come_back_as_they_were():
    for yes, reason in ((True, 0), (False, 7)):
        answer = ConfirmAnswer(NONCE, ORDER, yes, reason)
        CATALOGUE[CONFIRM_ANSWER].check(answer.encode())
        assert ConfirmAnswer.decode(answer.encode()) == answer
    for outcome in Outcome:
        result = OrderResult(NOW, ORDER, outcome, 0, Hindrance.TOO_OFTEN)
        assert OrderResult.decode(result.encode()) == result
        assert decode_alert_head(result.encode())[0].code == ORDER_RESULT
    for standing in Standing:
        for hindrance in Hindrance:
            reply = OrderReply(standing, hindrance)
            assert OrderReply.decode(reply.encode()) == reply
    assert decode_cancel(encode_cancel(ORDER)) == ORDER


def test_a_verdict_is_yes_or_no_and_nothing_between():
    content = ConfirmAnswer(NONCE, ORDER, yes=True).encode()
    with pytest.raises(SealedError, match="verdict 2"):
        ConfirmAnswer.decode(content[:-2] + b"\x02\x00")
    with pytest.raises(SealedError):
        CATALOGUE[CONFIRM_ANSWER].check(content[:-2] + b"\x02\x00")


def test_wrong_lengths_and_unknown_numbers_are_refused():
    for content, decode in (
        (query().encode(), ConfirmQuery.decode),
        (OrderResult(NOW, ORDER, Outcome.OPENED, 0).encode(), OrderResult.decode),
        (ConfirmAnswer(NONCE, ORDER, yes=False).encode(), ConfirmAnswer.decode),
        (OrderReply(Standing.DONE).encode(), OrderReply.decode),
        (encode_cancel(ORDER), decode_cancel),
    ):
        for cut in range(len(content)):
            with pytest.raises(SealedError):
                decode(content[:cut])
        with pytest.raises(SealedError):
            decode(content + b"\x00")
    with pytest.raises(SealedError, match="outcome"):
        OrderResult.decode(OrderResult(NOW, ORDER, 99, 0).encode())  # type: ignore[arg-type]


def test_one_word_is_never_taken_for_another():
    words = [
        (query().encode(), ConfirmQuery.decode),
        (OrderResult(NOW, ORDER, Outcome.OPENED, 0).encode(), OrderResult.decode),
        (ConfirmAnswer(NONCE, ORDER, yes=False).encode(), ConfirmAnswer.decode),
        (OrderReply(Standing.DONE).encode(), OrderReply.decode),
        (encode_cancel(ORDER), decode_cancel),
    ]
    for content, _ in words:
        for other, decode in words:
            if other is not content:
                with pytest.raises(SealedError):
                    decode(content)


@pytest.mark.parametrize("changes", [{"nonce": b"short"}, {"order": b""}, {"boot": bytes(9)}, {"load": 1 << 32}])
def test_what_does_not_fit_is_never_composed(changes: dict):
    with pytest.raises(UsageError):
        query(**changes).encode()


@given(st.binary(max_size=140))
def test_any_bytes_are_a_word_or_a_sealed_error(octets: bytes):
    for decode in (ConfirmQuery.decode, OrderResult.decode, ConfirmAnswer.decode, OrderReply.decode, decode_cancel):
        with pytest.raises(SealedError):
            decode(octets)
