"""The token schemes of a data folder: STS always, and whatever its file `schemes.toml` sets up beside it.

::

    [sts-ea07]                          # STA under 160-bit keys; sts-ea07-dkga02 for the oldest meters
    tables = "sta.toml"                 # the licensed tables; a path is from the data folder

    [utrn]
    originator = "90B3D51F30000001"     # the supplier, as devices know it
    [utrn.devices]                      # the public point of each device's key agreement certificate, 64 octets in hex
    "90B3D51F30000002" = "…"

    [openpaygo]
    unit_price = "0.25"                 # of a unit of time
    currency = "GBP"
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from meterhouse.model import ConfigurationError, Eui64, Money, UsageError
from meterhouse.protocols.sts import StaTables
from meterhouse.store.openpaygo_service import OpenPaygoService
from meterhouse.supplier.vending import (
    EA07_DKGA02,
    EA07_DKGA04,
    EncryptionSchemes,
    EncryptionService,
    KeyStore,
    StsService,
    UtrnService,
)

__all__ = ["SCHEMES_FILE", "token_schemes"]

SCHEMES_FILE: Final = "schemes.toml"

_POINT: Final = 64


def token_schemes(folder: Path, keys: KeyStore) -> EncryptionSchemes:
    """The services of every scheme that a data folder sets up, over one key store.

    Raises:
        ConfigurationError: the file cannot be read, or sets up what cannot be.
    """
    services: dict[str, EncryptionService] = {"sts": StsService(keys)}
    path = folder / SCHEMES_FILE
    if not path.exists():
        return EncryptionSchemes(services)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        for scheme, table in tables.items():
            services[scheme] = _MAKERS[scheme](folder, keys, table)
    except KeyError as error:
        raise ConfigurationError(
            f"{path}: {error} is missing or unknown",
            why=f"Schemes: {', '.join(_MAKERS)}.",
            remedy="See docs/how-to/tokens.md.",
        ) from error
    except (OSError, ValueError, AttributeError, TypeError, UsageError) as error:
        raise ConfigurationError(f"{path} cannot be used", why=f"{error}.", remedy="Correct the file.") from error
    return EncryptionSchemes(services)


def _ea07(folder: Path, keys: KeyStore, table: Mapping[str, Any]) -> EncryptionService:
    return StsService(keys, EA07_DKGA04(_tables(folder, table)))


def _ea07_dkga02(folder: Path, keys: KeyStore, table: Mapping[str, Any]) -> EncryptionService:
    return StsService(keys, EA07_DKGA02(_tables(folder, table)))


def _tables(folder: Path, table: Mapping[str, Any]) -> StaTables:
    return StaTables.parse((folder / table["tables"]).read_text(encoding="utf-8"))


def _utrn(_folder: Path, keys: KeyStore, table: Mapping[str, Any]) -> EncryptionService:
    points = {Eui64.parse(device): bytes.fromhex(point) for device, point in table.get("devices", {}).items()}
    for device, point in points.items():
        if len(point) != _POINT:
            raise UsageError(f"the public point of device {device} has {len(point)} octets, not {_POINT}")

    def public(device: Eui64) -> bytes:
        try:
            return points[device]
        except KeyError:
            raise ConfigurationError(
                f"no key agreement certificate of meter {device} is at hand",
                remedy=f"Add its public point to {SCHEMES_FILE}, under [utrn.devices].",
            ) from None

    return UtrnService(keys, Eui64.parse(table["originator"]), public)


def _openpaygo(_folder: Path, keys: KeyStore, table: Mapping[str, Any]) -> EncryptionService:
    return OpenPaygoService(keys, Money.parse(table["unit_price"], table["currency"]))


_MAKERS: Final[dict[str, Callable[[Path, KeyStore, Mapping[str, Any]], EncryptionService]]] = {
    "sts-ea07": _ea07,
    "sts-ea07-dkga02": _ea07_dkga02,
    "utrn": _utrn,
    "openpaygo": _openpaygo,
}
