"""The head end's DLMS clients: keys from the street, invocation counters from the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from meterhouse.app.caught_up import seen_name, sent_name
from meterhouse.app.keys import StreetKeys
from meterhouse.app.site import HEAD_END
from meterhouse.companion import objects
from meterhouse.model import Eui64
from meterhouse.protocols import dlms

__all__ = ["CounterKeeper", "DeviceClients"]


class CounterKeeper(Protocol):
    """Keeps invocation counters, ours and those that were believed; what it has kept is never lowered."""

    def reserved(self, name: str) -> int:
        """The end of the last block reserved under this name; 0 before the first."""

    def reserve(self, name: str, limit: int) -> None:
        """Note, durably before it returns, that numbers below `limit` are taken."""

    def believed(self, name: str, value: int) -> None:
        """Note that a device's number was believed; durable no later than anything that is made of what it said."""


class DeviceClients:
    """Makes a client for one association; counters go on from association to association.

    Args:
        keys: of the street.
        counters: where they are kept.
        entropy: for challenges.
    """

    def __init__(self, keys: StreetKeys, counters: CounterKeeper, entropy: Callable[[int], bytes]) -> None:
        self._keys = keys
        self._counters = counters
        self._entropy = entropy
        self._settings: dict[Eui64, dlms.ClientSettings] = {}

    def client(self, device: Eui64) -> dlms.Client:
        """A client with the head end's keys for this device."""
        settings = self._settings.get(device)
        if settings is None:
            settings = self._settings[device] = self._made(device)
        return dlms.Client(settings)

    def _made(self, device: Eui64) -> dlms.ClientSettings:
        name, heard = sent_name(device), seen_name(device)

        def reserve(limit: int) -> None:
            self._counters.reserve(name, limit)

        def keep(value: int) -> None:
            self._counters.believed(heard, value)

        return dlms.ClientSettings(
            client_sap=objects.HEAD_END_SAP,
            server_sap=objects.MANAGEMENT_DEVICE,
            mechanism=dlms.Mechanism.GMAC,
            system_title=HEAD_END.octets,
            server_title=device.octets,
            keys=self._keys.association("head end", device),
            policy=dlms.Policy.BOTH,
            counter=dlms.Counter(self._counters.reserved(name), reserve),
            seen=dlms.SeenCounter(self._counters.reserved(heard) - 1, keep),
            entropy=self._entropy,
        )
