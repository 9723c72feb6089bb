"""No text that a person can be shown calls an open switch or a closed valve an isolation, or safe (S0-50).

The texts are the command line's help, every literal of the product, every name that is shown as a word, the API's
schema, and all pages. A word of the list stands only in a sentence that denies it, or in one that tells of the physical
work of a visit and names neither switch nor valve.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from fakes.street_desk import StreetDesk
from meterhouse.cli import app
from meterhouse.console.api import build_api
from meterhouse.console.views import Tone
from meterhouse.console.views.supply_badge import _BADGES
from tools import house

FORBIDDEN = re.compile(
    r"""(?<![\w/])(
      isolat\w* | unsafe\w* | safe(ly|ty|r|st|guard\w*)? | dead | de-?energi[sz]\w* | un-?energi[sz]\w*
    | (free\sof\s|no\s|zero\s|without\s)volt(age|s)? | volt(age)?[-\s]free | potential-?free | not\slive | no\slonger\slive
    | (fully|completely|securely)\s(disconnected|separated|off) | made\ssecure | locked[-\s](off|out) | lock-?out
    | harmless | danger-?free | (without|no)\sdanger | earthed | grounded
    )(?!\w)""",
    re.VERBOSE | re.IGNORECASE,
)
SWITCH = re.compile(
    r"\b(switch\w*|valves?|contactors?|supply (is|was) (off|cut|open)|armed|disarmed|(cut|turned|switched) off)\b",
    re.IGNORECASE,
)
THING = re.compile(
    r"\b(meters?|suppl(y|ies)|circuits?|installations?|wir(e|es|ing)|conductors?|electric\w*|gas|work\w*|touch\w*)\b",
    re.IGNORECASE,
)
"""What somebody could lay hands on; a word of the list about anything else is no business of this law."""
ALWAYS = re.compile(r"isolat|energi|volt|live|earthed|grounded", re.IGNORECASE)
LABEL = 4
"""A text of so few words is a label: nobody sees what it is about."""
PHYSICAL = re.compile(
    r"physical|separat|tester|proved|cut-out[- ]fuse|locked-isolator|isolator locked off|isolates and proves",
    re.IGNORECASE,
)
DENIALS = (
    "An open switch or a closed valve of a meter is no isolation",
    "An open switch is no isolation",
    "A switch is no isolation",
    "a meter's switch never counts",
    "is no isolator: nobody may work behind it",
)
"""The only words in which both may stand in one sentence."""
OF_OTHER_THINGS = (
    "the network is never locked out",
    "a harmless order at commissioning",
    "token is dead",
)
"""Words of the list about something that nobody touches with their hands."""
NAMES = frozenset(
    {"isolation", "Isolation", "visit-isolate", "isolate", "--proved-dead", "ISOLATED", "LOCKED_ISOLATOR", "LOCKED_OUT"}
)
"""Names of fields, marks and verbs of the workflow, and of a keypad that takes no more tokens: no sentences."""
WELL = re.compile(r"shield|gpp_|verified|health_and_safety|check|done|task_alt|thumb_up|lock")
"""Icons that say that all is well."""


def complaints(text: str) -> list[str]:
    """The sentences of a text that may not stand."""
    if text.strip() in NAMES:
        return []
    found = []
    for sentence in re.split(r"(?<=[.!?])\**\s+|\n\s*\n|\n\s*[*|#>-]\s", text.replace("**", "")):
        plain = " ".join(sentence.split())
        words = FORBIDDEN.search(plain)
        if words is None or any(each.lower() in plain.lower() for each in (*DENIALS, *OF_OTHER_THINGS)):
            continue
        ours = ALWAYS.search(words[0]) or SWITCH.search(plain) or THING.search(plain) or len(plain.split()) <= LABEL
        if ours and (SWITCH.search(plain) or not PHYSICAL.search(plain)):
            found.append(f"'{words[0]}' in: {plain[:160]}")
    return found


def literals(tree: ast.Module) -> Iterator[str]:
    """What a module can say: its literals without its docstrings, and the names of its enumerations' members."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, owners) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (str(part.value) if isinstance(part, ast.Constant) else " … " for part in node.values)
            yield "".join(parts)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value
        elif isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
            for each in node.body:
                if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
                    yield each.targets[0].id if each.targets[0].id in NAMES else each.targets[0].id.replace("_", " ")


