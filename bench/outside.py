"""Other people's software, asked in an environment of its own (`make peers`), never imported here."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

__all__ = ["PeerError", "ask"]

ROOT = Path(__file__).parent.parent


class PeerError(Exception):
    """The peer is not here, or did not do the work; the words say which."""


def ask(peer: str, script: str, question: dict[str, object]) -> dict[str, object]:
    """What `bench/peers/SCRIPT` printed as JSON, run by the Python of `.venv-peers/PEER` with `question` on its stdin.

    Raises:
        PeerError: no environment, or the script failed.
    """
    python = ROOT / ".venv-peers" / peer / "bin" / "python"
    if not python.exists():
        raise PeerError(f"{peer} is not here: make peers")
    command = [str(python), str(ROOT / "bench" / "peers" / script)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}  # the same stopwatch for both sides
    ended = subprocess.run(
        command, input=json.dumps(question), capture_output=True, text=True, check=False, env=environment, timeout=120
    )
    if ended.returncode != 0:
        raise PeerError(f"{peer} failed: {ended.stderr.strip().splitlines()[-1] if ended.stderr else ended.returncode}")
    answer: dict[str, object] = json.loads(ended.stdout.splitlines()[-1])  # some peers talk before they answer
    return answer
