"""What a client must know before it can talk to a server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from meterhouse.model import UsageError
from meterhouse.protocols.dlms.access import Mechanism
from meterhouse.protocols.dlms.block_transfer import MAX_WINDOW
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.credentials import Credentials
from meterhouse.protocols.dlms.guard import Wrapping
from meterhouse.protocols.dlms.initiate import IMPLEMENTED, LEAST_PDU
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import ASSOCIATION_OBIS
from meterhouse.protocols.dlms.protection import TITLE_LENGTH, KeyChoice, Keys, Manner, Policy, Signing

__all__ = ["ClientSettings", "Quirks"]

# The operators of an IntFlag are slow.
_AUTHENTICATED, _ENCRYPTED = int(Policy.AUTHENTICATED), int(Policy.ENCRYPTED)
_BOTH, _SIGNED = int(Policy.BOTH), int(Policy.SIGNED)


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one make of server differs from the standard; the defaults are the standard.

    Attributes:
        plain_release: send RLRQ without ciphered user information even in a ciphered association.
        no_release: send no RLRQ at all; `release` then asks nothing of the server.
        association: the object that is asked for the reply to our challenge, HLS pass 3 and 4.
        title_omitted: system titles are left out of general-glo-ciphering, by the server and by us.
    """

    plain_release: bool = False
    no_release: bool = False
    association: Obis = ASSOCIATION_OBIS
    title_omitted: bool = False


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """One client's way to one server.

    Attributes:
        client_sap: our wPort, such as 16 public or 1 management.
        server_sap: the logical device's wPort, 1 management.
        mechanism: how we prove ourselves.
        secret: password of LLS, or shared secret of HLS 3, 4 or 6.
        system_title: ours, 8 bytes; needed with keys.
        server_title: the server's, where known beforehand; an answer under another title is then refused. Needed with
            general-ciphering and with signatures, whose headers name it.
        keys: global keys; needed for GMAC and for any ciphering but under agreed keys.
        policy: protection of all that we send, and the least that we take.
        use_general_glo: pack ciphered APDUs as general-glo-ciphering rather than under service tags.
        counter: our invocation counter under these keys; needed with keys, and must outlive a restart.
        seen: the server's.
        credentials: key pairs, for ECDSA, general-signing and agreed keys.
        cipher_in_general: pack ciphered APDUs as general-ciphering, under `key`.
        key: which key general-ciphering is under.
        signing: where all that we send is signed; the policy says then that all that comes is to be signed as well.
        dedicated: make a dedicated key for each association, and use it for all but its opening and its end.
        entropy: random bytes, for challenges and dedicated keys.
        max_pdu: the largest APDU that we take, 64 to 65535.
        block_window: how many blocks of a general block transfer we take in a row, 1 to 63. More than 1 needs a driver
            that knows `client_transfers.Streamed` and `Turn`, and a link that brings several APDUs in a row.
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
    credentials: Credentials | None = None
    cipher_in_general: bool = False
    key: KeyChoice = KeyChoice.IDENTIFIED
    signing: Signing = Signing.NONE
    dedicated: bool = False
    entropy: Callable[[int], bytes] | None = field(default=None, compare=False, repr=False)
    max_pdu: int = 0xFFFF
    block_window: int = 1
    conformance: int = IMPLEMENTED
    quirks: Quirks = field(default_factory=Quirks)

    def __post_init__(self) -> None:
        """Refuse settings that cannot work together."""
        mechanism, policy = self.mechanism, int(self.policy)
        agreed = self.cipher_in_general and self.key in {KeyChoice.ONE_PASS, KeyChoice.STATIC}
        ciphering = bool(policy & _BOTH)
        if ((ciphering and not agreed) or mechanism is Mechanism.GMAC) and self.keys is None:
            raise UsageError("GMAC and ciphering need keys and a system title of 8 bytes")
        titled = policy != 0 or mechanism.has_titles
        if titled and len(self.system_title) != TITLE_LENGTH:
            raise UsageError("GMAC and ciphering need keys and a system title of 8 bytes")
        if self.keys is not None and self.counter is None:
            raise UsageError(
                "the client has keys but no invocation counter",
                why="A counter that starts anew after a restart uses nonces twice.",
            )
        if (mechanism.challenges or self.dedicated) and self.entropy is None:
            raise UsageError(f"{mechanism.name} needs entropy for its challenge")
        if mechanism.challenges and mechanism.has_secret and not self.secret:
            raise UsageError(f"{mechanism.name} needs a shared secret")
        if policy & _SIGNED or self.signing is not Signing.NONE or self.cipher_in_general or self.dedicated:
            self._check_envelopes()
        if mechanism is Mechanism.ECDSA and self.credentials is None:
            raise UsageError("ECDSA needs credentials")
        if not 1 <= self.block_window <= MAX_WINDOW:
            raise UsageError(f"a block window of {self.block_window} is not 1 to {MAX_WINDOW}")
        if not LEAST_PDU <= self.max_pdu <= 0xFFFF:
            raise UsageError(f"a PDU size of {self.max_pdu} is not {LEAST_PDU} to 65535")

    def _check_envelopes(self) -> None:
        signed = self.signing is not Signing.NONE
        enveloped = self.cipher_in_general or signed
        policy = int(self.policy)
        if bool(policy & _SIGNED) != signed:
            raise UsageError("a policy of signatures goes with signing, and signing with such a policy")
        if enveloped and len(self.server_title) != TITLE_LENGTH:
            raise UsageError("general-ciphering and general-signing need the server's system title beforehand")
        chosen = self.cipher_in_general and self.key is not KeyChoice.IDENTIFIED
        if (signed or chosen) and self.credentials is None:
            raise UsageError("signatures, wrapped and agreed keys need credentials")
        if self.cipher_in_general and not policy & _AUTHENTICATED:
            raise UsageError("general-ciphering is always authenticated")
        if self.dedicated and (self.cipher_in_general or self.keys is None or not policy & _ENCRYPTED):
            raise UsageError("a dedicated key travels encrypted under the global key, and not in general-ciphering")

    @property
    def wrapping(self) -> Wrapping:
        """How the InitiateRequest and the release are protected, and all else where no dedicated key is used."""
        manner = Manner.GENERAL if self.use_general_glo else Manner.SERVICE
        if self.cipher_in_general:
            manner = Manner.CIPHERING
        return Wrapping(int(self.policy) & _BOTH, manner, self.key, self.signing)
