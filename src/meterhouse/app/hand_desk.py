"""What a person reads on the displays of a home, and carries by hand between its hub and its gas meter."""

from __future__ import annotations

from meterhouse.app.desk import DisplayView, HandAnswer
from meterhouse.app.live_street import LiveStreet
from meterhouse.companion.arm_code import ARM_CODE_DIGITS
from meterhouse.companion.gas import ValveState
from meterhouse.model import Money, PolicyError
from meterhouse.premises.electricity_meter import ArmVerdict, ControlState, ElectricityMeter
from meterhouse.premises.gas_meter import CodeVerdict, GasMeter
from meterhouse.premises.hub import ByHand, HandVerdict, display_of
from meterhouse.rules import NO_LIMIT_WH

__all__ = ["displays", "key_in_meter", "read_in", "reopen_code"]

_THOUSAND = 1_000


def displays(street: LiveStreet, home: str) -> tuple[DisplayView, ...]:
    """The hub's pages, the gas meter's where there is one, and the electricity meter's: while it is off, or prepaid."""
    site = street.site(home)
    shown = [
        DisplayView(f"hub, {page.fuel}", tuple((line.name, line.value, line.warns) for line in page.lines))
        for page in display_of(site.hub, street.driver.now)
    ]
    lines = _electricity_meter(site.electricity, street.plan.currency)
    if lines:
        shown.append(DisplayView("electricity meter", lines))
    return (*shown, _meter(site.gas)) if site.gas is not None else tuple(shown)


def _electricity_meter(meter: ElectricityMeter, currency: str) -> tuple[tuple[str, str, bool], ...]:
    """Nothing where it is on and paid by bill; a meter that holds an account shows that first."""
    lines: list[tuple[str, str, bool]] = []
    if meter.prepaid is not None:
        account = meter.prepaid.account
        lines.append(("balance", str(Money(account.balance, currency)), account.low_credit))
        if account.emergency or account.emergency_active:
            lines.append(("emergency credit", "in use" if account.emergency_active else "on offer", True))
        if account.debt_note:
            lines.append(("debt at supplier", str(Money(account.debt_note, currency)), False))
    if meter.credit is not None and meter.credit.cutoff_wh < NO_LIMIT_WH:
        left = max(meter.credit.cutoff_wh - meter.register_wh, 0)
        lines.append(("electricity left", f"{left // _THOUSAND}.{left % _THOUSAND:03d} kWh", not left))
    if meter.credit is not None and not meter.credit.comms_ok:
        lines.append(("half hours without hub left", str(meter.credit.countdown), True))
    if meter.credit is not None and meter.switch.state is ControlState.READY:
        no_credit = meter.credit.reached(meter.register_wh)  # then no hand closes it, whatever an order has armed
        lines.append(("supply", "off: no credit" if no_credit else "armed: press the button", True))
    if meter.switch.state is ControlState.DISCONNECTED:
        lines += [("supply", "off", True), ("number for a code", f"{meter.keypad.number:04d}", False)]
    return tuple(lines)


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
