"""What others wrote cannot steer a reader's terminal, is of bounded length, and what people give is held to that."""

from __future__ import annotations

import io
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.trust_office import Office

from meterhouse.cli import talk
from meterhouse.cli.order import _tell
from meterhouse.model import LONGEST_SAID, Event, Instant, NotFoundError, UsageError, plain, said
from meterhouse.store import StaffKeys
from meterhouse.supplier.trust import Duty

EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\n\r\x9b31m"


def harmless(text: str) -> bool:
    return not [one for one in text if unicodedata.category(one) in {"Cc", "Zl", "Zp", "Cs"} or one in "\u202e\u2066"]


@given(st.text())
def test_what_is_shown_is_one_harmless_line_of_bounded_length(text: str):
    shown = plain(text, 50)
    assert harmless(shown)
    assert len(shown) <= 50
    assert plain(shown, 50) == shown


def test_words_of_any_script_are_shown_as_they_are():
    for text in ("unbezahlt seit neunzig Tagen", "ödeme yapılmadı", "پرداخت نمی\u200cشود", "未払い", "अवैतनिक क्\u200dष"):
        assert plain(text) == text == said(text, "reason")


@pytest.mark.parametrize("text", [EVIL, "a\nb", "x" * (LONGEST_SAID + 1), "\ud800", "\u2028"])
def test_nobody_gives_a_reason_or_takes_a_name_that_cannot_be_shown(text: str, tmp_path: Path):
    for field in ("reason", "evidence"):
        with pytest.raises(UsageError, match=r"letters|cannot be shown"):
            Office().request(**{field: f"a{text}."})
    with pytest.raises(UsageError):
        StaffKeys(tmp_path / "staff.json").add(f"a{text}.", [Duty.OPERATOR], "a passphrase")
    assert not (tmp_path / "staff.json").exists()


def test_an_order_that_is_hostile_all_the_same_is_listed_as_one_harmless_line(capsys: pytest.CaptureFixture[str]):
    hostile = replace(Office().raised(), reason=EVIL * 1_000, why=EVIL, home=EVIL)
    _tell(hostile, json=False)
    out = capsys.readouterr().out
    assert harmless(out.rstrip("\n"))
    assert len(out) < 2_500
    _tell(hostile, json=True)
    assert "\x1b" not in capsys.readouterr().out


def test_an_error_and_an_event_likewise(monkeypatch: pytest.MonkeyPatch):
    written = io.StringIO()
    monkeypatch.setattr(talk, "say", Console(file=written, highlight=False, markup=False, soft_wrap=True))

    @talk.spoken
    def verb() -> None:
        raise NotFoundError(f"there is no order {EVIL}", why="[red]no[/red]")

    with pytest.raises(BaseException, match="3"):
        verb()
    assert harmless(written.getvalue().rstrip("\n"))
    assert "[red]no[/red]" in written.getvalue()
    assert harmless(Event(Instant(0), "hub", "told", {"text": EVIL}).line())
