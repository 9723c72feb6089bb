"""A running street behind keys: each scope does its own, and the command line sells with a key."""

from __future__ import annotations

import json
from pathlib import Path

from e2e_street import ONE_HOME, say
from fakes.street_process import running


def test_keys_guard_a_running_street_and_the_command_line_sells_with_one(tmp_path: Path) -> None:
    (tmp_path / "street.toml").write_text(ONE_HOME)
    data = tmp_path / "data"
    with running(tmp_path, str(tmp_path / "street.toml"), "--speed", "3600") as street:
        assert street.told["api_keys"] is False
        assert "no key is made yet" in street.talk()
        url = street.told["console"]
        account = street.get("/homes/01")["account"]
        vend = ("vend", account, "5.00", "--url", url, "--json")
        assert say(*vend, "--request", "open").returncode == 0

        keys = {
            scope: json.loads(say("key", "make", scope, "--scope", scope, "--data", data, "--json").stdout)["key"]
            for scope in ("read", "vend")
        }
        assert street.api.get("/homes").status_code == 401, "from the first key on, every call needs one"
        assert street.api.get("/homes", headers={"Authorization": f"Bearer {keys['read']}"}).status_code == 200
        assert say(*vend, "--request", "none").returncode == 1
        assert say(*vend, "--request", "reader", "--token", keys["read"]).returncode == 4

        sold = say(*vend, "--request", "till-1", "--token", keys["vend"])
        assert sold.returncode == 0, sold.stderr
        receipt = json.loads(sold.stdout)
        assert (receipt["paid"]["amount"], len(receipt["token"])) == ("5.00", 20)
        again = json.loads(say(*vend, "--request", "till-1", "--token", keys["vend"]).stdout)
        assert again["token"] == receipt["token"]
        street.api.headers["Authorization"] = f"Bearer {keys['vend']}"
        assert [one["request"] for one in street.get("/payments")] == ["till-1", "open"]
        street.wait("life line", lambda: street.get("/payments/till-1")["stages"][-1]["name"] == "accepted")
        button = street.post("/homes/01/button", {"fuel": "gas"})
        assert (button.status_code, "admin" in button.json()["next"]) == (403, True)

        assert say("key", "revoke", "vend", "--data", data).returncode == 0
        assert street.api.get("/payments").status_code == 401
        assert street.stop() == 0
    with running(tmp_path, "--speed", "3600") as street:
        assert street.told["api_keys"] is True
        assert street.stop() == 0
