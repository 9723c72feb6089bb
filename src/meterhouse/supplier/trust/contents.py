"""The content of the orders about a supply, for both fuels: open, close, arm."""

from __future__ import annotations

from typing import Final

from meterhouse.companion.sealed import Component, ZclFrame, encode_components
from meterhouse.model import Fuel
from meterhouse.protocols.dlms import CosemData, Obis, Tag
from meterhouse.protocols.dlms.requests import ActionRequest, Target, encode_request

__all__ = ["ARM_SUPPLY", "CUT_SUPPLY", "supply_content"]

CUT_SUPPLY: Final = {Fuel.ELECTRICITY: 0x0050, Fuel.GAS: 0x0081}
ARM_SUPPLY: Final = {Fuel.ELECTRICITY: 0x0051, Fuel.GAS: 0x0085}
"""Message code by fuel (GBCS use cases ECS43, GCS32; ECS44, GCS39)."""

_SCRIPTS: Final = Target(9, Obis.parse("0-0:10.0.106.255"), 1)
_OPEN, _ARM = 52, 54
_METERING, _CHANGE_SUPPLY = 0x0702, 0x0B
_OFF, _ARMED = 0, 1


def supply_content(fuel: Fuel, *, arm: bool) -> bytes:
    """The content of an order that cuts a supply, or arms it."""
    if fuel is Fuel.ELECTRICITY:
        script = CosemData(Tag.LONG_UNSIGNED, _ARM if arm else _OPEN)
        return encode_request(ActionRequest(0xC1, _SCRIPTS, script))
    payload = bytes(16) + bytes((_ARMED if arm else _OFF, 1))
    frame = ZclFrame(cluster_specific=True, to_client=False, sequence=0, command=_CHANGE_SUPPLY, payload=payload)
    return encode_components((Component(_METERING, frame),))
