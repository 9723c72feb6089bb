"""The JSON documents of what people read on a home's displays and carry by hand between hub and gas meter."""

from __future__ import annotations

from pydantic import BaseModel, Field

from meterhouse.app.desk import DisplayView, HandAnswer

__all__ = ["CodeOrder", "DisplayDocument", "DisplayLineDocument", "HandDocument", "ReadingOrder"]


class DisplayLineDocument(BaseModel, frozen=True):
    """One line of a display."""

    name: str
    value: str
    warns: bool = Field(description="whether it calls for attention")


class DisplayDocument(BaseModel, frozen=True):
    """What stands on one display in the home."""

    title: str
    lines: list[DisplayLineDocument]

    @classmethod
    def of(cls, view: DisplayView) -> DisplayDocument:
        """The document of a display."""
        lines = [DisplayLineDocument(name=name, value=value, warns=warns) for name, value, warns in view.lines]
        return cls(title=view.title, lines=lines)


class ReadingOrder(BaseModel, frozen=True, extra="forbid"):
    """A gas meter's reading and its check digits, as its display shows them."""

    register_litres: int = Field(ge=0, le=99_999_999)
    check_digits: str = Field(pattern="^[0-9]{6}$")


class CodeOrder(BaseModel, frozen=True, extra="forbid"):
    """A code for the gas meter."""

    code: str = Field(min_length=1, max_length=64)


class HandDocument(BaseModel, frozen=True):
    """What hub or gas meter said. A refusal is an answer, not an error."""

    accepted: bool
    said: str
    code: str | None = Field(description="ten digits, where one was asked for")

    @classmethod
    def of(cls, answer: HandAnswer) -> HandDocument:
        """The document of an answer."""
        return cls(accepted=answer.accepted, said=answer.said, code=answer.code or None)
