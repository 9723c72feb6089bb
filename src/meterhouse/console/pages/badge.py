"""Small marks that several pages draw: an icon with its word, and a named value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nicegui import ui

from meterhouse.console.problem import problem_of
from meterhouse.console.views import Fact, Outcome, Tone
from meterhouse.model import MeterhouseError

__all__ = ["Badge", "FactGrid", "OutcomeLine"]


class _Mark(Protocol):
    """What a badge shows: any view that has an icon, a word and a tone."""

    @property
    def icon(self) -> str: ...
    @property
    def word(self) -> str: ...
    @property
    def tone(self) -> Tone: ...


class Badge:
    """An icon and a word; the tone only repeats what they say."""

    def __init__(self, mark: _Mark) -> None:
        self._shown = mark
        with ui.element("span").classes(f"mh-badge mh-{mark.tone}") as self._root:
            self._icon = ui.icon(mark.icon)
            self._word = ui.label(mark.word)

    def show(self, mark: _Mark) -> None:
        """Draw another mark in its place."""
        if mark == self._shown:
            return
        self._shown = mark
        self._root.classes(replace=f"mh-badge mh-{mark.tone}")
        self._icon.name = mark.icon
        self._word.text = mark.word


class FactGrid:
    """Named values in a grid; redrawn in place while the names stay the same."""

    def __init__(self) -> None:
        self._root = ui.element("dl").classes("mh-facts")
        self._shown: tuple[Fact, ...] = ()
        self._labels: list[tuple[ui.label, ui.label]] = []

    def show(self, facts: Sequence[Fact]) -> None:
        """Draw `facts` in order."""
        fresh = tuple(facts)
        if [(fact.name, fact.tone) for fact in fresh] != [(fact.name, fact.tone) for fact in self._shown]:
            self._rebuild(fresh)
        for fact, (value, hint) in zip(fresh, self._labels, strict=True):
            value.text = fact.value
            hint.text = fact.hint
        self._shown = fresh

    def _rebuild(self, facts: tuple[Fact, ...]) -> None:
        self._root.clear()
        self._labels = []
        with self._root:
            for fact in facts:
                with ui.element("div").classes(f"mh-fact mh-{fact.tone}"):
                    with ui.element("dt"):
                        ui.label(fact.name)
                    with ui.element("dd"):
                        value = ui.label(fact.value).classes("mh-value")
                        self._labels.append((value, ui.label(fact.hint).classes("mh-hint")))


class OutcomeLine:
    """What became of the last act; empty until there was one. Read aloud by screen readers when it changes."""

    def __init__(self, mark: str) -> None:
        self._root = ui.element("div").classes("mh-outcomes").props('role="status" aria-live="polite"').mark(mark)

    def show(self, outcome: Outcome) -> None:
        """Draw an outcome instead of the last one."""
        self._root.clear()
        with self._root, ui.element("div").classes(f"mh-outcome mh-{outcome.tone}"):
            ui.icon(outcome.icon)
            with ui.element("div"):
                ui.label(outcome.said).classes("mh-said")
                if outcome.next_step:
                    ui.label(outcome.next_step)

    def show_error(self, error: MeterhouseError) -> None:
        """Draw a refusal, with the same why and next step that the API gives."""
        problem = problem_of(error)
        self.show(Outcome(problem.detail, f"{problem.why} {problem.next}", "cancel", Tone.BAD))

    def clear(self) -> None:
        """Forget it."""
        self._root.clear()
