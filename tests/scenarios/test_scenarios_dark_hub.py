"""A hub without power takes no token and offers no credit; whoever holds a slip types it once the display is on again."""

from __future__ import annotations

from dataclasses import replace

from meterhouse.app.street import parse_street
from meterhouse.model import HOUR, MINUTE, Instant
from meterhouse.premises.hub import Hub
from meterhouse.simulation.street_world import StreetWorld

PLAN = parse_street("""
[street]
start = 2026-01-05T00:00:00Z
[[home]]
id = "01"
gas = { mode = "prepay", price = "0.0737", standing_charge = "0.2911", cv = 39_500, opening_balance = "5.00" }
customer = { pay_below = "10.00", pay = "10.00", keypad = true }
""")


def test_a_token_bought_while_the_hub_is_dark_is_typed_when_it_is_back_and_counts_once():
    street = StreetWorld(PLAN, 50, lambda _home, _number: lambda _end: (0, 0))
    site = street.street.sites["01"]
    balance = site.hub.account.balance
    street.world.cut(street.wires["wan/01"])
    street.world.remove(site.hub)
    for name in ("wan/01", "m_bus/01", "gas_radio/01"):
        street.wires.pop(name)

    street.world.run(Instant(street.world.now + HOUR))
    assert [vend.paid.amount for vend, _ in street.street.books.vends(9)] == [1_000_000]
    assert not street.street.key_in("01", "0" * 20).accepted
    assert "dark" in street.street.select_emergency("01").why
    assert site.hub.account.balance == balance

    back = Hub(site.hub.settings, street.world.entropy("again"), street.world.now)
    back.restore(site.hub.state())
    street.world.add(back)
    street.street.sites["01"] = replace(site, hub=back)
    street.world.run(Instant(street.world.now + 11 * MINUTE))
    gained = back.account.balance - balance
    assert 1_000_000 <= gained <= 1_000_024, "16 bits of a token round to the customer"
    street.rejoin("01")
    street.world.run(Instant(street.world.now + HOUR))
    assert back.account.balance == balance + gained, "the same token by the line is no second one"
