"""Builds what stands in one home from its plan and the street's keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from meterhouse.app.caught_up import caught_up, check_place, remembering, with_gas_record, with_record
from meterhouse.app.desk import PaymentMode
from meterhouse.app.keys import StreetKeys
from meterhouse.app.street import AccountPlace, ElectricitySite, GasSite, HomePlan
from meterhouse.app.street_trust import SUPPLIER, StreetTrust, Unit
from meterhouse.companion.gas import GasAddress
from meterhouse.model import Eui64, Fuel, HalfHour, Instant
from meterhouse.premises.electricity_meter import ElectricityMeter, ElectricityMeterSettings
from meterhouse.premises.gas_meter import GasMeter, GasMeterSettings
from meterhouse.premises.home_load import Demand, HomeLoad
from meterhouse.premises.hub import AccountRecord, ElectricitySetup, GasSetup, Hub, HubSettings
from meterhouse.premises.orders import DeviceTrust
from meterhouse.premises.prepay import PrepayAccount, PrepaySetup
from meterhouse.protocols import sts
from meterhouse.supplier.headend import AccountAddress

__all__ = [
    "HEAD_END",
    "SUPPLY_GROUP",
    "HomeSite",
    "SiteNames",
    "TakenPlace",
    "build_site",
    "hub_settings",
    "new_hub",
    "token_key",
]

SUPPLY_GROUP: Final = "600451"
"""Supply group code of the street: our own, not registered with anybody."""
_MAKER: Final = "MTH"
_STS_MAKER: Final = 99
_BASE_DATE: Final = sts.BaseDate.B2014
_KEY_REVISION: Final = 1
_TARIFF_INDEX: Final = 1
_HUB, _ELECTRICITY, _GAS = 1, 2, 3
_MODULES: Final = 1 << 20
"""Above the largest street: the identity of a hub that took another's place is nobody else's."""
_ELECTRICITY_PANS: Final = 50_000_000
"""Far above the largest street: a serial number that no gas account has."""
_RADIO_HUB: Final = 0x31
_RADIO_GAS: Final = 0x03


@cache
def _pan(serial: int) -> sts.MeterPan:
    """Each is asked for with every look at a street, and takes its check digits anew."""
    return sts.MeterPan.of_serial(_STS_MAKER, serial)


def _identity(kind: int, number: int) -> Eui64:
    """Locally administered (bit 1 of the first octet), so never a real maker's."""
    return Eui64(b"\x02MH" + bytes([kind]) + number.to_bytes(4, "big"))


HEAD_END: Final = SUPPLIER


@dataclass(frozen=True, slots=True)
class SiteNames:
    """What the devices of the n-th home (from 1) are called; `module` counts the hubs that took another's place."""

    number: int
    module: int = 0

    @property
    def hub(self) -> Eui64:
        """Identity of the hub."""
        return _identity(_HUB, self.number + self.module * _MODULES)

    @property
    def electricity(self) -> Eui64:
        """Identity of the electricity meter."""
        return _identity(_ELECTRICITY, self.number)

    @property
    def gas(self) -> Eui64:
        """Identity of the gas meter."""
        return _identity(_GAS, self.number)

    @property
    def pan(self) -> sts.MeterPan:
        """MeterPAN of the gas account."""
        return self.pan_of(Fuel.GAS)

    def meter(self, fuel: Fuel) -> Eui64:
        """Identity of the meter of a fuel."""
        return self.gas if fuel is Fuel.GAS else self.electricity

    def pan_of(self, fuel: Fuel) -> sts.MeterPan:
        """MeterPAN of an account: each has its own, and so its own token key."""
        return _pan(self.number + (_ELECTRICITY_PANS if fuel is Fuel.ELECTRICITY else 0))

    def radio(self, kind: int) -> GasAddress:
        """Address on the gas link."""
        return GasAddress(_MAKER, 10_000_000 * (1 if kind == _RADIO_HUB else 2) + self.number, 1, kind)


