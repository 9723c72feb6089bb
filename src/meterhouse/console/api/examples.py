"""One worked example for the OpenAPI page, built from the documents themselves so that it can't drift from them.

It is the payment of the field's own worked example: 20.00 paid, a debt share of 20 %, 4.00 to debt, 16.00 in the token.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel

from meterhouse.app.sight import SightError
from meterhouse.console.api.documents import (
    ButtonDocument,
    ClockDocument,
    EventDocument,
    HalfHourDocument,
    HealthDocument,
    HomeDetailDocument,
    HomeDocument,
    KeyInDocument,
    MeterDocument,
    MoneyDocument,
    PaymentDocument,
    ProblemDocument,
    StageDocument,
)
from meterhouse.console.api.hand_documents import DisplayDocument, DisplayLineDocument, HandDocument
from meterhouse.console.problem import PROBLEM_JSON, problem_of
from meterhouse.model import Fuel, LinkError, MeterhouseError, NotFoundError, PolicyError, UsageError

__all__ = [
    "BUTTON",
    "CLOCK",
    "CSV",
    "DISPLAY",
    "HAND",
    "HEALTH",
    "HOME",
    "HOME_DETAIL",
    "KEY_IN",
    "PAYMENT",
    "REFUSALS",
    "answers",
]

_CONTACT: Final = "2026-11-21T07:30:00Z"


def _gbp(amount: str) -> MoneyDocument:
    return MoneyDocument(amount=amount, currency="GBP")


_METER: Final = MeterDocument(
    fuel=Fuel.GAS,
    serial="G4-000007",
    mode="prepay",
    supply="on",
    register_total=1_234_567,
    unit="litres",
    link_ok=True,
    last_contact=_CONTACT,
    balance=_gbp("16.00"),
    debt=_gbp("46.00"),
    cutoff_litres=1_255_000,
    countdown_half_hours=48,
    low_credit=False,
    why="",
    account="1007",
    account_in="hub",
)
HOME: Final = HomeDocument(
    home="07", account="1007", hub_online=True, last_collected=_CONTACT, note="", meters=[_METER]
)
PAYMENT: Final = PaymentDocument(
    request="counter-20261121-0001",
    account="1007",
    fuel=Fuel.GAS,
    home="07",
    paid=_gbp("20.00"),
    to_debt=_gbp("4.00"),
    in_token=_gbp("16.00"),
    debt_left=_gbp("46.00"),
    token="12345678901234567890",  # noqa: S106 - twenty digits that open nothing
    made_at=_CONTACT,
    stages=[StageDocument(name="made", at=_CONTACT, why="")],
)
HOME_DETAIL: Final = HomeDetailDocument(
    **HOME.model_dump(),
    half_hours={Fuel.GAS: [HalfHourDocument(end=_CONTACT, value=214)]},
    payments=[PAYMENT],
    events=[EventDocument(at=_CONTACT, kind="valve.opened", said="The gas valve opened at 1\u202f234.567 m³.")],
)
KEY_IN: Final = KeyInDocument(
    accepted=True, amount=_gbp("16.00"), balance=_gbp("18.20"), why="", remedy="", fuel=Fuel.GAS
)
BUTTON: Final = ButtonDocument(supply="on", said="The gas supply is restored.")
DISPLAY: Final = DisplayDocument(
    title="gas meter", lines=[DisplayLineDocument(name="check digits", value="246801", warns=False)]
)
HAND: Final = HandDocument(accepted=True, said="Type 0512345678 on the gas meter.", code="0512345678")
CLOCK: Final = ClockDocument(now=_CONTACT, speed=300)
HEALTH: Final = HealthDocument(status="ok", homes=12, hubs_online=11, oldest_collected=_CONTACT)
CSV: Final = f"half_hour_end_utc,gas_litres\r\n{_CONTACT},214\r\n"

REFUSALS: Final[dict[str, MeterhouseError]] = {
    "not found": NotFoundError("There is no home '99'."),
    "not seen": SightError(
        "A key of the role operator does not see payments of home 07.",
        why="Who sees which data of a home is settled in one table, for everybody.",
        remedy="Ask the operator for what you need.",
    ),
    "policy": PolicyError(
        "This Idempotency-Key was used for another payment.",
        why="One key stands for one payment.",
        remedy="Use a new key for a new payment.",
    ),
    "usage": UsageError("amount 'twenty' is not a number", remedy="Write it like 20.00."),
    "link": LinkError("The hub of home '07' gave no answer."),
}


def answers(success: HTTPStatus, example: BaseModel | list[BaseModel] | str, *refusals: str) -> dict[int | str, Any]:
    """The `responses` of one operation: its success with an example (a text is CSV), and its possible problems."""
    media = "text/csv" if isinstance(example, str) else "application/json"
    table: dict[int | str, Any] = {
        success.value: {"description": success.phrase, "content": {media: {"example": _plain(example)}}}
    }
    for name in refusals:
        problem = problem_of(REFUSALS[name])
        table[problem.status.value] = {
            "description": problem.status.phrase,
            "content": {
                PROBLEM_JSON: {"schema": ProblemDocument.model_json_schema(), "example": problem.document()},
            },
        }
    return table


def _plain(example: BaseModel | list[BaseModel] | str) -> Any:
    if isinstance(example, str):
        return example
    if isinstance(example, list):
        return [one.model_dump(mode="json") for one in example]
    return example.model_dump(mode="json")
