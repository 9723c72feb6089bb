"""What `meterhouse up` says when it cannot run: one sentence that says what to do, an exit code, never a traceback."""

from __future__ import annotations

import gc
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fakes.street_process import running, said_by
from meterhouse.cli import main

STREET = """
[street]
name = "Small Row"
start = 2026-01-05T00:00:00Z

[[home]]
id = "01"
"""
FAILED, USAGE, NOT_FOUND = 1, 2, 3
Up = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "street.toml").write_text(STREET)
    return tmp_path


def up(
    folder: Path, *words: str, before: Callable[[], None] | None = None, street: str = "street.toml"
) -> tuple[int, str]:
    """Exit code and the one sentence; fails if there is more than one, or data beside it."""
    data = () if "--data" in words else ("--data", "data")
    port = () if "--port" in words else ("--port", "0")
    code, out, said = said_by(folder, "up", street, *data, *port, "--json", *words, before=before)
    return code, sentence_of(out, said)


def sentence_of(out: str, said: str) -> str:
    """The one sentence that was said; fails if there is more than one, or data beside it."""
    assert "Traceback" not in said, said
    assert out == "", out
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("Error: "), said
    assert lines[0].endswith("."), said
    return lines[0]


@pytest.fixture
def up_here(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    """As `up`, within this process: what ends before there is a street needs no process of its own."""

    def said(*words: str, street: str = "street.toml") -> tuple[int, str]:
        monkeypatch.setattr(
            sys, "argv", ["meterhouse", "up", street, "--data", "data", "--port", "0", "--json", *words]
        )
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), sentence_of(*capsys.readouterr())

    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")
    settings = gc.get_threshold()
    yield said
    gc.set_threshold(*settings)


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_port_in_use_of_the_console(folder: Path, taken: int) -> None:
    code, said = up(folder, "--port", str(taken))
    assert code == FAILED
    assert str(taken) in said
    assert "Stop what uses that port, or choose another one." in said


def test_port_in_use_of_a_meter(folder: Path, taken: int) -> None:
    code, said = up(folder, "--meter-port", str(taken))
    assert code == FAILED
    assert f"port {taken} of 127.0.0.1 is in use." in said


def test_data_folder_in_use(folder: Path) -> None:
    with running(folder, "street.toml") as street:
        code, said = up(folder)
        assert code == FAILED
        assert "is in use by another Meterhouse (process" in said
        assert "Stop that one first, or choose another folder." in said
        assert street.stop() == 0


def test_data_folder_of_another_version(folder: Path) -> None:
    with running(folder, "street.toml") as street:
        assert street.stop() == 0
    (folder / "data" / "version").write_text("99\n")
    code, said = up(folder)
    assert code == FAILED
    assert "is of version 99 and this program speaks" in said
    assert "Start that program, or choose another folder." in said


def test_data_folder_that_holds_other_things(folder: Path, up_here: Up) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "holiday.jpg").write_text("")
    code, said = up_here()
    assert code == FAILED
    assert "is not a data folder: it holds holiday.jpg." in said


@pytest.mark.parametrize("kilobytes", [0, 1, 40, 120])
def test_disk_that_is_full_at_the_start(folder: Path, kilobytes: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (kilobytes * 1024, kilobytes * 1024))

    code, said = up(folder, before=limit)
    assert code == FAILED
    assert "disk" in said or "cannot be" in said
    with running(folder, "street.toml") as street:  # with space again, nothing half-written stands in the way
        assert street.get("/health")["homes"] == 1
        assert street.stop() == 0


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    if mount is None or os.geteuid() != 0:
        pytest.skip("NOT TESTED: a disk that fills while the street runs needs root, for a small tmpfs")
    if subprocess.run([mount, "-t", "tmpfs", "-o", "size=900k", "tmpfs", disk], check=False).returncode:
        pytest.skip("NOT TESTED: this machine lets nobody mount a small tmpfs")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_disk_that_fills_while_the_street_runs_stops_it_with_one_sentence(small_disk: Path) -> None:
    (small_disk / "street.toml").write_text(STREET)
    with running(small_disk, "street.toml", "--speed", "3600") as street:
        (small_disk / "ballast").write_bytes(bytes(shutil.disk_usage(small_disk).free))
        assert street.ended(60) == FAILED
        said = street.talk()
    assert "Traceback" not in said
    assert "Error: the disk is full; nothing was stored." in said
    assert "Free some space where the data folder is, then try again." in said


@pytest.mark.parametrize(
    ("street", "code", "said"),
    [
        ("[street", USAGE, "street.toml is not TOML"),
        (
            "[[house]]\nid = '1'",
            USAGE,
            "street.toml has an unknown field 'house'. Known: electricity, gas, home, keys, street.",
        ),
        (STREET + "kwh_a_year = -5", USAGE, "street.toml [[home]] 1 kwh_a_year is -5"),
        (STREET + '\n[[home]]\nid = "01"', USAGE, "street.toml has home id 01 twice. Give each home an id of its own."),
    ],
)
def test_bad_street_file(folder: Path, up_here: Up, street: str, code: int, said: str) -> None:
    (folder / "street.toml").write_text(street)
    found, sentence = up_here()
    assert (found, said in sentence) == (code, True), sentence
    assert not (folder / "data" / "street.toml").exists()


def test_street_file_that_is_not_there(folder: Path, up_here: Up) -> None:
    code, said = up_here(street="nowhere.toml")
    assert code == NOT_FOUND
    assert "there is no street file nowhere.toml." in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("time,watts\n2025-01-01T00:00:00Z,3\n", ("wh",)),
        ("when,kwh\nyesterday,3\n", ("time",)),
        ("", ()),
    ],
)
def test_bad_profile(folder: Path, up_here: Up, content: str, words: tuple[str, ...]) -> None:
    (folder / "use.csv").write_text(content)
    code, said = up_here("--profile", "use.csv")
    assert code == USAGE
    assert "use.csv" in said
    assert all(word in said for word in words)


def test_profile_that_is_not_there(folder: Path, up_here: Up) -> None:
    code, said = up_here("--profile", "nowhere.csv")
    assert code in {USAGE, NOT_FOUND}
    assert "nowhere.csv" in said


def test_speed_out_of_range(folder: Path, up_here: Up) -> None:
    code, said = up_here("--speed", "90000")
    assert code == USAGE
    assert "speed 90000 is not 1 to 3600. Choose, say, --speed 300." in said


def test_help_answers_at_once_because_no_room_is_imported_for_it(folder: Path) -> None:
    _, out, _ = said_by(folder, "--help")
    assert "up" in out
    slow = "import sys, meterhouse.cli; print(*(set(sys.modules) & {'sqlalchemy', 'pyarrow', 'nicegui', 'numpy'}))"
    code = subprocess.run([sys.executable, "-c", slow], capture_output=True, text=True, check=True)
    assert code.stdout.strip() == ""
