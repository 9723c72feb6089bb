"""The COSEM objects that our electricity meter and hub offer, and the client and server addresses they are asked by.

OBIS as in IEC 62056-6-1; channel b = 1 of the hub is the gas meter (IEC 62056-6-2 M-Bus practice, 0-b:24.x). The group
0-1:94.44.x is the country-specific range of the United Kingdom (IEC 62056-6-1 table 54); what we put there is ours.
"""

from __future__ import annotations

from typing import Final

from meterhouse.model import HALF_HOUR, HALF_HOURS_A_DAY, SECOND
from meterhouse.protocols import dlms
from meterhouse.protocols.dlms import Obis

__all__ = [
    "CLOCK",
    "DOWNLINK",
    "ELECTRICITY_DISCONNECT",
    "ELECTRICITY_IMPORT",
    "ELECTRICITY_PROFILE",
    "ELECTRICITY_PROFILE_STATUS",
    "GAS_ACCOUNT_RECORD",
    "GAS_CV",
    "GAS_DELAY",
    "GAS_HAN_FAILURE",
    "GAS_PROFILE",
    "GAS_PROFILE_STATUS",
    "GAS_VALVE",
    "GAS_VOLUME",
    "HEAD_END_SAP",
    "HUB_EVENT_CODE",
    "HUB_EVENT_DETAIL",
    "HUB_EVENT_LOG",
    "HUB_LAST_REFUSAL",
    "HUB_SAP",
    "INVOCATION_COUNTER",
    "LAST_UPLINK",
    "LOGICAL_DEVICE_NAME",
    "MANAGEMENT_DEVICE",
    "METER_ADDRESS",
    "METER_NETWORK",
    "OPEN_READER_SAP",
    "PORT_STATUS",
    "PUBLIC_SAP",
    "UPLINK_QUEUE",
    "UPLINK_SEQUENCE",
    "half_hour_profile",
    "sealed_port",
]

MANAGEMENT_DEVICE: Final = 1
"""Server address of the management logical device."""

HEAD_END_SAP: Final = 1
"""Client address of the supplier's head end: high-level security, all that a supplier may do."""

HUB_SAP: Final = 2
"""Client address of the hub on the wired M link: high-level security; reads, and writes one thing: where the credit of
an account that the hub holds ends (`account_objects.ELECTRICITY_CUTOFF`)."""

PUBLIC_SAP: Final = 16
"""Client address without security: name, clock and invocation counter only."""

OPEN_READER_SAP: Final = 32
"""Client address without security that also reads registers and profiles; offered only where a site opens it."""

METER_NETWORK: Final = 0
METER_ADDRESS: Final = b"\x01"
"""Gateway prefix (Green Book §10.10) under which a hub offers its electricity meter."""

CLOCK: Final = Obis.parse("0-0:1.0.0.255")
LOGICAL_DEVICE_NAME: Final = Obis.parse("0-0:42.0.0.255")
INVOCATION_COUNTER: Final = Obis.parse("0-0:43.1.0.255")

ELECTRICITY_IMPORT: Final = Obis.parse("1-0:1.8.0.255")
"""Active energy import, Wh."""
ELECTRICITY_PROFILE: Final = Obis.parse("1-0:99.1.0.255")
"""Half hours: clock at the end, status, register at the end."""
ELECTRICITY_PROFILE_STATUS: Final = Obis.parse("0-0:96.10.1.255")
ELECTRICITY_DISCONNECT: Final = Obis.parse("0-0:96.3.10.255")

GAS_VOLUME: Final = Obis.parse("0-1:24.2.1.255")
"""The mirrored total register, litres (10⁻³ m³), with the time of the report."""
GAS_PROFILE: Final = Obis.parse("0-1:24.3.0.255")
GAS_PROFILE_STATUS: Final = Obis.parse("0-1:96.10.3.255")
GAS_VALVE: Final = Obis.parse("0-1:24.4.0.255")
GAS_HAN_FAILURE: Final = Obis.parse("0-1:94.44.12.255")
"""Data: structure {full countdown, countdown left, link failed, half hours missed since the hub was new} (S0-129)."""
GAS_DELAY: Final = Obis.parse("0-1:94.44.16.255")
"""Data: the full countdown, half hours; written by the supplier's level of service (S0-113)."""
GAS_CV: Final = Obis.parse("0-1:94.44.20.255")
"""Data: structure {activation (octet-string date-time; null: the next half hour), calorific value in kJ/m³}; the rest
of the tariff goes on as it is (S3-113)."""
GAS_ACCOUNT_RECORD: Final = Obis.parse("0-1:94.44.21.255")
"""Data: what another hub must know of the accounts to take this one's place: of gas alone (version 1), of either fuel
where the account of electricity stands in the hub (version 2). No keys. Read by the head end only."""
HUB_EVENT_LOG: Final = Obis.parse("0-0:99.98.0.255")
"""Profile: clock, code, detail; see `companion.hub_log`."""
HUB_LAST_REFUSAL: Final = Obis.parse("0-0:94.44.19.255")
"""Data: why the hub refused what was last refused, in words (UTF-8): a result code alone does not say it."""
HUB_EVENT_CODE: Final = Obis.parse("0-0:96.11.0.255")
HUB_EVENT_DETAIL: Final = Obis.parse("0-0:94.44.18.255")

DOWNLINK: Final = 0
"""Data, write: one sealed message for the device of this channel."""
LAST_UPLINK: Final = 1
"""Data: the device's newest answer or refusal."""
UPLINK_QUEUE: Final = 2
"""Profile generic {clock, sequence, message}: what it had to tell unasked, first in first out."""
PORT_STATUS: Final = 3
"""Data: structure {state enum (1 idle, 2 a cut is pending, 4 answered), messages in the queue, highest counter
believed, reason of the last refusal (0 none), receipt for the last order (`companion.receipt`)}."""
UPLINK_SEQUENCE: Final = 5
"""Data: number of the newest message in the queue, since the device was made."""


def sealed_port(channel: int, part: int) -> Obis:
    """0-b:30.128.e.255: a port for sealed messages; b = 0 the device itself, 1 the gas meter behind a hub (D3)."""
    return Obis(bytes((0, channel, 30, 128, part, 255)))


def half_hour_profile(
    profile: Obis, status: Obis, register: dlms.CaptureObject, source: dlms.ProfileSource
) -> dlms.ServerObject:
    """A load profile of this companion: clock at the end of the half hour, status, cumulative register then."""
    columns = (
        dlms.Column(dlms.CaptureObject(dlms.CLOCK_CLASS.class_id, CLOCK, 2), dlms.Tag.OCTET_STRING),
        dlms.Column(dlms.CaptureObject(dlms.DATA.class_id, status, 2), dlms.Tag.UNSIGNED),
        dlms.Column(register, dlms.Tag.LONG64_UNSIGNED),
    )
    return dlms.profile_generic(
        profile, columns, source, period=HALF_HOUR // SECOND, capacity=13 * 31 * HALF_HOURS_A_DAY
    )
