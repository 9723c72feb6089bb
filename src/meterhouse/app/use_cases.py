"""The catalogue of use cases that comes with the house, and the limits that it names, read from their files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from meterhouse.companion.limits import Limits, parse_field_limits
from meterhouse.companion.sealed import Catalogue, parse_catalogue

__all__ = ["own_catalogue", "own_limits"]


@cache
def own_limits() -> Limits:
    """The limits of fields in `companion/limits.toml`."""
    return parse_field_limits(files("meterhouse.companion").joinpath("limits.toml").read_text(encoding="utf-8"))


def own_catalogue(limits: Limits | None = None) -> Catalogue:
    """Every use case in `companion/sealed/catalogue.toml`, within the house's limits, or within tighter ones."""
    text = files("meterhouse.companion.sealed").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return parse_catalogue(text, own_limits() if limits is None else limits)