@dataclass(frozen=True, slots=True)
class TakenPlace:
    """What a hub is commissioned with that takes another's place.

    Attributes:
        module: how many hubs stood there before it.
        record: what the last of them knew; None in a home without gas.
        rows: half hours of gas that the supplier has collected, oldest first.
        tokens: that the supplier knows to have been accepted, oldest first.
    """

    module: int
    record: AccountRecord | None = None
    rows: tuple[HalfHour, ...] = ()
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HomeSite:
    """The machines of one home."""

    plan: HomePlan
    names: SiteNames
    hub: Hub
    electricity: ElectricityMeter
    gas: GasMeter | None
    load: HomeLoad

    @property
    def account(self) -> str:
        """The account id of its prepay customer, the first where there are two; empty in a credit home."""
        return next(iter(self.accounts.values()), "")

    @property
    def accounts(self) -> dict[Fuel, str]:
        """The account ids of its prepaid fuels; gas comes first, and bears the home's debt."""
        return {fuel: str(self.names.pan_of(fuel)) for fuel in _prepaid(self.plan)}

    def address(self, fuel: Fuel) -> AccountAddress:
        """Where the head end finds the prepaid account of a fuel."""
        in_meter = fuel is Fuel.ELECTRICITY and self.plan.electricity.account is AccountPlace.METER
        return AccountAddress(fuel, self.names.electricity if in_meter else None)

    def place(self, fuel: Fuel) -> AccountPlace | None:
        """Which device holds the account of a fuel; None where that is paid by bill."""
        if fuel is Fuel.ELECTRICITY:
            return self.plan.electricity.prepaid_in
        return AccountPlace.HUB if fuel in _prepaid(self.plan) else None

    def held(self, fuel: Fuel) -> PrepayAccount | None:
        """The account of a prepaid fuel, wherever it stands; None where that is paid by bill."""
        if fuel is Fuel.GAS:
            return self.hub.account
        prepaid = self.electricity.prepaid or self.hub.electricity_account
        return None if prepaid is None else prepaid.account

    def serial(self, fuel: Fuel) -> str:
        """What is printed on a meter."""
        if fuel is Fuel.ELECTRICITY or self.gas is None:
            return self.electricity.serial
        return f"{self.gas.settings.address.identification:08d}"

    def states(self) -> dict[str, dict[str, Any]]:
        """The state of every device, by machine name, for a checkpoint."""
        states = {self.hub.name: self.hub.state(), self.electricity.name: self.electricity.state()}
        if self.gas is not None:
            states[self.gas.name] = self.gas.state()
        return states

    @property
    def fuels(self) -> tuple[tuple[Eui64, Fuel], ...]:
        """The meters behind the hub."""
        electricity = (self.names.electricity, Fuel.ELECTRICITY)
        return (electricity,) if self.gas is None else (electricity, (self.names.gas, Fuel.GAS))


def _prepaid(plan: HomePlan) -> tuple[Fuel, ...]:
    """Gas first: where both are prepaid, the home's debt is taken with it."""
    gas = plan.gas is not None and plan.gas.mode is PaymentMode.PREPAY
    return (Fuel.GAS,) * gas + (Fuel.ELECTRICITY,) * (plan.electricity.prepaid_in is not None)


def token_key(keys: StreetKeys, pan: sts.MeterPan) -> sts.DecoderKey:
    """The decoder key of one account: EA11 under DKGA04."""
    return sts.derive_dkga04(
        keys.vending(SUPPLY_GROUP),
        base_date=_BASE_DATE,
        algorithm=sts.EncryptionAlgorithm.EA11,
        tariff_index=_TARIFF_INDEX,
        supply_group=SUPPLY_GROUP,
        key_type=sts.KeyType.DUTK,
        key_revision=_KEY_REVISION,
        pan=pan,
    )


