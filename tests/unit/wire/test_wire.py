from __future__ import annotations

import pytest

from meterhouse.model import MalformedError
from meterhouse.protocols.wire import Reader, StreamBuffer


def test_a_reader_walks_once_and_never_past_the_end():
    reader = Reader(bytes.fromhex("01020304050607"))
    assert (reader.u8(), reader.big(2), reader.little(2), reader.remaining) == (1, 0x0203, 0x0504, 2)
    with pytest.raises(MalformedError, match="needs 3 bytes at offset 5"):
        reader.take(3)
    with pytest.raises(MalformedError, match="2 bytes after its end"):
        reader.finish()
    assert reader.rest() == b"\x06\x07"
    reader.finish()
    with pytest.raises(MalformedError, match="missing at offset 7"):
        reader.u8()


def test_a_reader_raises_the_error_of_its_protocol():
    class TelegramError(MalformedError):
        pass

    class Telegram(Reader):
        __slots__ = ()
        error = TelegramError

    with pytest.raises(TelegramError):
        Telegram(b"").take(1)


def test_a_buffer_gives_whole_pieces_only():
    buffer = StreamBuffer(10)
    buffer.feed(b"abc")
    assert (buffer.peek(4), buffer.take(4), len(buffer)) == (None, None, 3)
    buffer.feed(b"def")
    assert (buffer.peek(2, 1), buffer.find(b"de"), buffer.take(4), buffer.take(2)) == (b"bc", 3, b"abcd", b"ef")


def test_a_buffer_is_bounded_and_empty_after_an_overflow():
    buffer = StreamBuffer(4)
    buffer.feed(b"abcd")
    with pytest.raises(MalformedError, match="more than 4 bytes"):
        buffer.feed(b"e")
    assert len(buffer) == 0
    buffer.feed(b"f")
    buffer.clear()
    assert buffer.peek(1) is None
