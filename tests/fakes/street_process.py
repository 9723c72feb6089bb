"""Drives `meterhouse up` as a process: starts it, asks its REST API as a stranger would, stops or kills it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

__all__ = ["MAIN", "StreetProcess", "running", "said_by"]

MAIN = [sys.executable, "-c", "from meterhouse.cli import main; main()"]
PATIENCE_S = 60


class StreetProcess:
    """A running street. `told` is the JSON document that it printed when its console answered."""

    def __init__(self, folder: Path, *words: str) -> None:
        began = time.monotonic()
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "200"}
        command = [*MAIN, "up", *words, "--data", str(folder / "data"), "--port", "0", "--json"]
        self._talk = (folder / "talk.txt").open("w+")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._talk, text=True, cwd=folder, env=environment
        )
        self.told = self._first_document()
        self.started_in = time.monotonic() - began
        self.api = httpx.Client(base_url=self.told["console"] + "/api/v1", timeout=PATIENCE_S)

    def _first_document(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        lines = ""
        for line in self._process.stdout:
            lines += line
            if line == "}\n":
                return dict(json.loads(lines))
        raise AssertionError(f"the street did not start: {self.talk()}")

    def talk(self) -> str:
        """All that it has said to people."""
        self._talk.flush()
        return Path(self._talk.name).read_text()

    def get(self, path: str, **query: str) -> Any:
        answer = self.api.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, document: dict[str, Any], key: str = "") -> httpx.Response:
        return self.api.post(path, json=document, headers={"Idempotency-Key": key} if key else {})

    def gas(self, home: str) -> dict[str, Any]:
        return next(meter for meter in self.get(f"/homes/{home}")["meters"] if meter["fuel"] == "gas")

    def now(self) -> str:
        return str(self.get("/clock")["now"])

    def wait(self, what: str, look: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """Until `look` gives something true."""
        end = time.monotonic() + seconds
        while not (found := look()):
            assert self._process.poll() is None, f"the street ended while waiting for {what}: {self.talk()}"
            assert time.monotonic() < end, f"no {what} in {seconds} s"
            time.sleep(0.1)
        return found

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return self._ended()

    def kill(self) -> int:
        """As a power cut: no warning."""
        self._process.kill()
        return self._ended()

    def ended(self, seconds: float = PATIENCE_S) -> int:
        """Wait until it ends by itself; the exit code."""
        return self._process.wait(seconds)

    def _ended(self) -> int:
        self.api.close()
        code = self._process.wait(PATIENCE_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def close(self) -> None:
        """Nothing is left of it."""
        if self._process.poll() is None:
            self.kill()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self.api.close()
        self._talk.close()


@contextmanager
def running(folder: Path, *words: str) -> Iterator[StreetProcess]:
    street = StreetProcess(folder, *words)
    try:
        yield street
    finally:
        street.close()


def said_by(
    folder: Path, *words: str, before: Callable[[], None] | None = None, seconds: float = PATIENCE_S
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command that ends by itself."""
    done = subprocess.run(
        [*MAIN, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        preexec_fn=before,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
    )
    return done.returncode, done.stdout, done.stderr
