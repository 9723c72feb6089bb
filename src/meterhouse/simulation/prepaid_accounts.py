"""The prepay accounts of a home as a judge sees them: whose fuel, which machine speaks for it, which meter it is of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from meterhouse.app.fuel_sites import ElectricitySite, GasSite
from meterhouse.app.site import HomeSite
from meterhouse.model import Fuel
from meterhouse.premises.half_hours import HalfHourLog
from meterhouse.premises.prepay import PrepayAccount

__all__ = ["PrepaidAccount", "prepaid_accounts"]


@dataclass(frozen=True, slots=True)
class PrepaidAccount:
    """One account, wherever it stands.

    Attributes:
        machine: that holds it, by the name under which it tells of it.
        log: of the meter itself.
        plan: what the account was opened with.
    """

    home: str
    fuel: Fuel
    machine: str
    account: PrepayAccount
    log: HalfHourLog
    plan: GasSite | ElectricitySite


def prepaid_accounts(site: HomeSite) -> Iterator[PrepaidAccount]:
    """Of one home: gas first."""
    gas = site.hub.account
    if gas is not None and site.gas is not None and site.plan.gas is not None:
        yield PrepaidAccount(site.plan.home, Fuel.GAS, site.hub.name, gas, site.gas.backlog.log, site.plan.gas)
    for machine, prepaid in (
        (site.hub.name, site.hub.electricity_account),
        (site.electricity.name, site.electricity.prepaid),
    ):
        if prepaid is not None:
            log, plan = site.electricity.log, site.plan.electricity
            yield PrepaidAccount(site.plan.home, Fuel.ELECTRICITY, machine, prepaid.account, log, plan)
