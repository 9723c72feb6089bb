"""The hub's associations: those it serves, to head end and public, and its own with the electricity meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from meterhouse.companion import objects
from meterhouse.crypto import PublicPoint
from meterhouse.premises.hub.objects import PUBLIC_RIGHTS
from meterhouse.premises.hub.settings import HubSettings
from meterhouse.premises.orders import DeviceTrust
from meterhouse.protocols import dlms

__all__ = ["HubAssociations"]


class HubAssociations:
    """Builds servers and clients; remembers the invocation counters that they have sent and seen.

    Args:
        settings: whose keys they have.
        entropy: for challenges.
        reserved: told (which counter, up to where) of each block that may be used from now on.

    Attributes:
        gained: of the supplier that has taken the home over, whose keys the head end now has; None for the first one.
    """

    def __init__(
        self, settings: HubSettings, entropy: Callable[[int], bytes], reserved: Callable[[str, int], None]
    ) -> None:
        self._settings = settings
        self._entropy = entropy
        self._reserved = reserved
        self._counters = {"head_end": 0, "meter": 0, "head_end_seen": -1, "meter_seen": -1}
        self._meter_counter = self._counter("meter")
        self.gained: PublicPoint | None = None

    def server(self, parts: Sequence[dlms.ServerObject], trust: DeviceTrust | None) -> dlms.Server:
        """A server of these objects: all of them to the head end that the trust now in force names."""
        keys, seen = self._settings.head_end_keys, "head_end_seen"
        if trust is not None and trust.gained is not None:
            self.gained, seen = trust.gained, "gained_seen"
            keys = trust.association(keys, self._settings.identity)
        device = dlms.LogicalDevice(self._settings.serial, parts)
        head_end = dlms.ClientAccess(
            objects.HEAD_END_SAP,
            dlms.Mechanism.GMAC,
            dlms.rights_to_all(parts, write=True, invoke=True),
            keys=keys,
            policy=dlms.Policy.BOTH,
            counter=self._counter("head_end"),
            seen=self._seen(seen),
        )
        public = dlms.ClientAccess(objects.PUBLIC_SAP, rights=PUBLIC_RIGHTS)
        return dlms.Server(
            self._settings.identity.octets,
            {objects.MANAGEMENT_DEVICE: device},
            {access.sap: access for access in (head_end, public)},
            self._entropy,
        )

    def begin_meter_block(self) -> None:
        """Count on from the last block reserved towards the meter."""
        self._meter_counter = self._counter("meter")

    def meter_client(self) -> dlms.Client:
        """A new client of the electricity meter, under the counter of all before it."""
        return dlms.Client(
            dlms.ClientSettings(
                client_sap=objects.HUB_SAP,
                server_sap=objects.MANAGEMENT_DEVICE,
                mechanism=dlms.Mechanism.GMAC,
                system_title=self._settings.identity.octets,
                server_title=self._settings.meter_title,
                keys=self._settings.meter_keys,
                policy=dlms.Policy.BOTH,
                counter=self._meter_counter,
                seen=self._seen("meter_seen"),
                entropy=self._entropy,
            )
        )

    def forget_gained(self) -> None:
        """Another supplier's counters count from the beginning."""
        self._counters["gained_seen"] = -1

    def count_meter_from(self, first: int) -> None:
        """The wire's key is the meter's: nobody counts below the hubs before."""
        self._counters["meter"] = first

    def state(self) -> dict[str, Any]:
        """The counters, for a snapshot."""
        return dict(self._counters)

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's counters; whoever is built next counts on from them."""
        self._counters = dict(state)

    def _counter(self, which: str) -> dlms.Counter:
        def reserve(limit: int) -> None:
            self._counters[which] = limit
            self._reserved(which, limit)

        return dlms.Counter(self._counters[which], reserve, block=10_000)

    def _seen(self, which: str) -> dlms.SeenCounter:
        def keep(value: int) -> None:
            self._counters[which] = value

        return dlms.SeenCounter(self._counters[which], keep)
