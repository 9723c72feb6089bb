"""One call of the head end's in progress, and how urgent it is on a full line."""

from __future__ import annotations

from dataclasses import dataclass, field

from meterhouse.companion.relay import Call, Frame, LineClass
from meterhouse.model import Instant
from meterhouse.protocols import dlms
from meterhouse.supplier.headend.account_address import Route, Talk
from meterhouse.supplier.headend.hub_queue import HubQueue
from meterhouse.supplier.headend.jobs import CollectDays, DeliverToken, Job, ReadHubLog

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """One call.

    Attributes:
        number: the head end's own.
        queue: of the hub.
        job: what is being done.
        talk: its conversation, begun.
        route: where the APDU that is due goes.
        first: the first APDU, sent when the hub has answered.
        answer_by: when the other side has been silent for too long.
        answered: whether the hub has taken the call.
        decoder: of what comes back.
    """

    number: int
    queue: HubQueue
    job: Job
    talk: Talk[None]
    route: Route
    first: bytes
    answer_by: Instant
    answered: bool = False
    decoder: dlms.wrapper.Decoder = field(default_factory=dlms.wrapper.Decoder)

    def call(self) -> Frame:
        """The CALL that asks for it: payments before orders, orders before what is read for the record."""
        urgent = isinstance(self.job, DeliverToken)
        patient = isinstance(self.job, CollectDays | ReadHubLog)
        line_class = LineClass.VEND if urgent else LineClass.BULK if patient else LineClass.ORDER
        return Call(self.queue.hub.identity, line_class).frame(self.number)
