"""`meterhouse conform dlms`: a sentence and an exit code for each way that judging cannot begin or does not end well."""

from __future__ import annotations

import json
import socket
from threading import Thread

import pytest
from typer.testing import CliRunner

from meterhouse.cli import app
from meterhouse.conformance import read_subject
from meterhouse.conformance.subject import Subject
from meterhouse.model import ConfigurationError
from meterhouse.protocols.dlms import Policy

KEYS = '[keys]\nsap = 1\nencryption_key = "{0}"\nauthentication_key = "{0}"\n'.format("00" * 16)
PRODUCT = 'product = "meter 7"\nmaker = "Example"\nread = "1-0:1.8.0.255/3:2"\n'


def conform(*words):
    return CliRunner().invoke(app, ["conform", "dlms", *map(str, words)])


class Listener:
    """A device that says the same to everybody, whatever it is asked, and hangs up or does not."""

    def __init__(self, says, *, hangs_up):
        self._says, self._hangs_up = says, hangs_up
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    if self._says:
                        connection.sendall(self._says)
                    while not self._hangs_up and connection.recv(4096):
                        connection.sendall(self._says)
                except OSError:
                    continue


def test_nobody_there_is_one_sentence_and_unconfirmed():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    ended = conform("--tcp", f"127.0.0.1:{port}")
    assert (ended.exit_code, "cannot be reached" in ended.stderr) == (5, True)


@pytest.mark.parametrize(
    "words",
    [[], ["--tcp", "here"], ["--tcp", "host:0"], ["--tcp", "h:70000"], ["--tcp", "h:1", "--serial", "/dev/null"]],
)
def test_a_place_that_is_none_is_a_wrong_usage(words):
    ended = conform(*words)
    assert ended.exit_code == 2
    assert "Traceback" not in ended.output


@pytest.mark.parametrize("serial", ["/nowhere", "/dev/null"])
def test_a_serial_port_that_is_none_is_told(serial):
    ended = conform("--serial", serial)
    assert (ended.exit_code, serial in ended.stderr) == (5, True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("product", "not TOML"),
        ('product = "a"\ncolour = "red"', "colour"),
        ('product = "a"\nread = "1.8.0"', "1.8.0"),
        ('product = "a"\npublic = 0', "no client at all"),
        ('product = "a"\n[password]\nsap = 2', "password"),
        ('product = "a"\n[password]\nsap = 2\npassword = ""', "empty"),
        ('product = "a"\nserver = 70000', "70000"),
        (PRODUCT + KEYS.replace("00" * 16, "0g" * 16), "another form"),
        (PRODUCT + KEYS.replace("00" * 16, "00" * 15), "16 bytes"),
        (PRODUCT + KEYS + 'policy = "some"', "some"),
        (PRODUCT + KEYS + 'system_title = "00"', "8 bytes"),
        ("", "product"),
    ],
)
def test_a_profile_that_cannot_be_judged_by_is_told_without_its_keys(text, word, tmp_path):
    file = tmp_path / "product.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=word) as told:
        read_subject(file)
    assert "0g0g" not in told.value.sentence()


def test_a_profile_says_who_may_ask_and_what_may_be_used(tmp_path):
    file = tmp_path / "product.toml"
    file.write_text(PRODUCT + 'profile = "1-0:99.1.0.255"\n' + KEYS + 'policy = "auth"\n', encoding="utf-8")
    subject = read_subject(file)
    assert (subject.product, subject.maker, subject.read.class_id, str(subject.profile)) == (
        "meter 7",
        "Example",
        3,
        "1-0:99.1.0.255",
    )
    assert subject.keys is not None
    assert (subject.keys.sap, subject.keys.policy) == (1, Policy.AUTHENTICATED)
    assert "0000" not in repr(subject)


def test_a_check_that_is_none_is_a_wrong_usage():
    with Listener(b"", hangs_up=True) as device:
        ended = conform("--tcp", device.place, "--only", "colour")
    assert (ended.exit_code, "colour" in ended.stderr) == (2, True)


@pytest.mark.parametrize("hangs_up", [True, False])
@pytest.mark.parametrize("says", [b"", b"\x7e" * 40, b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(200)])
@pytest.mark.parametrize("hdlc", [[], ["--hdlc"]])
def test_what_is_no_meter_is_judged_to_its_end_and_fails(says, hangs_up, hdlc, tmp_path):
    words = ["--json", "--timeout", "0.05", "--only", "association.public", "--only", "get.", "--report", tmp_path]
    with Listener(says, hangs_up=hangs_up) as device:
        ended = conform("--tcp", device.place, *words, *hdlc)
    document = json.loads(ended.stdout)
    assert ended.exit_code == 1
    assert document["levels"]["DLMS"] == "not reached"
    assert all(one["verdict"] == "fail" and one["came"] for one in document["judgements"])
    assert len(list(tmp_path.iterdir())) == 2


def test_a_subject_without_a_client_is_refused():
    with pytest.raises(ConfigurationError):
        Subject("meter", public=None)
