"""Who may call the API: a bearer token of the right scope, where the operator has given out keys."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from meterhouse.console.problem import Problem, problem_response
from meterhouse.store.api_keys import ApiScope

__all__ = ["ScopeGuard", "bearer"]

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ScopeGuard:
    """ASGI middleware: reading needs `read`, selling needs `vend`, anything else needs `admin`.

    Args:
        app: what it guards.
        scope_of: what a token may do, the empty one of a call without any too; None for nothing.
    """

    def __init__(self, app: ASGIApp, scope_of: Callable[[str], ApiScope | None]) -> None:
        self._app = app
        self._scope_of = scope_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        problem = self._refusal(scope) if scope["type"] == "http" else None
        if problem is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(problem)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        held = self._scope_of(bearer(Headers(scope=scope).get("authorization", "")))
        if held is None:
            return Problem(
                HTTPStatus.UNAUTHORIZED,
                "The request carries no key of this console.",
                "The operator has given out keys, so every call needs one.",
                "Send the header Authorization: Bearer and your key; ask the operator for one.",
            )
        wanted = _wanted(scope)
        if held.covers(wanted):
            return None
        return Problem(
            HTTPStatus.FORBIDDEN,
            f"A key with scope {held.value} may not do this.",
            f"It needs scope {wanted.value}.",
            f"Ask the operator for a key with scope {wanted.value}.",
        )


def bearer(header: str) -> str:
    """The token in an Authorization header; empty for none."""
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _wanted(scope: Scope) -> ApiScope:
    if scope["method"] in _READING:
        return ApiScope.READ
    return ApiScope.VEND if scope["path"].rstrip("/").endswith("/payments") else ApiScope.ADMIN
