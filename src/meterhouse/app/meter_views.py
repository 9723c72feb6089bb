"""What the meters of a home look like to a person: from the devices themselves, as their own displays would show it."""

from __future__ import annotations

from meterhouse.app.desk import AccountPlace, LinkWeek, MeterView, PaymentMode, PrepayTerms, Supply
from meterhouse.app.live_street import LiveStreet
from meterhouse.app.site import HomeSite
from meterhouse.model import HALF_HOUR, Fuel, Instant, Money
from meterhouse.premises.prepay import UNUSED_BLOCK, PrepayAccount
from meterhouse.rules import NO_LIMIT_LITRES, NO_LIMIT_WH
from meterhouse.supplier.headend import GasLinkView

__all__ = ["electricity_said", "electricity_view", "gas_said", "gas_view"]


def electricity_view(street: LiveStreet, site: HomeSite) -> MeterView:
    """Of the electricity meter; money and terms only where it is prepaid, wherever the account stands."""
    link_ok, read_at = site.hub.electricity_link
    supply, account = street.electricity_supply(site), site.held(Fuel.ELECTRICITY)
    credit, currency, place = site.electricity.credit, street.plan.currency, site.place(Fuel.ELECTRICITY)
    # Where the balance ends: a meter may not have heard yet of credit that has just come to its hub.
    cutoff = NO_LIMIT_WH if account is None or account.charged is None else account.cutoff()
    return MeterView(
        fuel=Fuel.ELECTRICITY,
        serial=site.serial(Fuel.ELECTRICITY),
        mode=PaymentMode.CREDIT if account is None else PaymentMode.PREPAY,
        supply=supply,
        register=site.hub.electricity[0] if site.hub.electricity else site.electricity.register_wh,
        link_ok=link_ok,
        last_contact=read_at,
        balance=None if account is None else Money(account.balance, currency),
        debt=None if account is None else _debt(account, currency),
        countdown=None if credit is None or place is not AccountPlace.HUB else credit.countdown,
        low_credit=account is not None and account.low_credit,
        why=_electricity_why(site, supply),
        terms=None if account is None else _terms(account, currency, street.driver.now),
        account=site.accounts.get(Fuel.ELECTRICITY, ""),
        account_in=place,
        cutoff_wh=None if cutoff >= NO_LIMIT_WH else cutoff,
    )


def gas_view(street: LiveStreet, site: HomeSite) -> MeterView:
    """Of the gas meter of a home that has one."""
    mirror, account, gas = site.hub.mirror, site.hub.account, site.gas
    assert mirror is not None
    assert gas is not None
    report = mirror.report
    supply = street.gas_supply(site)
    currency = street.plan.currency
    register = gas.volume_l if report is None else report.volume_l
    # Where the hub's balance ends: the meter itself may not have heard yet of credit that has just come.
    cutoff = gas.cutoff_l if account is None or account.charged is None else account.cutoff()
    low = report is not None and report.low_credit and cutoff - register < gas.settings.low_credit_threshold_l
    return MeterView(
        fuel=Fuel.GAS,
        serial=site.serial(Fuel.GAS),
        mode=PaymentMode.CREDIT if account is None else PaymentMode.PREPAY,
        supply=supply,
        register=register,
        link_ok=not mirror.link_failed,
        last_contact=mirror.heard_at,
        balance=None if account is None else Money(account.balance, currency),
        debt=None if account is None else _debt(account, currency),
        cutoff_l=None if account is None or cutoff >= NO_LIMIT_LITRES else cutoff,
        countdown=mirror.countdown,
        low_credit=low,
        why=_gas_why(supply, link_ok=gas.comms_ok),
        valve=gas.settings.has_valve,
        mains=gas.settings.mains,
        terms=None if account is None else _terms(account, currency, street.driver.now),
        link_week=_link_week(street.head_end.links.view(site.names.hub)),
        account=site.accounts.get(Fuel.GAS, ""),
        account_in=site.place(Fuel.GAS),
    )