def build_site(
    plan: HomePlan,
    number: int,
    keys: StreetKeys,
    demand: Demand,
    entropy: Callable[[int], bytes],
    now: Instant,
    state_of: Callable[[str], Mapping[str, Any] | None],
    *,
    steps: int,
    open_reader: bool = False,
    trust: StreetTrust | None = None,
    reserved: Callable[[str], int] = lambda _name: 0,
    keep_record: Callable[[str, dict[str, Any]], None] | None = None,
    record_of: Callable[[str], dict[str, Any] | None] = lambda _name: None,
    place: TakenPlace | None = None,
) -> HomeSite:
    """The machines of one home: new, or as they were at the last checkpoint.

    Args:
        plan: what stands there.
        number: of the home in its street, from 1; all identities follow from it.
        keys: of the street.
        demand: what the home uses.
        entropy: for challenges.
        now: when they are switched on.
        state_of: a machine's state at the last checkpoint; None for a new one.
        steps: how many parts a half hour is drawn in.
        open_reader: whether the electricity meter serves readers without keys.
        trust: gives the devices their slots for sealed orders; None for a street without.
        reserved: the end of the block of numbers that the head end last reserved, by its counter's name.
        keep_record: keeps a device's record of sealed orders, by its name, before it acts; None: checkpoints are all.
        record_of: the record that was kept last.
        place: where the hub is one that took another's place.
    """

    def keeper(name: str) -> Callable[[dict[str, Any]], None] | None:
        return None if keep_record is None else lambda record: keep_record(name, record)

    names = SiteNames(number, 0 if place is None else place.module)
    slots = None if trust is None else _slots(trust, plan, names)
    electricity = ElectricityMeter(
        ElectricityMeterSettings(
            name=f"home/{plan.home}/electricity",
            identity=names.electricity,
            serial=f"MTHE{number:08d}",
            head_end_keys=keys.association("head end", names.electricity),
            hub_keys=keys.association("hub", names.electricity),
            open_reader=open_reader,
            trust=None if slots is None else slots[0],
            arm_key=keys.arm_codes(names.electricity),
            **_in_meter(plan, names, keys),
        ),
        entropy,
        now,
        keeper(f"home/{plan.home}/electricity"),
    )
    gas = None if plan.gas is None else _gas_meter(plan.gas, names, keys, now, state_of)
    settings = hub_settings(plan, names, keys, None if slots is None else slots[1])
    hub = Hub(settings, entropy, now, keeper(settings.name))
    states = state_of(electricity.name), state_of(hub.name)
    records = record_of(electricity.name), record_of(hub.name)
    if place is not None and states[1] is not None and states[1]["serial"] != settings.serial:
        hub = new_hub(settings, entropy, now, keeper(settings.name), place)  # stopped before its first checkpoint
        states, records = (states[0], hub.state()), (records[0], None)
    if states[0] is not None and states[1] is not None:
        check_place(plan.home, states[0], states[1], plan.electricity.prepaid_in)
        with remembering(f"home {plan.home}"):
            meter_state, hub_state = caught_up(names.electricity, states[0], names.hub, states[1], reserved)
            electricity.restore(with_record(meter_state, records[0]))
            hub.restore(with_gas_record(hub_state, records[1]))
    elif any(record is not None for record in records):  # killed before the first checkpoint
        with remembering(f"home {plan.home}"):
            electricity.restore(with_record(electricity.state(), records[0]))
            hub.restore(with_gas_record(hub.state(), records[1]))
    load = HomeLoad(f"home/{plan.home}/load", demand, electricity, gas, steps, now)
    return HomeSite(plan, names, hub, electricity, gas, load)


def hub_settings(plan: HomePlan, names: SiteNames, keys: StreetKeys, gas: DeviceTrust | None) -> HubSettings:
    """What the hub of a home is set up with; `gas`: slots for orders about it, where orders come sealed."""
    again = f"M{names.module}" if names.module else ""
    return HubSettings(
        name=f"home/{plan.home}/hub",
        identity=names.hub,
        serial=f"MTHH{names.number:08d}{again}",
        meter_title=names.electricity.octets,
        head_end_keys=keys.association("head end", names.hub),
        meter_keys=keys.association("hub", names.electricity),
        gas=None if plan.gas is None else _gas_setup(plan.gas, names, keys),
        trust=None if plan.gas is None else gas,
        sealed_meter=gas is not None,
        electricity=_electricity_setup(plan, names, keys),
        mirrors_credit=plan.electricity.prepaid_in is AccountPlace.METER,
    )


