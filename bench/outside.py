"""Other people's software, in an environment of its own (`make peers`), never imported here; ours is asked alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO

from bench.stopwatch import FACTS, SECONDS

__all__ = ["ROOT", "Contestant", "PeerError", "contestant", "one_core", "python_of"]

ROOT = Path(__file__).parent.parent
LONGEST_SECONDS = 120


class PeerError(Exception):
    """The peer is not here, or did not do the work; the words say which."""


class Contestant:
    """A process that does rounds of work on demand (`bench.stopwatch.take_rounds`).

    Attributes:
        facts: what it told of itself.
    """

    def __init__(self, peer: str, process: subprocess.Popen[str], complaints: IO[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._peer, self._process, self._complaints = peer, process, complaints
        self._questions: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self.facts: dict[str, object] = {}

    def tell(self, question: dict[str, object]) -> None:
        """Give it its question, and hear its facts."""
        self._say(json.dumps(question))
        self.facts = json.loads(self._heard(FACTS))

    def seconds(self, work: str, count: int) -> float:
        """What `count` times `work` took of its processor."""
        self._say(f"{work} {count}")
        return float(self._heard(SECONDS))

    def _say(self, line: str) -> None:
        try:
            self._questions.write(line + "\n")
            self._questions.flush()
        except OSError as error:
            raise PeerError(self._end()) from error

    def _heard(self, start: str) -> str:
        late = Timer(LONGEST_SECONDS, self._process.kill)
        late.start()
        try:
            for line in self._answers:  # some peers talk before they answer
                if line.startswith(start):
                    return line[len(start) :]
        finally:
            late.cancel()
        raise PeerError(self._end())

    def _end(self) -> str:
        self._process.kill()
        code = self._process.wait()
        self._complaints.seek(0)
        complaint = self._complaints.read().strip().splitlines()
        return f"{self._peer} failed: {complaint[-1] if complaint else code}"


def python_of(peer: str) -> Path:
    """The Python of `.venv-peers/PEER`.

    Raises:
        PeerError: no such environment.
    """
    python = ROOT / ".venv-peers" / peer / "bin" / "python"
    if not python.exists():
        raise PeerError(f"{peer} is not here: make peers")
    return python


@contextmanager
def contestant(peer: str, script: list[str], question: dict[str, object]) -> Iterator[Contestant]:
    """`script`, run by the peer's Python, or by ours where `peer` is `meterhouse`.

    Raises:
        PeerError: no environment, or the script failed.
    """
    python = Path(sys.executable) if peer == "meterhouse" else python_of(peer)
    with TemporaryFile("w+") as complaints:
        process = subprocess.Popen(
            [str(python), *script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},  # the same stopwatch for all
        )
        try:
            asked = Contestant(peer, process, complaints)
            asked.tell(question)
            yield asked
        finally:
            process.kill()
            process.communicate()


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process, and all that it starts meanwhile, on one core.

    A client and a meter on two cores wake each other by interrupts between the cores. Under a hypervisor each costs
    more than all else that a send does, and it is the scheduler's luck whether they are there.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
