"""The counter of a data folder, opened by itself: for tills and checks while no street runs on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from meterhouse.app.key_plan import KeyPlan, open_key_store
from meterhouse.app.street import parse_street
from meterhouse.app.token_schemes import token_schemes
from meterhouse.model import ConfigurationError
from meterhouse.store import Database, DataFolder, KeyUsage, Till, read_limits

__all__ = ["open_books", "open_counter"]


@contextmanager
def open_counter(path: Path) -> Iterator[Till]:
    """The till of a data folder, with its keys and its limits; what a crash left pending is finished first.

    Raises:
        ConfigurationError: it is no data folder, or a street runs on it: then ask that street's API.
        StorageError: it cannot be used.
    """
    _there(path)
    with (
        DataFolder(path) as folder,
        closing(KeyUsage(folder.keys)) as usage,
        Database(folder.url) as database,
    ):
        plan = _plan_of(path)
        services = token_schemes(path, open_key_store(plan, folder.keys, usage))
        yield Till(database, services, os.urandom, limits=read_limits(path), apart=plan.apart)


@contextmanager
def open_books(path: Path) -> Iterator[Database]:
    """The database of a data folder, also while a street runs on it: readers do not disturb it."""
    _there(path)
    with Database(f"sqlite:///{path / 'meterhouse.db'}") as database:
        yield database


def _plan_of(path: Path) -> KeyPlan:
    """Where the folder's street has its keys; a folder without a street has them inside."""
    street = path / "street.toml"
    return parse_street(street.read_text(encoding="utf-8"), str(street)).keys if street.exists() else KeyPlan()


def _there(path: Path) -> None:
    if not (path / "meterhouse.db").exists():
        raise ConfigurationError(
            f"{path} is not a data folder", remedy="Name the folder that `meterhouse up` uses, or start one with it."
        )
