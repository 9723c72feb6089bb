"""One use case: a message code, who may send it, and what its content may hold."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from meterhouse.companion.sealed.cosem import decode_steps
from meterhouse.companion.sealed.counters import CounterClass
from meterhouse.companion.sealed.errors import SealedError
from meterhouse.companion.sealed.gbz import decode_components
from meterhouse.companion.sealed.parties import Role
from meterhouse.protocols.dlms.accessing import AccessKind
from meterhouse.protocols.dlms.requests import Target

__all__ = ["ComponentRule", "ContentKind", "FieldLimit", "StepRule", "UseCase"]


class ContentKind(StrEnum):
    """What a message carries."""

    GBZ = "gbz"
    COSEM = "cosem"


@dataclass(frozen=True, slots=True)
class FieldLimit:
    """An unsigned little-endian field of a ZCL payload, or the integer of a COSEM step, and its range.

    Attributes:
        name: for people.
        offset: of the field in the payload; 0 for COSEM.
        size: bytes of the field; 0 for COSEM.
        least: the smallest value taken.
        most: the largest.
    """

    name: str
    offset: int
    size: int
    least: int
    most: int

    def holds(self, payload: bytes) -> bool:
        """Whether the field is there and within its range."""
        end = self.offset + self.size
        return len(payload) >= end and self.allows(int.from_bytes(payload[self.offset : end], "little"))

    def allows(self, value: object) -> bool:
        """Whether a value is an integer within the range."""
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class ComponentRule:
    """A ZCL command that may occur: cluster, command id, whether it is the cluster's own, which way it goes."""

    cluster: int
    command: int
    cluster_specific: bool
    to_client: bool
    limits: tuple[FieldLimit, ...] = ()

    def names(self, command: tuple[int, int, bool, bool]) -> bool:
        """Whether it is about this cluster, command id, kind of command and direction."""
        return command == (self.cluster, self.command, self.cluster_specific, self.to_client)


@dataclass(frozen=True, slots=True)
class StepRule:
    """A COSEM step that may occur."""

    kind: AccessKind
    target: Target
    limits: tuple[FieldLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class UseCase:
    """One row of the catalogue.

    Attributes:
        code: message code.
        name: as GBCS calls it.
        roles: who may send it.
        counter_class: which counter it raises.
        critical: whether it needs signature and mandate.
        effect: what it touches; `nothing` for a read.
        content: what it carries.
        components: the ZCL commands that may occur; empty for COSEM.
        steps: the COSEM steps that may occur; empty for ZigBee.
    """

    code: int
    name: str
    roles: frozenset[Role]
    counter_class: CounterClass
    critical: bool
    effect: str
    content: ContentKind
    components: tuple[ComponentRule, ...] = ()
    steps: tuple[StepRule, ...] = ()

    def check(self, content: bytes) -> None:
        """Let content pass that holds nothing but what this use case allows, within its limits.

        Raises:
            SealedError: it is malformed, another command, or a field is out of range; nothing of it may be done.
        """
        if self.content is ContentKind.GBZ:
            self._check_components(content)
        else:
            self._check_steps(content)

    def _check_components(self, content: bytes) -> None:
        for component in decode_components(content):
            frame = component.frame
            named = (component.cluster, frame.command, frame.cluster_specific, frame.to_client)
            for rule in self.components:
                if rule.names(named) and frame.manufacturer is None:
                    break
            else:
                raise SealedError(
                    f"{self.name} has no command {frame.command:#04x} of cluster {component.cluster:#06x}"
                )
            _complain(self.name, [limit.name for limit in rule.limits if not limit.holds(frame.payload)])

    def _check_steps(self, content: bytes) -> None:
        for step in decode_steps(content):
            rule = next((rule for rule in self.steps if (rule.kind, rule.target) == (step.kind, step.target)), None)
            if rule is None:
                raise SealedError(f"{self.name} has no {step.kind.name.lower()} of {step.target}")
            value = None if step.data is None else step.data.value
            _complain(self.name, [limit.name for limit in rule.limits if not limit.allows(value)])


def _complain(name: str, broken: list[str]) -> None:
    if broken:
        raise SealedError(f"{name}: {', '.join(broken)} is missing or outside its limits")
