"""The house as its own laws see it: its rooms, its files, and which of them are quiet."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType

__all__ = ["QUIET", "ROOT", "SOURCE", "Watch", "module_name", "rooms", "sources", "tracked", "tree"]

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "meterhouse"

QUIET = ("model", "crypto", "rules", "protocols", "companion", "premises", "carrier", "supplier")
"""Steps 0 to 4: no sockets, files, threads, clocks or dice."""


def rooms() -> list[str]:
    """The rooms that exist."""
    return sorted(entry.parent.name for entry in SOURCE.glob("*/__init__.py"))


def sources() -> list[Path]:
    """Every module of the product."""
    return sorted(SOURCE.rglob("*.py"))


def module_name(path: Path) -> str:
    """What Python calls the module of a file of ours."""
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def tracked() -> list[Path]:
    """Every file that git keeps or would keep, text or not."""
    asked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in asked.stdout.split("\0") if name and (ROOT / name).is_file()]


class Watch:
    """Catches a quiet room in the act: opening a file, a socket or a data base, or starting a process.

    Installed once for a whole test run (an audit hook cannot be taken out), so every test of every room is also a test
    of this law. The act is charged to the innermost frame of the house or of its tests; an import is exempt, and so is
    a port of a quiet room that a test or an edge implements. Threads and sleep raise no audit event on every Python;
    the import contracts forbid those.
    """

    def __init__(self) -> None:
        self.caught: list[str] = []

    def install(self) -> None:
        """Watch from now on, until the process ends."""
        sys.addaudithook(self._hook)

    def _hook(self, event: str, _arguments: tuple[object, ...]) -> None:
        if event in _ACTS or event.startswith("socket."):
            name = _doer(sys._getframe(1))  # noqa: SLF001 - the only way to ask who called
            if name is not None and name.split(".")[1] in QUIET:
                self.caught.append(f"{name}: {event}")
                raise PermissionError(f"{name} is a room without files and sockets, but did: {event}")


_ACTS = {
    "open",
    "os.listdir",
    "os.mkdir",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.scandir",
    "os.system",
    "sqlite3.connect",
    "subprocess.Popen",
}


def _doer(frame: FrameType | None) -> str | None:
    """The module of ours that did it; None where that is a test, an import, or nobody of ours."""
    for name, file in _stack(frame):
        if file.startswith("<frozen importlib"):
            return None
        if name.startswith("meterhouse."):
            return name
        if file.startswith(_TESTS):
            return None
    return None


_TESTS = str(ROOT / "tests")


def _stack(frame: FrameType | None) -> Iterator[tuple[str, str]]:
    while frame is not None:
        yield str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename
        frame = frame.f_back
