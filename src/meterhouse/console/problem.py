"""Every refusal as an RFC 9457 problem: what happened, why, and what to do next.

A problem never carries a traceback or the text of an unexpected exception; that goes to the log, under `trace_id`.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from meterhouse.app.sight import SightError
from meterhouse.model import (
    ConfigurationError,
    LinkError,
    MeterhouseError,
    NotFoundError,
    PolicyError,
    RefusedError,
    RemoteError,
    StateError,
    StorageError,
    UsageError,
)

__all__ = ["PROBLEM_JSON", "Problem", "answer_problems", "problem_of", "problem_response"]

PROBLEM_JSON: Final = "application/problem+json"

_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem detail. `retry` says whether the same request may succeed later."""

    status: HTTPStatus
    detail: str
    why: str
    next: str
    retry: bool = False
    trace_id: str = ""

    def document(self) -> dict[str, str | int | bool]:
        """The members of RFC 9457 §3.1, and our `why`, `next`, `retry` and, for what nobody foresaw, `trace_id`."""
        members: dict[str, str | int | bool] = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
            "why": self.why,
            "next": self.next,
            "retry": self.retry,
        }
        return members | {"trace_id": self.trace_id} if self.trace_id else members


@dataclass(frozen=True, slots=True)
class _Kind:
    status: HTTPStatus
    why: str
    next: str


_KINDS: Final[tuple[tuple[type[MeterhouseError], _Kind], ...]] = (
    (
        UsageError,
        _Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "A value is outside what is allowed.", "Correct it and send it again."),
    ),
    (
        NotFoundError,
        _Kind(HTTPStatus.NOT_FOUND, "Nothing in this street goes by that name.", "Look it up under /api/v1/homes."),
    ),
    (SightError, _Kind(HTTPStatus.FORBIDDEN, "This key does not see it.", "Ask the operator for another key.")),
    (PolicyError, _Kind(HTTPStatus.CONFLICT, "A rule of the house says no.", "Don't repeat it; change the request.")),
    (
        StateError,
        _Kind(HTTPStatus.CONFLICT, "It isn't allowed as things stand now.", "Look at the home first, then decide."),
    ),
    (RefusedError, _Kind(HTTPStatus.CONFLICT, "The device said no.", "Look at the home first, then decide.")),
    (
        ConfigurationError,
        _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The street isn't set up for it.", "Ask the operator of this street."),
    ),
    (
        StorageError,
        _Kind(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "It couldn't be stored, so nothing was done.",
            "Free the disk, then send the same request again.",
        ),
    ),
    (
        LinkError,
        _Kind(HTTPStatus.SERVICE_UNAVAILABLE, "There was no answer in time.", "Send the same request again."),
    ),
    (
        RemoteError,
        _Kind(HTTPStatus.BAD_GATEWAY, "A device gave an answer that isn't valid.", "Look at the home's events."),
    ),
)
_OTHER: Final = _Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "It is a fault of this program.", "Report it with its log.")


def problem_of(error: MeterhouseError) -> Problem:
    """The problem of one of the house's errors; the error's own why and remedy go before its kind's."""
    kind = next((kind for root, kind in _KINDS if isinstance(error, root)), _OTHER)
    return Problem(kind.status, error.what, error.why or kind.why, error.remedy or kind.next, error.retry)


def problem_response(problem: Problem) -> JSONResponse:
    """The problem as an answer."""
    return JSONResponse(problem.document(), status_code=problem.status.value, media_type=PROBLEM_JSON)


def answer_problems(app: FastAPI) -> None:
    """Make `app` answer every error as a problem: the house's, HTTP's, a malformed request's, and the unforeseen."""
    app.add_exception_handler(MeterhouseError, _house_error)
    app.add_exception_handler(RequestValidationError, _malformed_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unforeseen)


async def _house_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, MeterhouseError):
        raise error
    return problem_response(problem_of(error))


async def _malformed_request(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    detail = f"{where}: {first['msg']}"
    kind = dict(_KINDS)[UsageError]
    why = "The request doesn't have the form that /api/v1/openapi.json describes."
    return problem_response(Problem(kind.status, detail, why, "Correct it and send it again."))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    detail = f"{request.method} {request.url.path}: {status.phrase.lower()}"
    why = status.description or "The address or the method is not one of this API's."
    return problem_response(Problem(status, detail, f"{why.rstrip('.')}.", "See /api/v1/openapi.json."))


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    trace_id = uuid4().hex
    _LOG.error("%s %s failed, trace %s", request.method, request.url.path, trace_id, exc_info=error)
    detail = "Something went wrong inside the console."
    step = f"Report it to the operator, with trace {trace_id}."
    return problem_response(Problem(_OTHER.status, detail, _OTHER.why, step, trace_id=trace_id))
