"""What a client must know before it can talk to a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.access import Mechanism
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.initiate import IMPLEMENTED, LEAST_PDU
from meterhouse.protocols.dlms.protection import TITLE_LENGTH, Keys, Policy

__all__ = ["ClientSettings", "Quirks"]


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one make of server differs from the standard; the defaults are the standard.

    Attributes:
        plain_release: send RLRQ without ciphered user information even in a ciphered association.
        no_release: send no RLRQ at all; `release` then asks nothing of the server.
    """

    plain_release: bool = False
    no_release: bool = False


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One client's way to one server.

    Attributes:
        client_sap: our wPort, such as 16 public or 1 management.
        server_sap: the logical device's wPort, 1 management.
        mechanism: how we prove ourselves.
        secret: LLS password.
        system_title: ours, 8 bytes; needed with keys.
        server_title: the server's, where known beforehand; an answer under another title is then refused.
        keys: global keys; needed for GMAC and for any policy.
        policy: protection of all that we send, and the least that we take.
        use_general_glo: pack ciphered APDUs as general-glo-ciphering rather than under service tags.
        counter: our invocation counter under these keys; needed with keys, and must outlive a restart.
        seen: the server's.
        entropy: random bytes for our challenge; needed with GMAC.
        max_pdu: the largest APDU that we take, 64 to 65535.
        conformance: what we propose.
        quirks: see `Quirks`.
    """

    client_sap: int = 16
    server_sap: int = 1
    mechanism: Mechanism = Mechanism.NONE
    secret: bytes = field(default=b"", repr=False)
    system_title: bytes = b""
    server_title: bytes = b""
    keys: Keys | None = None
    policy: Policy = Policy.NONE
    use_general_glo: bool = False
    counter: Counter | None = field(default=None, compare=False, repr=False)
    seen: SeenCounter = field(default_factory=SeenCounter, compare=False, repr=False)
    entropy: Callable[[int], bytes] | None = field(default=None, compare=False, repr=False)
    max_pdu: int = 0xFFFF
    conformance: int = IMPLEMENTED
    quirks: Quirks = field(default_factory=Quirks)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together."""
        needs_keys = bool(self.policy) or self.mechanism is Mechanism.GMAC
        if needs_keys and (self.keys is None or len(self.system_title) != TITLE_LENGTH):
            raise UsageError("GMAC and ciphering need keys and a system title of 8 bytes")
        if self.keys is not None and self.counter is None:
            raise UsageError(
                "the client has keys but no invocation counter",
                why="A counter that starts anew after a restart uses nonces twice.",
            )
        if self.mechanism is Mechanism.GMAC and self.entropy is None:
            raise UsageError("GMAC needs entropy for its challenge")
        if not LEAST_PDU <= self.max_pdu <= 0xFFFF:
            raise UsageError(f"a PDU size of {self.max_pdu} is not {LEAST_PDU} to 65535")