def electricity_said(site: HomeSite, after: Supply) -> str:
    """What a person is told after a press of the electricity meter's button."""
    if after is Supply.ON:
        return "The electricity is on."
    if after is not Supply.OFF:
        return "The supply is armed."
    no_credit = site.electricity.credit is not None and site.electricity.credit.reached(site.electricity.register_wh)
    if no_credit:
        return "There is no credit: the electricity stays off."
    return "The supply is not armed: nothing to restore."


def gas_said(before: Supply, after: Supply, *, link_ok: bool) -> str:
    """What a person is told after a press of the gas meter's button."""
    if after is Supply.ON:
        return "The gas was on already." if before is Supply.ON else "The gas is on."
    if after is Supply.ARMED:
        return "The meter is calling its hub; the gas comes on within seconds."
    return "There is no credit: the gas stays off." if link_ok else "The link is down and no time is left on it."


def _electricity_why(site: HomeSite, supply: Supply) -> str:
    credit = site.electricity.credit
    if credit is not None and credit.open_for_credit:
        return _credit_why(site, supply, link_ok=credit.comms_ok)
    if supply is Supply.ARMED:
        return "Armed by the supplier. Press the button on the meter to restore the supply."
    return "Disconnected. Ask your supplier." if supply is Supply.OFF else ""


def _credit_why(site: HomeSite, supply: Supply, *, link_ok: bool) -> str:
    """Of a supply that is off because credit ended, and for no other reason."""
    if supply is Supply.ARMED and not link_ok:
        return "The wire between hub and meter is down. Press the button on the meter to restore the supply for now."
    if supply is Supply.ARMED:
        return "Credit is in. Make sure every appliance is off, then press the button on the meter."
    if not link_ok:
        return "The wire between hub and meter is down, and the time allowed without it has ended. Ask your supplier."
    keypad = "meter's" if site.place(Fuel.ELECTRICITY) is AccountPlace.METER else "hub's"
    return f"The credit is used up. Buy credit, or type a token on the {keypad} keypad."


def _gas_why(supply: Supply, *, link_ok: bool) -> str:
    if supply is Supply.ARMED and not link_ok:
        return "The link between hub and meter is down. Press the button on the gas meter to restore the gas for now."
    if supply is Supply.ARMED:
        return (
            "Credit is in. Make sure every appliance is off, then press the button on the gas meter to restore the gas."
        )
    if supply is Supply.OFF and not link_ok:
        return "The link between hub and meter is down, and the time allowed without it has ended. Ask your supplier."
    if supply is Supply.OFF:
        return "The credit is used up. Buy credit, or type a token on the hub's keypad."
    return ""


def _debt(account: PrepayAccount, currency: str) -> Money | None:
    return None if account.debt_note is None else Money(account.debt_note, currency)


def _terms(account: PrepayAccount, currency: str, now: Instant) -> PrepayTerms:
    tariff, limits = account.tariff_in_force, account.limits
    left = limits.emergency + min(account.balance, 0) if account.emergency_active else limits.emergency
    return PrepayTerms(
        price=Money(account.price_now, currency),
        standing_charge=Money(tariff.standing_charge, currency),
        cv=tariff.cv,
        rates=len(set(tariff.rates)),
        blocks=1 + sum(threshold < UNUSED_BLOCK for threshold in tariff.thresholds_wh),
        emergency="in use" if account.emergency_active else ("offered" if account.emergency else "none"),
        emergency_limit=Money(limits.emergency, currency),
        emergency_left=Money(max(left, 0), currency),
        emergency_below=Money(limits.emergency_threshold, currency),
        low_below=Money(limits.low, currency),
        friendly_now=account.friendly_at(now),
        friendly_half_hours=sum(day.bit_count() for day in account.friendly),
    )


def _link_week(view: GasLinkView | None) -> LinkWeek | None:
    if view is None:
        return None
    down = view.down_for // HALF_HOUR if view.failed else 0
    return LinkWeek(view.read_at, view.availability_permille, view.misses_week, down, view.ticket)
