"""A hub is swapped on a street of real sockets and mutual TLS, by the command line, and the street resumes with it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from fakes.sealed_street import sealed_house
from meterhouse.cli import app


def say(*words: object) -> str:
    said = CliRunner().invoke(app, ["hub", *map(str, words), "--json"])
    assert said.exit_code == 0, said.output
    return said.stdout


def test_a_hub_is_swapped_beside_a_running_street_and_stands_after_a_restart(tmp_path: Path) -> None:
    data = tmp_path / "data"

    async def swapped() -> tuple[str, int]:
        async with sealed_house(tmp_path) as house:
            old = house.street.sites["01"]
            await house.until("account", lambda: old.hub.account is not None and old.hub.account.charged is not None)
            await asyncio.to_thread(say, "swap", "01", "--why", "its radio is of the last generation", "--data", data)
            await house.until("swap", lambda: house.street.sites["01"].hub is not old.hub)
            new = house.street.sites["01"]
            await house.until("line", lambda: house.street.carrier.online(new.names.hub))
            await house.until("service", lambda: not house.sealed.trust.waits(new.names.hub))
            assert not house.street.carrier.online(old.names.hub)
            assert house.sealed.trust.shut(old.names.hub)
            assert json.loads(say("list", "--data", data))[0]["state"] == "done"
            twice = CliRunner().invoke(app, ["hub", "swap", "no such home", "--why", "x", "--data", str(data)])
            assert twice.exit_code == 3
            assert new.hub.account is not None
            return str(new.names.hub), new.hub.account.opening

    async def resumed(hub: str, opening: int) -> None:
        async with sealed_house(tmp_path) as house:
            site = house.street.sites["01"]
            assert (str(site.names.hub), site.hub.account.opening) == (hub, opening)
            assert house.street.carrier.online(site.names.hub)

    asyncio.run(resumed(*asyncio.run(swapped())))
