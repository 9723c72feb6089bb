"""Who may talk to a server: one entry per client SAP, nothing allowed unless said, refusals on record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from meterhouse.model import Instant, UsageError
from meterhouse.protocols.dlms.counters import Counter, SeenCounter
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.objects import Rights, ServerObject
from meterhouse.protocols.dlms.protection import Keys, Policy

__all__ = ["AuditRecord", "ClientAccess", "Mechanism", "rights_to_all"]


class Mechanism(IntEnum):
    """Authentication mechanisms that this room does; any other is refused by name."""

    NONE = 0
    LLS = 1
    GMAC = 5


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
        secret: LLS password; with LLS only.
        keys: global keys; needed for GMAC and for any policy.
        policy: the least protection that every request must have.
        title: the client's system title; None takes any that knows the keys.
        counter: our invocation counter under these keys; needed with keys, and must outlive a restart. Two entries
            with equal keys must share one `Counter`.
        seen: the client's invocation counter; likewise.
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

    def __post_init__(self) -> None:
        """Refuse an entry that could not be kept."""
        if self.keys is None and (self.policy or self.mechanism is Mechanism.GMAC):
            raise UsageError(f"client {self.sap} needs keys for its mechanism or policy")
        if self.keys is not None and self.counter is None:
            raise UsageError(
                f"client {self.sap} has keys but no invocation counter",
                why="A counter that starts anew after a restart uses nonces twice.",
            )
        if (self.mechanism is Mechanism.LLS) != bool(self.secret):
            raise UsageError(f"client {self.sap}: a secret goes with LLS, and LLS with a secret")


def rights_to_all(objects: Iterable[ServerObject], *, write: bool = False, invoke: bool = False) -> dict[Obis, Rights]:
    """Rights to read every object, and to write and invoke where asked for."""
    return {item.obis: item.full_rights(write=write, invoke=invoke) for item in objects}