def new_hub(
    settings: HubSettings,
    entropy: Callable[[int], bytes],
    now: Instant,
    keep: Callable[[dict[str, Any]], None] | None,
    place: TakenPlace,
) -> Hub:
    """A hub from the factory, commissioned in another's place; it is given no order to cut for 72 hours."""
    hub = Hub(settings, entropy, now, keep)
    hub.take_place(place.record, place.rows, place.tokens)
    return hub


def _slots(trust: StreetTrust, plan: HomePlan, names: SiteNames) -> tuple[DeviceTrust, DeviceTrust]:
    """The slots of electricity meter and gas; each enters into service here. Without gas the second is for nobody."""
    # Until supply numbers are registered, a supply is named as the registry names it: by its MeterPAN, if any.
    prepaid = _prepaid(plan)
    units = [
        Unit(names.meter(fuel), names.hub, plan.home, fuel, names.pan_of(fuel).digits if fuel in prepaid else "0")
        for fuel in (Fuel.ELECTRICITY, Fuel.GAS)
    ]
    trust.enter(units if plan.gas is not None else units[:1])
    electricity, gas = (trust.slots(unit) for unit in units)
    return electricity, gas


def _gas_meter(
    gas: GasSite,
    names: SiteNames,
    keys: StreetKeys,
    now: Instant,
    state_of: Callable[[str], Mapping[str, Any] | None],
) -> GasMeter:
    settings = GasMeterSettings(
        address=names.radio(_RADIO_GAS),
        hub=names.radio(_RADIO_HUB),
        master_key=keys.gas_link(names.gas),
        has_valve=gas.mode is PaymentMode.PREPAY,
        low_credit_threshold_l=gas.low_credit_l,
        delay_half_hours=gas.no_comms_half_hours,
        clock_drift_ppm=gas.drift_ppm,
        mains=gas.mains,
    )
    state = state_of(settings.name)
    with remembering(settings.name):
        return GasMeter(settings, now, None if state is None else dict(state))


def _prepay_setup(site: GasSite | ElectricitySite, pan: sts.MeterPan, keys: StreetKeys) -> PrepaySetup | None:
    if site.mode is not PaymentMode.PREPAY:
        return None
    return PrepaySetup(
        opening_balance=site.opening_balance,
        tariff=site.tariff,
        token_key=token_key(keys, pan),
        pan=pan,
        limits=site.limits,
        friendly=site.friendly,
        exact_blocks=site.exact_blocks,
    )


def _in_meter(plan: HomePlan, names: SiteNames, keys: StreetKeys) -> dict[str, Any]:
    """What an electricity meter is made with for prepayment: the account itself, or the word that its hub has it."""
    site = plan.electricity
    if site.prepaid_in is AccountPlace.METER:
        return {"prepay": _prepay_setup(site, names.pan_of(Fuel.ELECTRICITY), keys)}
    return {} if site.prepaid_in is None else {"hub_account_delay": site.no_comms_half_hours}


def _electricity_setup(plan: HomePlan, names: SiteNames, keys: StreetKeys) -> ElectricitySetup | None:
    site = plan.electricity
    prepay = _prepay_setup(site, names.pan_of(Fuel.ELECTRICITY), keys)
    if prepay is None or site.account is AccountPlace.METER:
        return None
    return ElectricitySetup(site.no_comms_half_hours, prepay)


def _gas_setup(gas: GasSite, names: SiteNames, keys: StreetKeys) -> GasSetup:
    return GasSetup(
        meter=names.radio(_RADIO_GAS),
        own=names.radio(_RADIO_HUB),
        master_key=keys.gas_link(names.gas),
        no_comms_half_hours=gas.no_comms_half_hours,
        prepay=_prepay_setup(gas, names.pan, keys),
    )
