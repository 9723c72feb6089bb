"""The caller's side of the signing daemon: blocking, one connection a call; what the daemon refuses is raised here."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from meterhouse.app.trust_stores import head_of
from meterhouse.companion.limits import FieldRange
from meterhouse.companion.sealed import Envelope, decode_envelope
from meterhouse.model import (
    AuthenticationError,
    Instant,
    LinkError,
    MalformedError,
    MeterhouseError,
    PolicyError,
    StateError,
    StorageError,
    UsageError,
)
from meterhouse.supplier.trust import Deed, Statement, WorkOrder
from meterhouse.supplier.trust.audit import AuditHead, AuditLine
from meterhouse.supplier.trust.work_order import statement_of

__all__ = ["SOCKET", "Signing", "SigningClient", "SigningTalk"]

SOCKET: Final = "signing.sock"
"""Name of the socket in the daemon's folder."""
_PATIENCE_S: Final = 10.0
_KINDS: Final[Mapping[str, type[MeterhouseError]]] = {
    kind.__name__: kind
    for kind in (AuthenticationError, MalformedError, PolicyError, StateError, StorageError, UsageError)
}


class Signing(Protocol):
    """Carries one request to the daemon and its answer back."""

    def answer(self, request: object) -> dict[str, Any]:
        """The answer."""


class SigningClient:
    """`Signing` over the daemon's socket.

    Args:
        path: of the socket.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def answer(self, request: object) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            LinkError: the daemon is not there, or does not answer in time.
        """
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(_PATIENCE_S)
                line.connect(str(self._path))
                line.sendall(json.dumps(request).encode() + b"\n")
                with line.makefile("rb") as lines:
                    told = json.loads(lines.readline())
        except (OSError, ValueError) as error:
            raise LinkError(
                "the signing daemon does not answer",
                why=f"{error}.",
                remedy="Start it: meterhouse trust sign-daemon. Nothing was signed.",
            ) from error
        return dict(told)


class SigningTalk:
    """The daemon's services as functions; see `SignDaemon` for what each refuses.

    Args:
        signing: the way to the daemon; a `SignDaemon` in this process serves as well.
    """

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def write(self, person: str, passphrase: str, deed: Deed, digest: bytes) -> Statement:
        """A person's word about an order."""
        asked = {"do": "write", "person": person, "passphrase": passphrase, "deed": deed.value, "digest": digest.hex()}
        return statement_of(self._ask(asked)["statement"])

    def write_all(self, person: str, passphrase: str, deed: Deed, digests: Sequence[bytes]) -> list[Statement]:
        """A person's word about each of several orders (at most `sign_daemon.WORDS_AT_ONCE`), which nobody approves."""
        asked = {"do": "write-all", "person": person, "passphrase": passphrase, "deed": deed.value}
        told = self._ask({**asked, "digests": [digest.hex() for digest in digests]})
        return [statement_of(each) for each in told["statements"]]

    def sign(self, order: WorkOrder) -> Envelope:
        """The signed message of an order."""
        return decode_envelope(bytes.fromhex(self._ask({"do": "sign", "order": order.to_json()})["envelope"]))

    def cancel(self, order: WorkOrder) -> Envelope:
        """The signed message that cancels an order at its device."""
        return decode_envelope(bytes.fromhex(self._ask({"do": "cancel", "order": order.to_json()})["envelope"]))

    def release(self, person: str, passphrase: str) -> bool:
        """One officer's word for the daemon's own brake; whether it is open now."""
        return bool(self._ask({"do": "release", "person": person, "passphrase": passphrase})["open"])

    def release_word(self, person: str, passphrase: str, brake: str, trip: int) -> bytes:
        """One officer's signed word for a brake elsewhere."""
        asked = {"do": "release-word", "person": person, "passphrase": passphrase, "brake": brake, "trip": trip}
        return bytes.fromhex(self._ask(asked)["word"])

    def tighten_word(self, person: str, passphrase: str, name: str, to: FieldRange) -> bytes:
        """One officer's signed word that a limit be narrower."""
        asked = {"do": "tighten-word", "person": person, "passphrase": passphrase, "limit": name}
        return bytes.fromhex(self._ask({**asked, "least": to.least, "most": to.most})["word"])

    def head(self, line: AuditLine) -> AuditHead:
        """The signed head of the audit chain at its newest line."""
        return head_of(self._ask({"do": "head", "number": line.number, "digest": line.digest.hex()})["head"])

    def witness(self) -> AuditHead | None:
        """The newest head that was ever signed."""
        told = self._ask({"do": "witness"})["head"]
        return None if told is None else head_of(told)

    def now(self) -> Instant:
        """The time by the daemon's clock: that of the street, where the daemon is a street's."""
        return Instant(int(self.status()["now"]))

    def status(self) -> dict[str, Any]:
        """Public key, staff, brake."""
        return self._ask({"do": "status"})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        told = self._signing.answer(request)
        error = told.get("error")
        if error is None:
            return told
        kind = _KINDS.get(error["kind"], PolicyError)
        raise kind(error["what"], why=error["why"], remedy=error["remedy"])