def helps(command: object) -> Iterator[str]:
    """The help of a command, of its options, and of all below it."""
    yield str(getattr(command, "help", "") or "")
    for parameter in getattr(command, "params", ()):
        yield str(getattr(parameter, "help", "") or "")
    for below in command.commands.values() if isinstance(command, TyperGroup) else ():
        yield from helps(below)


def told(document: object) -> Iterator[str]:
    """Every text in a JSON document, names of fields too."""
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for name, value in document.items():
            yield str(name).replace("_", " ")
            yield from told(value)
    elif isinstance(document, list):
        for value in document:
            yield from told(value)


@pytest.mark.requirement("S0-50")
def test_no_literal_of_the_product_calls_a_switch_an_isolation():
    bad = [
        f"{path.relative_to(house.SOURCE)}: {each}"
        for path in house.sources()
        for text in literals(house.tree(path))
        if "CREATE TABLE" not in text
        for each in complaints(text)
    ]
    assert not bad, "Say it otherwise: the meter's switch is no isolation, and nothing else may be taken for one."


@pytest.mark.requirement("S0-50")
def test_no_help_of_the_command_line_calls_a_switch_an_isolation():
    texts = list(helps(typer.main.get_command(app)))
    assert sum(map(bool, texts)) > 100
    assert not [each for text in texts for each in complaints(text)]


@pytest.mark.requirement("S0-50")
def test_nothing_in_the_apis_schema_calls_a_switch_an_isolation():
    texts = list(told(json.loads(json.dumps(build_api(StreetDesk()).openapi()))))
    assert any("armed: a hand on the spot may restore it" in text for text in texts)
    assert not [each for text in texts for each in complaints(text)]


@pytest.mark.requirement("S0-50")
def test_no_page_and_no_example_calls_a_switch_an_isolation():
    pages = [
        path
        for path in house.tracked()
        if path.suffix in {".md", ".toml", ".css", ".html", ".js"} and path.relative_to(house.ROOT).parts[0] != "tests"
    ]
    assert len(pages) > 20
    index = house.ROOT / "docs" / "requirements-index.txt"
    bad = [
        f"{path.relative_to(house.ROOT)}: {each}"
        for path in pages
        if path != index
        for each in complaints(path.read_text(encoding="utf-8"))
    ]
    assert not bad, "Say it otherwise: the meter's switch is no isolation, and nothing else may be taken for one."


@pytest.mark.requirement("S0-50")
def test_the_mark_of_a_supply_that_is_not_on_never_says_that_all_is_well():
    for supply, badge in _BADGES.items():
        if supply.value != "on":
            assert badge.tone is not Tone.GOOD
            assert not WELL.search(badge.icon)


@pytest.mark.requirement("S0-50")
@pytest.mark.parametrize(
    "words",
    [
        "The supply is isolated.",
        "Switch open: safe to work.",
        "Valve closed (isolation).",
        "The meter is dead.",
        "De-energised by order W000001",
        "The circuit is voltage-free.",
        "The switch is locked off and the supply is physically isolated.",
        "The valve was closed and proved dead with tester 0417.",
        "No danger: the supply is off.",
        "safely switched off",
        "SAFE",
        "unenergized",
    ],
)
def test_each_way_to_say_it_would_be_seen(words: str):
    assert complaints(words)
    assert list(literals(ast.parse(f"x = f'{words.replace(':', '')} {{y}}'")))


def test_what_denies_it_and_what_tells_of_physical_work_may_stand():
    assert not complaints("An open switch is no isolation. It breaks one conductor, with a small gap.")
    assert not complaints("State the physical isolation.")
    assert not complaints("The thread is patient, and the switch is open.")
    assert not complaints("With carrier or hub dead, the way back is the telephone.")
