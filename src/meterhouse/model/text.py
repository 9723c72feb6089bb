"""Texts that somebody else wrote: what may be kept, and how they are shown."""

from __future__ import annotations

from typing import Final

from meterhouse.model.errors import UsageError

__all__ = ["LONGEST_SAID", "plain", "said"]

LONGEST_SAID: Final = 500
"""Letters of one text that a person gives, such as a reason."""
_LONGEST_SHOWN: Final = 2_000
_JOINERS: Final = frozenset("\u200c\u200d")
"""No glyphs themselves, but letters of some scripts don't stand as they must without them."""
_INSTEAD: Final = "\ufffd"


def plain(text: str, most: int = _LONGEST_SHOWN) -> str:
    """The text as one line without anything that a terminal would obey or a reader be misled by, of `most` letters.

    Control characters, line ends and marks that turn the direction of writing each become U+FFFD.
    """
    if len(text) > most:
        text = text[: most - 1] + "\u2026"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in _JOINERS else _INSTEAD for one in text)


def said(text: str, what: str, most: int = LONGEST_SAID) -> str:
    """A text that a person gives to be kept, without the space around it.

    Args:
        text: what was given.
        what: its name, for the error.
        most: letters.

    Raises:
        UsageError: it is longer, or holds what nobody types.
    """
    text = text.strip()
    if len(text) > most:
        raise UsageError(f"{what} has {len(text)} letters", remedy=f"Say it in {most} at most.")
    if plain(text, most) != text:
        raise UsageError(f"{what} holds characters that cannot be shown", remedy="Write it in one line of plain text.")
    return text
