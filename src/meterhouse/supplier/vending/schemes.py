"""Encryption services side by side, found by the scheme on a meter's record (S3-60)."""

from __future__ import annotations

from collections.abc import Mapping

from meterhouse.model import ConfigurationError
from meterhouse.supplier.vending.records import MeterRecord
from meterhouse.supplier.vending.service import EncryptionService

__all__ = ["EncryptionSchemes"]


class EncryptionSchemes:
    """The `EncryptionServices` of a supplier.

    Args:
        services: by scheme, the word on `MeterRecord.scheme`: such as `sts`, `sts-ea07`, `utrn`, `openpaygo`.
    """

    __slots__ = ("_services",)

    def __init__(self, services: Mapping[str, EncryptionService]) -> None:
        self._services = dict(services)

    @property
    def names(self) -> tuple[str, ...]:
        """The schemes that are set up."""
        return tuple(sorted(self._services))

    def of(self, meter: MeterRecord) -> EncryptionService:
        """The service that makes this meter's tokens.

        Raises:
            ConfigurationError: none of its scheme is set up.
        """
        service = self._services.get(meter.scheme)
        if service is None:
            raise ConfigurationError(
                f"no encryption service for scheme '{meter.scheme}' of meter {meter.meter}",
                why=f"Set up here: {', '.join(self.names) or 'none'}.",
                remedy="Set the service up, or correct the meter's record.",
            )
        return service
