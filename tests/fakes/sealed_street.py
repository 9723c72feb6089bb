"""A street of two homes with its trust office, on mutual TLS over loopback, driven fast; and parties that turn hostile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from meterhouse.app.running_street import RunningStreet, RunSettings, open_street
from meterhouse.app.sealed_street import SealedStreet
from meterhouse.app.trust_folder import found_trust, share_staff
from meterhouse.links import SystemClock
from meterhouse.model import Fuel
from meterhouse.store import StaffKeys
from meterhouse.supplier.trust import ARM_SUPPLY, CUT_SUPPLY, Duty, OrderRequest, WorkOrder, supply_content

__all__ = ["SealedHouse", "sealed_house"]

STREET = """
[street]
name = "Two homes"
start = 2026-01-05T08:55:00Z

[gas]
price = "0.0737"
standing_charge = "0.2911"
cv = 39_500

[[home]]
id = "01"
gas = { mode = "prepay", opening_balance = "7.00" }

[[home]]
id = "02"
gas = { mode = "credit" }
"""
OFFICERS = ("officer-1", "officer-2", "officer-3")
WORDS = {"Operator": Duty.OPERATOR, "Approver": Duty.APPROVER} | dict.fromkeys(OFFICERS, Duty.OFFICER)
ENDED = {"done", "refused", "expired", "cancelled"}


def trust_folder(path: Path) -> Path:
    found_trust(path, "the root's own words", SystemClock().now(), fleet=2)
    staff = StaffKeys(path / "signing" / "staff.json")
    for name, duty in WORDS.items():
        staff.add(name, [duty], f"{name}'s words")
    share_staff(path)
    return path


class SealedHouse:
    """The running street, as a test asks it."""

    def __init__(self, running: RunningStreet) -> None:
        self.street = running.street
        self.pump = running.pump
        assert self.street.sealed is not None
        self.sealed: SealedStreet = self.street.sealed

    def is_on(self, home: str = "01") -> bool:
        return self.street.sites[home].electricity.switch.closed

    def raised(self, *, arm: bool = False, home: str = "01") -> WorkOrder:
        """An order about the electricity of a home, as far as people take it."""
        device = self.street.sites[home].names.electricity
        code = (ARM_SUPPLY if arm else CUT_SUPPLY)[Fuel.ELECTRICITY]
        content = supply_content(Fuel.ELECTRICITY, arm=arm)
        asked = OrderRequest(device, home, code, content, "unpaid for ninety days", "case 4711 of 2026")
        works = self.sealed.works
        order = works.raise_order(asked, "Operator", "Operator's words", self.pump.now)
        if not arm:
            order = works.approve(order.number, "Approver", "Approver's words", self.pump.now)
        self.sealed.look(self.pump.now)
        return order

    async def until(self, what: str, look: Callable[[], bool], seconds: float = 45) -> None:
        end = asyncio.get_running_loop().time() + seconds
        while not look():
            assert asyncio.get_running_loop().time() < end, f"no {what} in {seconds} s"
            await asyncio.sleep(0.05)

    async def ended(self, order: WorkOrder) -> WorkOrder:
        works = self.sealed.works
        await self.until("end", lambda: works.show(order.number).order.state.value in ENDED)
        return works.show(order.number).order


@asynccontextmanager
async def sealed_house(folder: Path, speed: int = 900) -> AsyncIterator[SealedHouse]:
    """Open it, drive it, and stop it."""
    trust = folder / "trust"
    if not trust.exists():
        trust_folder(trust)
    async with open_street(RunSettings(folder / "data", STREET, speed=speed, trust=trust)) as running:
        driving = asyncio.create_task(running.pump.run())
        house = SealedHouse(running)
        try:
            hubs = [site.names.hub for site in house.street.sites.values()]
            await house.until("hubs", lambda: all(map(house.street.carrier.online, hubs)))
            meters = [site.names.electricity for site in house.street.sites.values()]
            await house.until("service", lambda: not any(map(house.sealed.trust.waits, meters)))
            yield house
        finally:
            driving.cancel()
            with suppress(asyncio.CancelledError):
                await driving
