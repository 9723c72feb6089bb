"""One visit: an old prepay meter comes down, the new one shows its credit and its debt before the fitter leaves."""

from __future__ import annotations

import pytest

from meterhouse.companion.gas import ValveState
from meterhouse.model import MINUTE, Instant, Money
from meterhouse.store import migrate_sites
from street_worlds import Scene

_NEW_HOME = 'gas = { mode = "prepay", opening_balance = "0.00" }\n'


def _file(site, credit, debt) -> bytes:
    line = f"M,17,01,{site.account},{credit},1.50,0.00,{debt},20"
    return f"H,old-keypads,visit,2026-01-05,GBP\n{line}\nT,1,{credit},{debt}\n".encode()


@pytest.mark.requirement("S3-63", "S3-76")
@pytest.mark.parametrize("typed", [False, True], ids=["network", "keypad"])
def test_an_old_site_s_balance_and_debt_are_on_the_new_display_within_one_visit(typed):
    scene = Scene(_NEW_HOME, litres=0)
    scene.half_hours(2)
    site, begun = scene.site(), scene.world.now
    till = scene.street.books._till
    report = migrate_sites(till, _file(site, "12.34", "85.00"), scene.world.now)
    assert report.sites[0].opening == 1_084_000, "12.34 less 1.50 of emergency credit"
    if typed:  # the order is not carried yet: the fitter types what the receipt says
        said = scene.street.key_in("01", till.last_response("old-keypads/17").token)
        assert said.accepted
    else:
        scene.street.carry_orders()
    before = site.hub.account.consumed
    scene.world.run(Instant(scene.world.now + 40 * MINUTE))
    account = site.hub.account
    shown = account.balance + (account.consumed - before)
    assert 0 <= shown - 1_084_000 < 100, "the display shows the opening credit, rounded up to what a token can tell"
    if not typed:
        assert account.debt_note == 8_500_000
    scene.street.press_gas("01")
    scene.world.run(Instant(scene.world.now + 5 * MINUTE))
    assert site.gas.valve is ValveState.OPEN
    assert scene.world.now - begun <= 60 * MINUTE, "within the visit"
    first = scene.pay(amount="20.00", request="first")
    assert (first.to_debt, first.debt_left) == (Money.parse("4.00"), Money.parse("81.00"))
    assert not scene.broken()
    assert scene.street.books.breaches() == ()
