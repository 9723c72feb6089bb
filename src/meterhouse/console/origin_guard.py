"""A guard against other web sites that a visitor's browser also has open.

The console has no login yet: whoever can reach its port may act. It therefore binds to loopback by default. That alone
doesn't stop a foreign web page, which can make the visitor's own browser post to 127.0.0.1, or point its own host name
there (DNS rebinding). So:

* the Host header must be `localhost`, an address written in digits, or a name that the operator gave;
* whatever may change something (any method but GET, HEAD and OPTIONS, and every websocket) must come without an Origin
  header, as from a command line, or with an Origin equal to Host, and never with `Sec-Fetch-Site: cross-site`.

It doesn't stop other users or programs of the same machine; only a login would.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from meterhouse.console.problem import Problem, problem_response

__all__ = ["OriginGuard"]

_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FOREIGN: Final = frozenset({"cross-site", "same-site"})
_POLICY_VIOLATION: Final = 1008


class OriginGuard:
    """ASGI middleware that refuses with 403, before anything else has seen the request.

    Args:
        app: what it guards.
        names: host names, besides `localhost` and plain addresses, under which the console is reached.
    """

    def __init__(self, app: ASGIApp, names: Collection[str] = ()) -> None:
        self._app = app
        self._names = frozenset({"localhost", *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may pass."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        problem = self._refusal(Headers(scope=scope), scope)
        if problem is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await problem_response(problem)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": "foreign origin"})

    def _refusal(self, headers: Headers, scope: Scope) -> Problem | None:
        host = headers.get("host", "")
        if not self._known(host):
            return _problem(
                f"The host name '{host[:80]}' is not this console's.",
                "A foreign web site may have pointed its name at this machine.",
                "Open the console by its address, such as http://127.0.0.1, or start it with that host name allowed.",
            )
        if scope["type"] == "http" and scope["method"] in _READING:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and _netloc(origin) != host.lower()
        if foreign or headers.get("sec-fetch-site") in _FOREIGN:
            return _problem(
                "The request comes from a page of another origin.",
                "Only the console's own pages may act through a browser, since there is no login yet.",
                "Use the console's own page, or send the request without a browser.",
            )
        return None

    def _known(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if name is None:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _problem(detail: str, why: str, step: str) -> Problem:
    return Problem(HTTPStatus.FORBIDDEN, detail, why, step)
