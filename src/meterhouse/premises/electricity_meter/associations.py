"""Who may do what at a meter's server, under which keys and counters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from meterhouse.companion import objects
from meterhouse.companion.account_objects import ELECTRICITY_CUTOFF
from meterhouse.premises.electricity_meter.objects import (
    CUTOFF_RIGHTS,
    HUB_RIGHTS,
    MIRROR_RIGHTS,
    OPEN_READER_RIGHTS,
    PUBLIC_RIGHTS,
)
from meterhouse.premises.electricity_meter.settings import ElectricityMeterSettings
from meterhouse.protocols import dlms

__all__ = ["MeterAssociations"]

_FIRST_COUNTER: Final = 1
"""There are clients, dlms-cosem among them, that take a first invocation counter of 0 for a replay."""


class MeterAssociations:
    """Builds servers; remembers the invocation counters that they have sent and seen.

    Args:
        settings: whose keys they have.
        entropy: for challenges.
        reserved: told (which client, up to where) of each block that may be used from now on.
    """

    __slots__ = ("_entropy", "_reserve", "_reserved", "_seen", "_settings")

    def __init__(
        self,
        settings: ElectricityMeterSettings,
        entropy: Callable[[int], bytes],
        reserved: Callable[[int, int], None],
    ) -> None:
        self._settings = settings
        self._entropy = entropy
        self._reserve = reserved
        self._reserved = {objects.HEAD_END_SAP: _FIRST_COUNTER, objects.HUB_SAP: _FIRST_COUNTER}
        self._seen = {objects.HEAD_END_SAP: -1, objects.HUB_SAP: -1}

    @property
    def head_end_seen(self) -> int:
        """The newest invocation counter believed of the head end; -1 before the first."""
        return self._seen[objects.HEAD_END_SAP]

    @head_end_seen.setter
    def head_end_seen(self, value: int) -> None:
        self._seen[objects.HEAD_END_SAP] = value

    def server(self, device: dlms.LogicalDevice, head_end_keys: dlms.Keys) -> dlms.Server:
        """A server of this device, to a head end with these keys."""
        settings = self._settings
        clients = [
            self._proved(objects.HEAD_END_SAP, head_end_keys, self._of_head_end(device)),
            self._proved(objects.HUB_SAP, settings.hub_keys, self._of_hub()),
            dlms.ClientAccess(objects.PUBLIC_SAP, rights=PUBLIC_RIGHTS),
        ]
        if settings.open_reader:
            clients.append(dlms.ClientAccess(objects.OPEN_READER_SAP, rights=OPEN_READER_RIGHTS))
        return dlms.Server(
            settings.identity.octets,
            {objects.MANAGEMENT_DEVICE: device},
            {client.sap: client for client in clients},
            self._entropy,
        )

    @staticmethod
    def _of_head_end(device: dlms.LogicalDevice) -> dict[dlms.Obis, dlms.Rights]:
        everything = dlms.rights_to_all(device.objects.values(), write=True, invoke=True)
        if ELECTRICITY_CUTOFF in everything:  # when credit ends is for the account to say, and for nobody afar
            everything[ELECTRICITY_CUTOFF] = dlms.Rights.of([1, 2])
        return everything

    def _of_hub(self) -> Mapping[dlms.Obis, dlms.Rights]:
        settings = self._settings
        rights = HUB_RIGHTS if settings.trust else OPEN_READER_RIGHTS
        if settings.prepay is not None:
            return rights | MIRROR_RIGHTS
        return rights if settings.hub_account_delay is None else rights | CUTOFF_RIGHTS

    def _proved(self, sap: int, keys: dlms.Keys, rights: Mapping[dlms.Obis, dlms.Rights]) -> dlms.ClientAccess:
        def reserve(limit: int) -> None:
            self._reserved[sap] = limit
            self._reserve(sap, limit)

        def seen(value: int) -> None:
            self._seen[sap] = value

        return dlms.ClientAccess(
            sap,
            dlms.Mechanism.GMAC,
            rights,
            keys=keys,
            policy=dlms.Policy.BOTH,
            counter=dlms.Counter(self._reserved[sap], reserve, block=10_000),
            seen=dlms.SeenCounter(self._seen[sap], seen),
        )

    def state(self) -> dict[str, Any]:
        """For a snapshot."""
        return {
            "reserved": {str(sap): value for sap, value in self._reserved.items()},
            "seen": {str(sap): value for sap, value in self._seen.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take a snapshot's; whoever is built next counts on from them."""
        self._reserved = {int(sap): value for sap, value in state["reserved"].items()}
        self._seen = {int(sap): value for sap, value in state["seen"].items()}
