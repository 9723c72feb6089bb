"""Where an operation finds the desk it sits at."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from meterhouse.app.desk import Desk

__all__ = ["Chair"]


def _desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


Chair = Annotated[Desk, Depends(_desk_of)]
"""The desk of the application that got the request."""
