"""Who may call the API: everybody here while there is no key, and only keys from the first one on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import counter_street as counter
from meterhouse.app.api_access import ApiAccess
from meterhouse.cli import app
from meterhouse.store import ApiScope, Database, DataFolder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    with DataFolder(tmp_path / "data") as folder, Database(folder.url) as database:
        database.run(counter.build)
    return tmp_path / "data"


def say(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def made(data: Path, name: str, scope: str) -> str:
    said = say("key", "make", name, "--scope", scope, "--data", data, "--json")
    assert said.exit_code == 0, said.output
    return str(json.loads(said.stdout)["key"])


def test_the_door_is_open_until_the_first_key_and_stays_shut_after_the_last(data: Path) -> None:
    with Database(f"sqlite:///{data / 'meterhouse.db'}") as database:
        access = ApiAccess(database)
        assert (access.guarded, access.scope_of("")) == (False, ApiScope.ADMIN)
        shop, office = made(data, "shop", "vend"), made(data, "office", "admin")
        assert [access.scope_of(token) for token in ("", "mh_wrong", shop, office)] == [
            None,
            None,
            ApiScope.VEND,
            ApiScope.ADMIN,
        ]
        for name in ("shop", "office"):
            assert say("key", "revoke", name, "--data", data).exit_code == 0
        assert [access.scope_of(token) for token in ("", shop, office)] == [None, None, None]


def test_a_key_is_shown_once_and_listed_by_its_name_only(data: Path) -> None:
    token = made(data, "shop", "read")
    listed = say("key", "list", "--data", data, "--json")
    assert json.loads(listed.stdout) == [{"name": "shop", "scope": "read", "viewer": "operator", "home": None}]
    assert token not in (data / "meterhouse.db").read_bytes().decode("latin-1")
    assert say("key", "make", "shop", "--scope", "read", "--data", data).exit_code == 1, "a name has one key"
    assert say("key", "revoke", "nobody", "--data", data).exit_code == 3
    last = json.loads(say("key", "revoke", "shop", "--data", data, "--json").stdout)
    assert last == {"revoked": "shop", "keys_left": 0}
