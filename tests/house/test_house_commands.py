"""Every command that a page shows is one that the command line takes: its verbs, options and arguments."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from meterhouse.cli import app
from tools import house

BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?meterhouse +(.*)$", re.MULTILINE)
NAMED = re.compile(r"`(?:\.venv/bin/)?meterhouse +([^`\n]*)`")
COMMAND = typer.main.get_command(app)


def shown(text: str) -> list[str]:
    """The commands in the shell blocks of a page; one that goes on with a backslash is one."""
    joined = [block.replace("\\\n", " ") for block in BLOCK.findall(text)]
    return [line for block in joined for line in LINE.findall(block)]


def refusal(line: str) -> str:
    """What the command line says against it; nothing runs."""
    words = shlex.split(re.split(r" [|>&] ?", line)[0], comments=True)
    command, context = COMMAND, COMMAND.context_class(COMMAND, info_name="meterhouse")
    try:
        while isinstance(command, typer.core.TyperGroup):
            if not words:
                return "no verb"
            _, found, words = command.resolve_command(context, words)
            assert found is not None
            command, context = found, found.context_class(found, parent=context, info_name=found.name)
        command.make_context(command.name, words, parent=context.parent)
    except typer.TyperException as error:
        missing = isinstance(error, typer.BadParameter) and "does not exist" in error.format_message()
        return "" if missing else error.format_message()
    return ""


def unknown(line: str) -> str:
    """What the command line says against the verb or an option of a command that a sentence names, perhaps not whole."""
    said = refusal(line.replace("…", ""))
    return "" if said == "no verb" or said.startswith("Missing ") or "requires an argument" in said else said


def pages() -> list[tuple[str, str]]:
    """Each page by its name, with its text."""
    files = [path for path in house.tracked() if path.suffix == ".md"]
    return [(str(path.relative_to(house.ROOT)), path.read_text(encoding="utf-8")) for path in files]


COMMANDS = {f"{name}: {line}": line for name, text in pages() for line in shown(text)}
WORDS = {f"{name}: {line}": line for name, text in pages() for line in NAMED.findall(text)}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_a_command_of_a_page_is_one_that_there_is(line: str) -> None:
    assert refusal(line) == ""


@pytest.mark.parametrize("line", WORDS.values(), ids=WORDS)
def test_a_command_that_a_sentence_names_is_one_that_there_is(line: str) -> None:
    assert unknown(line) == ""


@pytest.mark.parametrize(
    "line", ["sell 20", "up --street FILE", "order show", "trust", "usage --data here", "version now"]
)
def test_a_command_that_there_is_not_is_seen(line: str) -> None:
    assert refusal(line)


@pytest.mark.parametrize("line", ["sell", "up --street FILE", "order look", "vend … --web"])
def test_a_word_that_there_is_not_is_seen(line: str) -> None:
    assert unknown(line)


def test_the_pages_show_commands() -> None:
    assert len(COMMANDS) > 50
    assert len(WORDS) > 20
    assert any(Path(page.split(":")[0]).name == "README.md" for page in COMMANDS)
