"""An attack without any cut: gas made so dear, or so rich in energy, that credit runs out everywhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from meterhouse.app.street_trust import SUPPLIER
from meterhouse.companion.sealed import (
    Component,
    Envelope,
    Hindrance,
    Kind,
    Mandate,
    OrderCode,
    Standing,
    ZclFrame,
    encode_components,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.model import HOUR, MINUTE, Instant
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import Fleet
from meterhouse.simulation.attacks.gas_home import PRICE, GasHome, calorific_value, flat_price
from meterhouse.simulation.attacks.office import Office

__all__ = ["dear_gas"]

_HOMES: Final = 300
_FLEET: Final = 10_000
_DAY: Final = 48
_STANDING: Final = 29_110
_ENOUGH: Final = 480_000
"""Credit for a day at the price of before, and little more."""
_DEBT: Final = "804a371c0040420F0000010000000000000150C300000000"
_GENUINE: Final = PRICE + 600


@attack("T13", "a thief of the supplier's and the carrier's keys makes gas as dear as orders can, in every prepay home")
def dear_gas(terms: Terms) -> Tally:
    """Each home may say no to what is outside its limits; what is inside them closes no supply within a day."""
    tally, fleet = Tally(), Fleet(terms.seed, 1)
    homes = [GasHome(fleet, 1 + number, _ENOUGH + number % 8 * 20_000) for number in range(terms.tries(_HOMES, 4))]
    office, stages, run_out, later = Office(fleet, _FLEET), dict.fromkeys(_STAGES, 0), 0, 0
    for home in homes:
        home.live(1)
        for what, order in _orders(home).items():
            stages[_stage(office, home, what, order, tally)] += 1
        lived = 0
        while lived < _DAY:
            home.live(6)
            lived += 6
            tally.tried(not home.on, f"{home.unit.device}: closed {lived // 2} h after the orders")
        run_out += home.account.spendable <= 0
        home.live(_DAY // 4)
        later += not home.on
    tally.figures["homes"] = len(homes)
    tally.figures["orders, by what became of them"] = stages
    tally.figures["homes whose credit ran out in that day, kept on by the 24 h rule"] = run_out
    tally.figures["homes that closed after it, where nobody had acted by then (not protected)"] = later
    control = GasHome(fleet, len(homes) + 1, _ENOUGH)
    control.live(1)
    tally.must(_done(control, flat_price(_GENUINE, _STANDING)), "a genuine new price")
    control.live(_DAY - 1)
    tally.must(control.on, "a home with credit, and a genuine price, stays on")
    return tally


_STAGES: Final = (
    "closed by an honest carrier before its brake tripped",
    "refused by the catalogue's limits, in the home",
    "refused by the hub's own limits",
    "done in the home",
)


def _orders(home: GasHome) -> dict[str, Envelope]:
    """What the catalogue lists, as far as there is an order for it; and three times dearer, five times over."""
    price, standing = OrderCode.SET_GAS_PRICE, _STANDING
    made = {
        "CV x 10": _raw(home, OrderCode.SET_CALORIFIC_VALUE, calorific_value(3_950)),
        "CV at its limit": _raw(home, OrderCode.SET_CALORIFIC_VALUE, calorific_value(450)),
        "price x 100": _raw(home, price, flat_price(100 * PRICE, standing)),
        "standing charge x 100": _raw(home, price, flat_price(PRICE, 100 * standing)),
        "debt": _raw(home, OrderCode.MANAGE_GAS_DEBT, _debt()),
    }
    steps = {f"price x {3**n}": _raw(home, price, flat_price(3**n * PRICE, standing)) for n in range(1, 6)}
    return made | steps


def _debt() -> bytes:
    frame = ZclFrame(cluster_specific=True, to_client=False, sequence=0, command=2, payload=bytes.fromhex(_DEBT))
    return encode_components((Component(0x0705, frame),))


def _raw(home: GasHome, code: int, content: bytes) -> Envelope:
    """Signed with the supplier's key by a program that asks no catalogue."""
    mandate = Mandate(home.unit.premises, Instant(home.now - MINUTE), Instant(home.now + HOUR))
    counter = next(home.fleet.counters)
    bare = Envelope(Kind.COMMAND, counter, SUPPLIER, home.unit.device, code, content, mandate.encode())
    return signed(bare, home.fleet.keys.pair("sign", SUPPLIER))


def _stage(office: Office, home: GasHome, what: str, order: Envelope, tally: Tally) -> str:
    """How far it came: an honest carrier first, and then one in the plot."""
    closed = office.carried(SUPPLIER, order, home.now) is not None
    price, cv = home.account.tariff.price, home.account.tariff.cv
    reply = home.take(replace(order, mac=b""))
    changed = (home.account.tariff.price, home.account.tariff.cv) != (price, cv)
    tally.tried(changed and (reply is None or reply.standing is not Standing.DONE), f"{what}: done and not said")
    tally.tried(home.account.tariff.price > 3 * price, f"{what}: more than three times dearer at once")
    if closed:
        return _STAGES[0]
    if reply is None:
        return _STAGES[1]
    return _STAGES[3] if reply.standing is Standing.DONE else _STAGES[2]


def _done(home: GasHome, content: bytes) -> bool:
    reply = home.take(_raw(home, OrderCode.SET_GAS_PRICE, content))
    return reply is not None and reply.standing is Standing.DONE and reply.hindrance is Hindrance.NONE
