"""The COSEM objects of a prepay account, the same for either fuel and wherever the account stands.

Gas has channel b = 1 of its hub. Electricity has channel 0: of its hub where the account stands there, else of the
meter itself. The range 94.44.x is the country-specific one of the United Kingdom (IEC 62056-6-1 table 54); what we put
there is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from meterhouse.model import Fuel
from meterhouse.protocols.dlms import Obis

__all__ = ["ACCOUNT_OBJECTS", "ELECTRICITY_CUTOFF", "ELECTRICITY_SHOWN", "GAS_ACCOUNT_OBJECTS", "AccountObjects"]


@dataclass(frozen=True, slots=True)
class AccountObjects:
    """Of one account; money in 10⁻⁵ of the currency unit.

    Attributes:
        credit: balance in attribute 2 (current_credit_amount) of class 112.
        emergency_credit: credit of type emergency: what of it is left, its limit, its state in attribute 8.
        token_gateway: class 115.
        debt_note: Data: the debt that the supplier still sees; display only.
        tariff: Data: structure {price per kWh, standing charge per day, calorific value in kJ/m³; 0 for electricity}.
        tariff_matrix: Data: structure {activation (octet-string date-time; null: the next half hour), array of 16
            prices per kWh (rate × 4 + block), octet-string of 96 rates by half hour (working day, weekend), array of 3
            thresholds in Wh, standing charge per day, calorific value as above}.
        credit_limits: Data: structure {emergency credit, balance below which it is offered, balance below which the
            warning is on}.
        calendar: Data: array of 7 long64-unsigned, Monday first; bit n is the half hour n (UTC) in which no supply
            closes.
        reading_basis: Data: the reading from which energy is charged on, once a fallen register has been looked into.
    """

    credit: Obis
    emergency_credit: Obis
    token_gateway: Obis
    debt_note: Obis
    tariff: Obis
    tariff_matrix: Obis
    credit_limits: Obis
    calendar: Obis
    reading_basis: Obis

    @classmethod
    def on(cls, channel: int) -> AccountObjects:
        """Of the account on channel b."""
        return cls(
            *(Obis(bytes((0, channel, 19, d, e, 255))) for d, e in ((10, 0), (10, 1), (40, 0))),
            *(Obis(bytes((0, channel, 94, 44, e, 255))) for e in (10, 11, 13, 14, 15, 17)),
        )


GAS_ACCOUNT_OBJECTS: Final = AccountObjects.on(1)
ACCOUNT_OBJECTS: Final = {Fuel.ELECTRICITY: AccountObjects.on(0), Fuel.GAS: GAS_ACCOUNT_OBJECTS}

ELECTRICITY_CUTOFF: Final = Obis.parse("0-0:94.44.22.255")
"""Data of an electricity meter whose account stands in its hub: structure {cut-off register in Wh (long64-unsigned),
half hours without its hub that are left (long-unsigned; writing null leaves them as they are), arm (boolean; reading:
whether the switch stands open for want of credit)}."""

ELECTRICITY_SHOWN: Final = Obis.parse("0-0:94.44.23.255")
"""Data of an electricity meter that holds its account, for the display of its hub: structure {price per kWh of this
half hour, standing charge per day in force (both double-long-unsigned), debt at the supplier (the same; null where none
was told), whether credit is low, whether this half hour is one of friendly credit (both boolean), cut-off register in
Wh (long64-unsigned), whether the switch stands open for want of credit (boolean)}. Read only."""
