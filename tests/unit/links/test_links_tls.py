"""The pump over mutual TLS."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meterhouse.links import Pump, SystemClock, mutual_tls, run_loop
from meterhouse.model import ConfigurationError
from ping_pong import Answerer, Caller
from pumping import kinds, running, until

HOST = "127.0.0.1"


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(title, title, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / f"{name}.pem", folder / f"{name}.key"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


@pytest.mark.parametrize("known", [True, False])
def test_a_game_over_mutual_tls_needs_a_known_caller(known: bool, tmp_path: Path) -> None:  # noqa: FBT001  pytest gives it
    ours, theirs = certificate("server", tmp_path), certificate("caller", tmp_path)
    inside = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=theirs[0])
    inside.load_cert_chain(*ours)
    inside.verify_mode = ssl.CERT_REQUIRED
    outside = ssl.create_default_context(cafile=ours[0])
    if known:
        outside.load_cert_chain(*theirs)

    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0, tls=inside)
        pump.dial(caller, "line", HOST, port, tls=outside)
        async with running(pump) as heard:
            await until(lambda: {"game.over", "line.down"} & set(kinds(heard)) != set())
        assert ("game.over" in kinds(heard)) is known
        assert ("ball.hit" in kinds(heard)) is known

    run_loop(main())


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext, bytes, bytes]:
    ours, theirs = certificate("server", folder), certificate("caller", folder)
    ders = [ssl.PEM_cert_to_DER_cert(one[0].read_text()) for one in (ours, theirs)]
    return mutual_tls(theirs[0], *ours, server=True), mutual_tls(ours[0], *theirs, server=False), *ders


@pytest.mark.parametrize("welcome", [True, False])
def test_the_accepting_side_is_told_who_it_is_before_a_byte_is_heard(welcome: bool, tmp_path: Path) -> None:  # noqa: FBT001
    inside, outside, _, theirs = contexts(tmp_path)
    introduced: list[tuple[str, bytes]] = []

    def introduce(port: str, der: bytes) -> bool:
        introduced.append((port, der))
        return welcome

    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0, tls=inside, introduce=introduce)
        pump.dial(caller, "line", HOST, port, tls=outside)
        async with running(pump) as heard:
            await until(lambda: {"game.over", "line.down"} & set(kinds(heard)) != set())
        assert introduced[0] == ("line/1", theirs)
        assert ("ball.hit" in kinds(heard)) is welcome
        assert ("link.stranger" in kinds(heard)) is not welcome

    run_loop(main())


def test_a_caller_sends_nothing_to_an_end_that_is_not_the_one_expected(tmp_path: Path) -> None:
    inside, outside, ours, _ = contexts(tmp_path)
    shown: list[bytes] = []

    def expects(der: bytes) -> bool:
        shown.append(der)
        return False

    async def main() -> None:
        pump, caller, answerer = Pump(SystemClock(), strict=True), Caller(), Answerer()
        pump.add(caller)
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0, tls=inside)
        pump.dial(caller, "line", HOST, port, tls=outside, expects=expects)
        async with running(pump) as heard:
            await until(lambda: "line.down" in kinds(heard))
        assert shown[0] == ours
        assert "link.impostor" in kinds(heard)
        assert "ball.hit" not in kinds(heard)

    run_loop(main())


def test_a_caller_in_the_clear_is_sent_away_unheard(tmp_path: Path) -> None:
    inside, _, _, _ = contexts(tmp_path)
    introduced: list[str] = []

    def introduce(port: str, _der: bytes) -> bool:
        introduced.append(port)
        return True

    async def main() -> None:
        pump, answerer = Pump(SystemClock(), strict=True), Answerer()
        pump.add(answerer)
        port = await pump.listen(answerer, "line", HOST, 0, tls=inside, introduce=introduce)
        async with running(pump) as heard:
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"ping 1, and more bytes than the head of a TLS record has")
            await asyncio.wait_for(reader.read(), 10)
            writer.close()
        assert introduced == []
        assert "ball.hit" not in kinds(heard)

    run_loop(main())


def test_files_that_do_not_fit_are_told_in_one_sentence(tmp_path: Path) -> None:
    ours, theirs = certificate("server", tmp_path), certificate("caller", tmp_path)
    for chain, key in ((tmp_path / "none.pem", ours[1]), (ours[0], theirs[1]), (ours[1], ours[1])):
        with pytest.raises(ConfigurationError, match="cannot be used"):
            mutual_tls(theirs[0], chain, key, server=True)
