"""TLS in which both ends prove who they are; who that is, is read from the certificate by whoever asks for it."""

from __future__ import annotations

import ssl
from pathlib import Path

from meterhouse.model import ConfigurationError

__all__ = ["mutual_tls"]


def mutual_tls(authority: Path, chain: Path, key: Path, *, server: bool) -> ssl.SSLContext:
    """A context for one end: TLS 1.3 alone, the other end's certificate asked for and checked against the authority.

    A host name says nothing about a meter or a hub, so none is compared: see `Pump.listen`'s `introduce` and
    `Pump.dial`'s `expects`, which are given the certificate.

    Args:
        authority: PEM file of the root and issuers that are believed.
        chain: PEM file of our certificate, with its issuers.
        key: PEM file of its private key.
        server: whether this end accepts connections; otherwise it dials.

    Raises:
        ConfigurationError: a file is missing or no PEM, or key and certificate don't belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(authority)
        context.load_cert_chain(chain, key, password=_no_password)
    except (OSError, ssl.SSLError) as error:
        what = f"certificates for TLS cannot be used: {authority}, {chain}, {key}"
        raise ConfigurationError(what, why=f"{error}.", remedy="Give PEM files that belong together.") from error
    return context


def _no_password() -> str:
    """Asked for by an encrypted key file; answering nothing keeps OpenSSL from asking at a terminal."""
    return ""
