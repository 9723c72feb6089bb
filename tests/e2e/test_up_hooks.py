"""A listener on this machine hears what becomes of a payment at a running street, signed, again until it answers."""

from __future__ import annotations

import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from e2e_street import ONE_HOME, say
from fakes.street_process import running


class _Listener(HTTPServer):
    """Answers the first call with 500, the second with a redirect, and all others with 204."""

    heard: list[tuple[str, bytes]]

    def __init__(self) -> None:
        self.heard = []
        self.strayed = 0
        super().__init__(("127.0.0.1", 0), _Answers)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Answers(BaseHTTPRequestHandler):
    server: _Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.headers["Meterhouse-Signature"], body))
        answer = {1: 500, 2: 302}.get(len(self.server.heard), 204)
        self.send_response(answer)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.strayed += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class names it so
        """Say nothing."""


def test_a_listener_hears_each_step_in_order_signed_and_again_until_it_answers(tmp_path: Path) -> None:
    (tmp_path / "street.toml").write_text(ONE_HOME)
    listener = _Listener()
    try:
        with running(tmp_path, str(tmp_path / "street.toml"), "--speed", "3600") as street:
            address = f"http://127.0.0.1:{listener.server_port}/steps"
            added = say("hook", "add", "shop", address, "--data", tmp_path / "data", "--json")
            assert added.returncode == 0, added.stderr
            secret = json.loads(added.stdout)["secret"].encode()
            order = {"account": street.get("/homes/01")["account"], "amount": "5.00", "currency": "GBP"}
            assert street.post("/payments", {**order, "network": "shop"}, "heard").status_code == 201

            def told() -> list[str]:
                answered = [json.loads(body)["steps"] for _, body in listener.heard[2:]]
                return [step["step"] for steps in answered for step in steps if step["request"] == "heard"]

            street.wait("last step", lambda: "accepted" in told())
            assert told() == ["made", "carried", "hub", "accepted"]
            assert street.stop() == 0
    finally:
        listener.shutdown()
        listener.server_close()
    assert listener.strayed == 0, "a redirect is not followed"
    for header, body in listener.heard:
        seconds = header.split(",")[0].removeprefix("t=")
        proof = hmac.new(secret, f"{seconds}.".encode() + body, "sha256").hexdigest()
        assert header == f"t={seconds},v1={proof}"


def test_a_listener_is_added_once_listed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "street.toml").write_text(ONE_HOME)
    data = tmp_path / "data"
    with running(tmp_path, str(tmp_path / "street.toml")) as street:
        assert street.stop() == 0
    words = ("hook", "add", "shop", "https://shop.example/steps", "--data", data)
    assert say(*words).returncode == 0
    assert say(*words).returncode == 1, "a name listens once"
    listed = json.loads(say("hook", "list", "--data", data, "--json").stdout)
    assert listed == [{"name": "shop", "url": "https://shop.example/steps", "not_heard": 0}]
    assert say("hook", "add", "other", "http://shop.example/steps", "--data", data).returncode == 2
    assert say("hook", "remove", "shop", "--data", data).returncode == 0
    assert say("hook", "remove", "shop", "--data", data).returncode == 3
