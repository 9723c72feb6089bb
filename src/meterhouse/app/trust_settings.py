"""Settings of one place of the trust office, read from its own `policy.toml`: signing daemon, confirm service, desk."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meterhouse.companion.brake import BrakeLimits
from meterhouse.model import HOUR, MINUTE, ConfigurationError, Eui64, MeterhouseError
from meterhouse.supplier.trust import CutHours, OrderPolicy

__all__ = ["POLICY", "TrustSettings", "parse_trust_settings", "policy_text"]

POLICY: Final = "policy.toml"
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FIELDS: Final = {
    "supplier",
    "confirm",
    "fleet",
    "officers",
    "zone",
    "cut_from",
    "cut_until",
    "cut_days",
    "holidays",
    "cooling_off_minutes",
    "mandate_hours",
    "group_disable",
    "feeders",
}

_MEND: Final = "Mend it by the file that `meterhouse trust init` writes, or restore it from a backup."

_TEXT: Final = """\
# Rules of one place of the trust office. Each place has a file of its own, and none believes another's.

supplier = "{supplier}"
confirm = "{confirm}"

# The brake: 0.05 % of the fleet in an hour (3 at least), 0.2 % in a day, 5 % of a feeder, one home a second.
fleet = {fleet}
officers = [{officers}]       # exactly three; two of them release it

# When a supply may be cut, in local time.
zone = "{zone}"
cut_from = "09:00"
cut_until = "15:00"
cut_days = ["mon", "tue", "wed", "thu"]
holidays = []                 # days such as 2026-12-25

cooling_off_minutes = 15
mandate_hours = 6
group_disable = false         # orders for a group of homes; two officers approve each where it is true

[feeders]                     # homes on each feeder
"""


@dataclass(frozen=True, slots=True)
class TrustSettings:
    """What a place goes by.

    Attributes:
        supplier: who signs orders.
        confirm: who confirms them.
        policy: the rules' numbers.
        limits: of its brake.
        officers: three names.
    """

    supplier: Eui64
    confirm: Eui64
    policy: OrderPolicy
    limits: BrakeLimits
    officers: tuple[str, ...]


def policy_text(supplier: Eui64, confirm: Eui64, fleet: int, officers: tuple[str, ...], zone: str) -> str:
    """A new file, with every rule at its default."""
    names = ", ".join(f'"{name}"' for name in officers)
    return _TEXT.format(supplier=supplier, confirm=confirm, fleet=fleet, officers=names, zone=zone)


def parse_trust_settings(path: Path) -> TrustSettings:
    """The settings in a file.

    Raises:
        ConfigurationError: it is not there, not TOML, or a field is unknown, missing or wrong.
    """
    try:
        return _settings(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read",
            why=f"The system says: {error.strerror or error}.",
            remedy="Restore it from a backup; a new trust folder is made by: meterhouse trust init",
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.what}", why=error.why, remedy=error.remedy or _MEND) from error
    except (TypeError, ValueError, AttributeError, MeterhouseError, ZoneInfoNotFoundError) as error:
        why = error.sentence() if isinstance(error, MeterhouseError) else f"{error}."
        raise ConfigurationError(f"{path} is not as it must be", why=why, remedy=_MEND) from error
    except KeyError as error:
        raise ConfigurationError(f"{path} has no field {error}", remedy=_MEND) from error


def _settings(told: Mapping[str, Any]) -> TrustSettings:
    if unknown := set(told) - _FIELDS:
        raise ConfigurationError(f"the rules have unknown fields: {', '.join(sorted(unknown))}")
    officers = tuple(str(name) for name in told["officers"])
    if len(set(officers)) != 3:
        raise ConfigurationError("a brake needs exactly three different officers")
    hours = CutHours(
        ZoneInfo(str(told["zone"])),
        _minute(told["cut_from"]),
        _minute(told["cut_until"]),
        frozenset(_DAYS.index(day) for day in told["cut_days"]),
        frozenset(day if isinstance(day, date) else date.fromisoformat(day) for day in told.get("holidays", [])),
    )
    policy = OrderPolicy(
        cooling_off=int(told["cooling_off_minutes"]) * MINUTE,
        lasts=int(told["mandate_hours"]) * HOUR,
        hours=hours,
        group_disable=told["group_disable"] is True,
    )
    if not (policy.cooling_off >= 0 and 0 < policy.lasts <= 24 * HOUR and hours.first < hours.last):
        raise ConfigurationError("cooling-off, mandate or hours of the day are none")
    limits = BrakeLimits(int(told["fleet"]), feeders={str(k): int(v) for k, v in told.get("feeders", {}).items()})
    supplier, confirm = Eui64.parse(str(told["supplier"])), Eui64.parse(str(told["confirm"]))
    return TrustSettings(supplier, confirm, policy, limits, officers)


def _minute(text: str) -> int:
    hour, _, minute = str(text).partition(":")
    value = int(hour) * 60 + int(minute)
    if not 0 <= value <= 24 * 60:
        raise ValueError(f"'{text}' is no time of day")
    return value
