"""How the command line talks: data on stdout, talk on stderr, one clear sentence for an error, a fixed exit code."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec

import typer
from rich.console import Console
from rich.text import Text

from meterhouse.model import (
    LinkError,
    MeterhouseError,
    NotFoundError,
    PolicyError,
    RefusedError,
    UsageError,
    plain,
)

__all__ = ["FAILED", "exit_code", "say", "spoken", "write_json"]

P = ParamSpec("P")

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
NOT_FOUND: Final = 3
REFUSED: Final = 4
UNCONFIRMED: Final = 5

_CODES: Final[tuple[tuple[type[MeterhouseError], int], ...]] = (
    (UsageError, USAGE),
    (NotFoundError, NOT_FOUND),
    (PolicyError, REFUSED),
    (RefusedError, REFUSED),
    (LinkError, UNCONFIRMED),
)

say: Final = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
"""For people: on stderr, coloured only on a terminal, and never where NO_COLOR is set. A text is never markup."""


def write_json(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
    sys.stdout.flush()


def exit_code(error: MeterhouseError) -> int:
    """0 ok, 1 failed, 2 usage, 3 not found, 4 refused by policy, 5 unconfirmed."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def spoken(verb: Callable[P, None]) -> Callable[P, None]:
    """A verb whose errors reach a person as one sentence, never as a traceback."""

    @wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            verb(*args, **kwargs)
        except MeterhouseError as error:
            say.print(Text.assemble(("Error:", "bold red"), f" {plain(error.sentence())}"))
            raise typer.Exit(exit_code(error)) from None
        except BrokenPipeError:  # the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(OK) from None

    return run
