"""What a person reads on the displays of a home, and carries by hand between its hub and its gas meter."""

from __future__ import annotations

from meterhouse.app.desk import DisplayView, HandAnswer
from meterhouse.app.live_street import LiveStreet
from meterhouse.companion.arm_code import ARM_CODE_DIGITS
from meterhouse.companion.gas import ValveState
from meterhouse.model import PolicyError
from meterhouse.premises.electricity_meter import ArmVerdict, ControlState
from meterhouse.premises.gas_meter import CodeVerdict, GasMeter
from meterhouse.premises.hub import ByHand, HandVerdict, display_of

__all__ = ["displays", "key_in_meter", "read_in", "reopen_code"]

_THOUSAND = 1_000


def displays(street: LiveStreet, home: str) -> tuple[DisplayView, ...]:
    """The hub's pages, the electricity meter's own display while it is off, and the gas meter's where there is one."""
    site = street.site(home)
    shown = [
        DisplayView(f"hub, {page.fuel}", tuple((line.name, line.value, line.warns) for line in page.lines))
        for page in display_of(site.hub, street.driver.now)
    ]
    if site.electricity.switch.state is ControlState.DISCONNECTED:
        lines = (("supply", "off", True), ("number for a code", f"{site.electricity.keypad.number:04d}", False))
        shown.append(DisplayView("electricity meter", lines))
    return (*shown, _meter(site.gas)) if site.gas is not None else tuple(shown)


def _meter(gas: GasMeter) -> DisplayView:
    shown = gas.display
    lines = [("register", _cubic_metres(shown.volume_l), False), ("check digits", shown.check_digits, False)]
    if shown.remaining_l is not None:
        lines.append(("gas left", _cubic_metres(shown.remaining_l), shown.low_credit))
    if gas.settings.has_valve:
        lines.append(
            ("valve", "open" if shown.valve is ValveState.OPEN else "closed", shown.valve is not ValveState.OPEN)
        )
        lines.append(("half hours without link left", str(shown.countdown), False))
    lines.append(("link to hub", "working" if shown.link_ok else "down", not shown.link_ok))
    return DisplayView("gas meter", tuple(lines))


def _cubic_metres(litres: int) -> str:
    return f"{litres // _THOUSAND}.{litres % _THOUSAND:03d} m³"


def read_in(street: LiveStreet, home: str, register_l: int, check: str) -> HandAnswer:
    """Type a reading on the hub.

    Raises:
        PolicyError: the home has no gas.
    """
    hand = _by_hand(street, home)
    hub = street.site(home).hub
    verdict = street.driver.call(hub, lambda now: hand.read_in(register_l, check, now))
    return HandAnswer(verdict is HandVerdict.ACCEPTED, verdict.value)


def reopen_code(street: LiveStreet, home: str) -> HandAnswer:
    """Ask the hub for a code.

    Raises:
        PolicyError: the home has no gas.
    """
    hand = _by_hand(street, home)
    verdict, code = street.driver.call(street.site(home).hub, hand.code)
    said = f"Type {code} on the gas meter." if code else verdict.value
    return HandAnswer(verdict is HandVerdict.ACCEPTED, said, code)


def key_in_meter(street: LiveStreet, home: str, code: str) -> HandAnswer:
    """Type a code: one of twelve digits on the electricity meter, any other on the gas meter.

    Raises:
        PolicyError: it is no electricity meter's, and the home has no gas.
    """
    if len(code) == ARM_CODE_DIGITS:
        meter = street.site(home).electricity
        said = street.driver.call(meter, lambda now: meter.key_in(code, now))
        return HandAnswer(said is ArmVerdict.ACCEPTED, said.value)
    gas = street.site(home).gas
    if gas is None:
        raise PolicyError(f"home {home} has no gas")
    verdict = street.driver.call(gas, lambda now: gas.key_in(code, now))
    return HandAnswer(verdict is CodeVerdict.ACCEPTED, verdict.value)


def _by_hand(street: LiveStreet, home: str) -> ByHand:
    hand = street.site(home).hub.by_hand
    if hand is None:
        raise PolicyError(f"home {home} has no gas")
    return hand
