"""The watch over quiet rooms works: it catches what it should, and lets through what it should.

Every test run carries the watch (tests/conftest.py), so what proves the quiet rooms quiet is the whole of tests/.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tools import house

PLANT = """
from tools.house import Watch

watch = Watch()
watch.install()
room = {{"__name__": "meterhouse.{room}.planted"}}
exec(compile({code!r}, "planted.py", "exec"), room)
try:
    room["act"]()
except PermissionError as refusal:
    print(refusal)
print("caught:", *watch.caught)
"""

ACTS = {
    "open": "def act(): open('pyproject.toml').close()",
    "socket.__new__": "import socket\ndef act(): socket.socket().close()",
    "sqlite3.connect": "import sqlite3\ndef act(): sqlite3.connect(':memory:').close()",
    "subprocess.Popen": "import subprocess\ndef act(): subprocess.run(['true'])",
}


def plant(room: str, code: str) -> str:
    command = [sys.executable, "-c", PLANT.format(room=room, code=code)]
    return subprocess.run(command, cwd=house.ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("act", ACTS)
def test_a_quiet_room_is_caught_in_the_act(act: str):
    assert f"caught: meterhouse.rules.planted: {act}" in plant("rules", ACTS[act])


def test_an_edge_may_act():
    assert plant("links", ACTS["open"]) == "caught:\n"


def test_an_import_is_not_an_act():
    assert plant("rules", "def act():\n    import colorsys, wave") == "caught:\n"


def test_importing_every_quiet_room_starts_nothing():
    code = (
        "import sys, threading\n"
        "acts = []\n"
        "sys.addaudithook(lambda event, _: acts.append(event) if event.startswith('socket.') else None)\n"
        + "".join(f"import meterhouse.{room}\n" for room in house.QUIET)
        + "assert not acts, acts\nassert threading.active_count() == 1\n"
        + "loud = {'asyncio', 'ssl', 'sqlalchemy', 'nicegui'} & set(sys.modules)\nassert not loud, loud\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=house.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
