"""A trust folder that is missing, moved, half made, damaged or another's: one sentence that names the file and a remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fakes.sealed_street import STREET, trust_folder
from meterhouse.app.confirm_process import open_confirming
from meterhouse.app.keys import SECRET_LENGTH, StreetKeys
from meterhouse.app.running_street import RunSettings, open_street
from meterhouse.app.sign_daemon import SignDaemon
from meterhouse.app.street_office import open_office
from meterhouse.app.trust_folder import open_trust
from meterhouse.app.trust_settings import parse_trust_settings
from meterhouse.app.work_orders import open_work_orders
from meterhouse.links import SystemClock
from meterhouse.model import ConfigurationError, MeterhouseError
from meterhouse.store import Database

KEYS = StreetKeys(bytes(range(SECRET_LENGTH)))
NEEDED = {
    "office": (
        "root.pem",
        "signing/keys",
        "signing/master.key",
        "signing/policy.toml",
        "signing/supplier-sign.pem",
        "confirm/keys",
        "confirm/master.key",
        "confirm/policy.toml",
        "confirm/supplier-sign.pem",
        "confirm/confirm-sign.pem",
        "confirm/root.pem",
        "carrier/keys",
        "carrier/master.key",
        "carrier/carrier-sign.pem",
    ),
    "desk": ("desk/policy.toml",),
    "daemon": ("signing/keys", "signing/policy.toml"),
    "confirm": ("confirm/keys", "confirm/policy.toml"),
    "issuers": ("root.pem", "chain.pem", "issuers/keys", "issuers/master.key"),
}
HARMS: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00garbage{"),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return trust_folder(tmp_path_factory.mktemp("whole") / "trust")


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Database(f"sqlite:///{tmp_path_factory.mktemp('data') / 'house.db'}") as opened:
        yield opened


def use(place: str, trust: Path, database: Database) -> None:
    clock = SystemClock()
    if place == "office":
        with open_office(trust, KEYS, database, clock):
            pass
    elif place == "desk":
        open_work_orders(database, trust)
    elif place == "daemon":
        SignDaemon(trust / "signing", clock).close()
    elif place == "confirm":
        open_confirming(trust / "confirm", "", clock.now(), database=database).close()
    else:
        open_trust(trust)


def told(place: str, trust: Path, database: Database) -> str:
    with pytest.raises(MeterhouseError) as caught:
        use(place, trust, database)
    assert caught.value.remedy, f"nothing to do: {caught.value.sentence()}"
    sentence = caught.value.sentence()
    assert "Traceback" not in sentence
    assert "Errno" not in sentence
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize("harm", HARMS)
@pytest.mark.parametrize(("place", "file"), [(place, file) for place, files in NEEDED.items() for file in files])
def test_each_file_that_is_harmed_is_named_with_what_to_do(place, file, harm, whole, database, tmp_path):
    trust = tmp_path / "trust"
    shutil.copytree(whole, trust)
    use(place, trust, database)
    HARMS[harm](trust / file)
    sentence = told(place, trust, database)
    name = Path(file).name
    assert name in sentence or str(trust) in sentence
    assert "words" not in sentence, "no passphrase"


@pytest.mark.parametrize("file", ["confirm/confirm-sign.pem", "carrier/carrier-sign.pem", "confirm/supplier-sign.pem"])
def test_a_certificate_of_another_hierarchy_is_believed_nowhere(file: str, whole, database, tmp_path):
    trust, other = tmp_path / "trust", trust_folder(tmp_path / "other")
    shutil.copytree(whole, trust)
    shutil.copy(other / file, trust / file)
    told("office", trust, database)
    shutil.copy(whole / file, trust / file)
    use("office", trust, database)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('zone = "Europe/London"', 'zone = "Atlantis/Deep"', "Atlantis"),
        ("fleet = 2", 'fleet = "many"', "many"),
        ("mandate_hours = 6", "mandate_hours = 99", "mandate"),
        ("[feeders]", "[unknown]", "unknown"),
        ("cut_from", "cut_form", "cut_form"),
        ("supplier =", "#supplier =", "'supplier'"),
    ],
)
def test_a_rule_that_is_wrong_is_named_with_its_file_and_a_remedy(before, after, said, whole, tmp_path):
    text = (whole / "desk" / "policy.toml").read_text()
    assert before in text
    path = tmp_path / "policy.toml"
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(ConfigurationError) as caught:
        parse_trust_settings(path)
    assert said in caught.value.sentence()
    assert str(path) in caught.value.sentence()
    assert caught.value.remedy


@pytest.mark.asyncio
async def test_a_trust_folder_that_was_mistyped_is_not_the_streets_for_ever(whole, tmp_path):
    trust = tmp_path / "trust"
    shutil.copytree(whole, trust)
    data = tmp_path / "data"
    for wrong in (tmp_path / "trsut", tmp_path):
        with pytest.raises(ConfigurationError, match="no trust folder"):
            async with open_street(RunSettings(data, STREET, trust=wrong)):
                pass
    async with open_street(RunSettings(data, STREET, trust=trust)):
        pass
    with pytest.raises(ConfigurationError, match="the street trusts"):
        async with open_street(RunSettings(data, STREET, trust=tmp_path / "trsut")):
            pass
    trust.rename(tmp_path / "moved")
    with pytest.raises(ConfigurationError, match="no trust folder"):
        async with open_street(RunSettings(data, STREET)):
            pass
