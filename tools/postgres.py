"""A PostgreSQL server of one's own, in a temporary folder and on a Unix socket, for as long as a `with` lasts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["missing", "server"]

WAIT_SECONDS = 30
USER = "meterhouse"
UNPRIVILEGED = "nobody"


def missing() -> str:
    """Why there can be no server here; empty where there can."""
    if _program("initdb") is None:
        return "PostgreSQL is not installed (on Debian: apt-get install postgresql)"
    if os.getuid() == 0 and shutil.which("runuser") is None:
        return "PostgreSQL does not run as root, and there is no runuser to run it as somebody else"
    return ""


@contextmanager
def server() -> Iterator[str]:
    """Make and start a server; give its SQLAlchemy URL; stop and forget it. As root, it runs as an unprivileged user.

    It syncs every commit to the disk, like a real one.
    """
    if reason := missing():
        raise RuntimeError(reason)
    with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _hand_over(folder)
        data = folder / "data"
        _run("initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync", "--no-locale")
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                _as_nobody(
                    [
                        _program("postgres"),
                        "-D",
                        data,
                        "-k",
                        folder,
                        "-c",
                        "listen_addresses=",
                        "-c",
                        "shared_buffers=64MB",
                    ]
                ),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            _wait(folder, process)
            yield f"postgresql+psycopg://{USER}@/postgres?host={folder}"
        finally:
            _stop(data, process)


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        ready = (folder / "log").read_text(errors="replace")
        if "ready to accept connections" in ready:
            return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text(errors='replace')[-500:]}")


def _stop(data: Path, process: subprocess.Popen[bytes]) -> None:
    pid_file = data / "postmaster.pid"
    if process.poll() is None and pid_file.exists():
        os.kill(int(pid_file.read_text().split("\n", 1)[0]), signal.SIGINT)
    try:
        process.wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(WAIT_SECONDS)


def _run(program: str, *arguments: object) -> None:
    subprocess.run(_as_nobody([_program(program), *arguments]), check=True, capture_output=True)


def _as_nobody(command: list[object]) -> list[str]:
    words = [str(word) for word in command]
    return ["runuser", "-u", UNPRIVILEGED, "--", *words] if os.getuid() == 0 else words


def _hand_over(folder: Path) -> None:
    if os.getuid() == 0:
        shutil.chown(folder, UNPRIVILEGED)
    folder.chmod(0o755)


def _program(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else None
