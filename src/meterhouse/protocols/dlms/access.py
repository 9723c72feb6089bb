"""Who may talk to a server: one entry per client SAP, nothing allowed unless said, refusals on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.credentials import Credentials
from meterhouse.protocols.dlms.key_ring import KeyRing, KeySet
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import Rights, ServerObject
from meterhouse.protocols.dlms.protection import Keys, Policy

__all__ = ["AuditRecord", "ClientAccess", "Mechanism", "rights_to_all"]


class Mechanism(IntEnum):
    """Authentication mechanisms. 2 is each manufacturer's own, specified nowhere, and refused by that name."""

    NONE = 0
    LLS = 1
    """A password in the clear: see that the InitiateRequest's ciphering does not make it look protected."""
    MD5 = 3
    """For old meters; MD5 is broken."""
    SHA1 = 4
    """For old meters; SHA-1 is broken."""
    GMAC = 5
    SHA256 = 6
    ECDSA = 7

    @property
    def challenges(self) -> bool:
        """Whether it is high level security: both sides answer a challenge."""
        return self >= _FIRST_CHALLENGING

    @property
    def has_secret(self) -> bool:
        """Whether both sides share a secret for it."""
        return self in _SECRET

    @property
    def has_titles(self) -> bool:
        """Whether system titles enter the answer to a challenge."""
        return self >= _FIRST_TITLED


# To look up a member of an Enum is slow.
_FIRST_CHALLENGING, _FIRST_TITLED = int(Mechanism.MD5), int(Mechanism.GMAC)
_SECRET = frozenset({Mechanism.LLS, Mechanism.MD5, Mechanism.SHA1, Mechanism.SHA256})


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A refusal.

    Attributes:
        at: when, by the time given to `receive`.
        client: client SAP.
        device: server SAP.
        kind: `association`, `protection`, `replay`, `malformed`, `get`, `set` or `action`.
        what: what was asked for.
        why: the reason in words.
    """

    at: Instant
    client: int
    device: int
    kind: str
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """One client SAP's view of a server.

    Attributes:
        sap: the client's wPort, such as 16 public or 1 management.
        mechanism: how it must prove itself.
        rights: by logical name; an object that is not here does not exist for this client.
        secret: password of LLS, or shared secret of HLS 3, 4 or 6; with these only.
        keys: global keys; GMAC needs these or a ring, a policy these, a ring or credentials.
        policy: the least protection that every request must have.
        title: the client's system title; None takes any that knows the keys.
        counter: our invocation counter under these keys; needed with keys, and must outlive a restart. Two entries
            with equal keys must share one `Counter`.
        seen: the client's invocation counter; likewise.
        ring: keys that can be replaced, with their counters; instead of keys, counter and seen.
        credentials: key pairs, for ECDSA, general-signing and agreed keys; where there is a ring, they are in it.
    """

    sap: int
    mechanism: Mechanism = Mechanism.NONE
    rights: Mapping[Obis, Rights] = field(default_factory=dict)
    secret: bytes = field(default=b"", repr=False)
    keys: Keys | None = None
    policy: Policy = Policy.NONE
    title: bytes | None = None
    counter: Counter | None = field(default=None, compare=False, repr=False)
    seen: SeenCounter = field(default_factory=SeenCounter, compare=False, repr=False)
    ring: KeyRing | None = field(default=None, compare=False, repr=False)
    credentials: Credentials | None = None

    def key_sets(self) -> tuple[KeySet, ...]:
        """The global keys that may open an association, the newest first."""
        if self.ring is not None:
            return self.ring.candidates()
        if self.keys is None or self.counter is None:
            return ()
        return (KeySet(self.keys, self.counter, self.seen),)

    @property
    def demanded(self) -> int:
        """The least protection of a request now."""
        return int(self.policy) if self.ring is None else int(self.policy | self.ring.policy)

    @property
    def pairs(self) -> Credentials | None:
        """The key pairs for an association that opens now."""
        return self.credentials if self.ring is None else self.ring.credentials

    def __post_init__(self) -> None:
        """Refuse an entry that could not be kept."""
        if self.keys is not None and self.counter is None:
            raise UsageError(
                f"client {self.sap} has keys but no invocation counter",
                why="A counter that starts anew after a restart uses nonces twice.",
            )
        doubled = self.keys is not None or self.credentials is not None
        if self.ring is not None and (doubled or not self.policy & Policy.AUTHENTICATED):
            raise UsageError(f"client {self.sap}: a ring stands for its keys, under a policy of authentication")
        if self.ring is not None:
            # Class 64 shows and strengthens what the ring says; the entry's policy is its floor.
            self.ring.policy |= self.policy
        keyed = self.keys is not None or self.ring is not None
        if (self.mechanism is Mechanism.GMAC and not keyed) or (self.policy and not keyed and self.pairs is None):
            raise UsageError(f"client {self.sap} needs keys for its mechanism or policy")
        signing = self.pairs is not None and self.pairs.signing is not None
        if (self.mechanism is Mechanism.ECDSA or self.policy & Policy.SIGNED) and not signing:
            raise UsageError(f"client {self.sap} needs a digital signature key pair for its mechanism or policy")
        if self.mechanism.has_secret != bool(self.secret):
            raise UsageError(f"client {self.sap}: a secret goes with LLS and HLS 3, 4 and 6, and they with a secret")


def rights_to_all(objects: Iterable[ServerObject], *, write: bool = False, invoke: bool = False) -> dict[Obis, Rights]:
    """Rights to read every object, and to write and invoke where asked for."""
    return {item.obis: item.full_rights(write=write, invoke=invoke) for item in objects}
