"""The pump over mutual TLS."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from meterhouse.links import Pump, SystemClock, run_loop
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
