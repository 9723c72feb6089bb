from __future__ import annotations

import os
import subprocess
import sys

import pytest

from meterhouse.crypto import hmac_sha256
from meterhouse.model import ConfigurationError, StateError, StorageError, UsageError
from meterhouse.store import Database, DataFolder, FileKeyStore
from meterhouse.supplier.vending import KeyName

KEY = bytes(range(20))


def test_a_folder_is_made_used_and_used_again(tmp_path):
    for _ in range(2):
        with DataFolder(tmp_path / "street") as folder, Database(folder.url):
            assert folder.intervals.is_dir()
            assert folder.keys.is_dir()


def test_a_second_program_is_told_what_to_do(tmp_path):
    script = "import sys, pathlib; from meterhouse.store import DataFolder; DataFolder(pathlib.Path(sys.argv[1]))"
    with DataFolder(tmp_path / "street") as folder:
        second = subprocess.run(
            [sys.executable, "-c", script, str(folder.path)], capture_output=True, text=True, check=False
        )
        assert f"in use by another Meterhouse (process {os.getpid()})" in second.stderr
    third = subprocess.run(
        [sys.executable, "-c", script, str(folder.path)], capture_output=True, text=True, check=False
    )
    assert third.returncode == 0


def test_the_same_program_cannot_open_it_twice(tmp_path):
    with DataFolder(tmp_path / "street"):
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="in use") as refusal:
                DataFolder(tmp_path / "street")
            assert refusal.value.remedy


def test_a_folder_of_another_version_or_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "version").write_text("9\n")
    with pytest.raises(ConfigurationError, match="version 9"):
        DataFolder(tmp_path)
    (tmp_path / "version").unlink()
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ConfigurationError, match=r"holiday\.jpg"):
        DataFolder(tmp_path)
    assert not (tmp_path / "intervals").exists()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as failure:
        DataFolder(tmp_path / "file" / "street")
    assert failure.value.remedy


@pytest.mark.parametrize("passphrase", [None, "correct horse"])
def test_keys_come_back_and_are_not_in_any_file(tmp_path, passphrase):
    store = FileKeyStore(tmp_path, passphrase)
    store.add("123457", 1, KEY)
    again = FileKeyStore(tmp_path, passphrase)
    assert again.mac(KeyName("123457", 1), b"x") == hmac_sha256(KEY, b"x")
    assert again.has("123457", 1)
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert KEY not in content
        assert KEY.hex().encode() not in content
        assert b"123457" not in content
        assert path.stat().st_mode & 0o077 == 0
    assert KEY.hex() not in repr(again)


def test_a_wrong_passphrase_and_a_changed_file_do_not_open(tmp_path):
    FileKeyStore(tmp_path, "right").add("123457", 1, KEY)
    with pytest.raises(ConfigurationError, match="does not open"):
        FileKeyStore(tmp_path, "wrong")
    path = tmp_path / "vending.keys"
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), whole[:20], b"x" + whole):
        path.write_bytes(damaged)
        with pytest.raises(ConfigurationError):
            FileKeyStore(tmp_path, "right")


def test_a_master_key_that_others_can_read_is_refused(tmp_path):
    FileKeyStore(tmp_path).add("123457", 1, KEY)
    (tmp_path / "master.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="others"):
        FileKeyStore(tmp_path)


def test_a_key_is_never_overwritten_and_a_missing_one_is_named(tmp_path):
    store = FileKeyStore(tmp_path)
    store.add("123457", 1, KEY)
    store.add("123457", 1, KEY)
    with pytest.raises(StateError):
        store.add("123457", 1, bytes(20))
    with pytest.raises(UsageError):
        store.add("123457", 2, bytes(16))
    with pytest.raises(ConfigurationError, match="123458"):
        store.mac(KeyName("123458", 1), b"")
