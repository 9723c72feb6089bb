"""What somebody asks for, where orders are kept, and the plainest way to reckon what a batch of them would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from meterhouse.companion.brake import is_braked
from meterhouse.companion.sealed import Catalogue
from meterhouse.model import Eui64, said
from meterhouse.supplier.trust.order_policy import use_case_of
from meterhouse.supplier.trust.work_order import Step, WorkOrder

__all__ = ["OneEach", "OrderRecords", "OrderRequest"]


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What somebody wants done, before anybody has signed anything; see `WorkOrder`.

    Raises:
        UsageError: a text is too long, or holds what cannot be shown: others will read it.
    """

    device: Eui64
    home: str
    code: int
    content: bytes
    reason: str
    evidence: str
    group: str = ""

    def __post_init__(self) -> None:
        for what, text in (("home", self.home), ("reason", self.reason), ("evidence", self.evidence)):
            said(text, f"the order's {what}")
        said(self.group, "the name of the group")


class OrderRecords(Protocol):
    """Where orders are kept; what returns is durable together with the transaction it is in."""

    def number(self) -> str:
        """A number that no order had before."""

    def get(self, number: str) -> WorkOrder | None:
        """An order."""

    def by_hash(self, order_hash: bytes) -> WorkOrder | None:
        """The order with this identity on the wire."""

    def put(self, order: WorkOrder, step: Step) -> None:
        """Write an order and one line of its history."""

    def live(self) -> Sequence[WorkOrder]:
        """Every order that has not ended, oldest first."""


class OneEach:
    """The what-if of those who have none better: each order that can put a home off does."""

    __slots__ = ("_catalogue",)

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def homes_off(self, batch: Sequence[WorkOrder]) -> int:
        """As many as there are homes in the batch."""
        return len({order.home for order in batch if is_braked(use_case_of(self._catalogue, order.code))})
