"""The catalogue of use cases that comes with the house, read from its file."""

from __future__ import annotations

from importlib.resources import files

from meterhouse.companion.sealed import Catalogue, parse_catalogue

__all__ = ["own_catalogue"]


def own_catalogue() -> Catalogue:
    """Every use case in `companion/sealed/catalogue.toml`."""
    return parse_catalogue(files("meterhouse.companion.sealed").joinpath("catalogue.toml").read_text(encoding="utf-8"))
