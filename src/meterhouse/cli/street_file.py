"""The text of a street file, from a path or from the program itself."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from meterhouse.model import ConfigurationError, NotFoundError

__all__ = ["street_text"]


def street_text(street: Path | None) -> str:
    """The text of a street file; without one, of the twelve homes that come with the program.

    Raises:
        NotFoundError: there is no such file.
        ConfigurationError: it cannot be read.
    """
    if street is None:
        return resources.files("meterhouse.app").joinpath("street.toml").read_text(encoding="utf-8")
    try:
        return street.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(
            f"there is no street file {street}.", remedy="Give another path, or none for the street that comes along."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the street file {street} cannot be read.", why=f"{error}.") from error
