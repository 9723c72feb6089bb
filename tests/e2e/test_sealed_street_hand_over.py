"""A home changes its supplier on a street of real sockets and mutual TLS, by the command line beside it (S3-58)."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from typer.testing import CliRunner

from fakes.sealed_street import sealed_house
from meterhouse.cli import app

GAINER = "02-4D-48-09-00-00-00-41"


def say(*words: object) -> str:
    said = CliRunner().invoke(app, ["trust", *map(str, words), "--json"])
    assert said.exit_code == 0, said.output
    return said.stdout


def test_a_home_changes_its_supplier_beside_a_running_street(tmp_path: Path) -> None:
    async def whole() -> None:
        async with sealed_house(tmp_path) as house:
            trust, gainer, data = tmp_path / "trust", tmp_path / "gainer", tmp_path / "data"
            where = ("--data", data, "--trust", trust)
            say("issue", "supplier", GAINER, "--to", gainer, "--trust", trust)
            say("issue", "confirm", "02-4D-48-09-00-00-00-42", "--to", gainer / "confirm", "--trust", trust)
            site = house.street.sites["01"]
            await house.until("service of the gas", lambda: not house.sealed.trust.waits(site.names.gas))
            ordered = await asyncio.to_thread(say, "hand-over", "01", "--to", gainer, *where)
            assert [change["state"] for change in json.loads(ordered)] == ["ordered", "ordered"]

            def moved() -> bool:
                gates = site.electricity.gate, site.hub.orders.gate
                return all(gate is not None and str(gate.trust.supplier) == GAINER for gate in gates)

            await house.until("change", moved)

            def said() -> bool:
                return all(change["state"] == "done" for change in json.loads(say("hand-over", *where)))

            await house.until("device's word", said)
            assert not house.sealed.trust.may_reach(house.sealed.trust.parties.supplier, site.names.hub)

    asyncio.run(whole())
