"""Attacks from a home's own side, as far as there is one: the meter's open reader, and the keypad of the hub."""

from __future__ import annotations

from time import process_time
from typing import Final

from meterhouse.companion import objects
from meterhouse.companion.gas import GasAddress
from meterhouse.crypto import sha256
from meterhouse.links import Dice
from meterhouse.model import MINUTE, Eui64, Instant, MeterhouseError
from meterhouse.premises.hub import GasSetup, Hub, HubSettings
from meterhouse.premises.prepay import EnergyTariff, PrepaySetup
from meterhouse.protocols import dlms, sts
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.simulation.attacks.plain_clients import PlainClient

__all__ = ["consumers_side"]

_FRAMES: Final = 200_000
_KEYS: Final = 50_000
_READS: Final = 200
_BALANCE: Final = 500_000
_DIGITS: Final = "0123456789"


@attack("T21", "a consumer's device floods and fuzzes the meter's open reader, and fingers the hub's keypad")
def consumers_side(terms: Terms) -> Tally:
    """There is no consumers' network yet; this is what somebody inside the home reaches today without keys."""
    tally = Tally()
    (mark,) = Fleet(terms.seed, 1, open_reader=True).marks
    reader = _Reader(mark)
    quiet = reader.microseconds()
    reader.flood(tally, terms.tries(_FRAMES), terms.dice("frames"))
    tally.figures["processor, microseconds a genuine read before and after"] = [quiet, reader.microseconds()]
    _keypad(tally, terms.tries(_KEYS), terms)
    tally.must(reader.microseconds() > 0, "a genuine read")
    tally.must(mark.genuine_cut(Instant(NOON + MINUTE)), "the supplier's genuine order")
    return tally


class _Reader:
    """A client without keys at the meter's wire."""

    def __init__(self, mark: Mark) -> None:
        self._mark = mark
        self._clients = iter(range(1, 1_000_000))

    def microseconds(self) -> int:
        """Of processor time for one read of the register."""
        client = PlainClient(self._mark, objects.OPEN_READER_SAP, next(self._clients), NOON)
        begun = process_time()
        for _ in range(_READS):
            client.run(client.client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2), NOON)
        return round((process_time() - begun) * 1_000_000 / _READS)

    def flood(self, tally: Tally, frames: int, dice: Dice) -> None:
        """Genuine requests of every kind, bent; noise; and every client's number on them."""
        mark, before, begun = self._mark, _standing(self._mark), process_time()
        seeds, answered = self._requests(), 0
        for number in range(frames):
            apdu = _bent(seeds[dice.below(len(seeds))], dice)
            sap = (objects.PUBLIC_SAP, objects.OPEN_READER_SAP, objects.HUB_SAP, objects.HEAD_END_SAP)[dice.below(4)]
            port = f"m_bus/flood {number // 64}"
            framed = dlms.wrapper.encode(sap, objects.MANAGEMENT_DEVICE, apdu)
            mark.meter.receive(port, framed if dice.below(8) else _bent(framed, dice), NOON)
            out = list(mark.meter.outgoing())
            answered += len(out)
            elsewhere = [one for one, _ in out if one != port]
            tally.tried(bool(elsewhere) or _standing(mark) != before, f"frame {number}")
            if number % 64 == 63:
                mark.meter.receive(port, b"", NOON)
            list(mark.meter.events())
        tally.figures["frames"] = frames
        tally.figures["frames answered on the consumer's own wire"] = answered
        tally.figures["frames a second of processor"] = round(frames / max(process_time() - begun, 0.001))

    def _requests(self) -> list[bytes]:
        """What clients say: associations, reads, writes and actions, of the switch and of the sealed port too."""
        client = dlms.Client(dlms.ClientSettings(client_sap=objects.OPEN_READER_SAP))
        control = dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT
        port = objects.sealed_port(0, objects.DOWNLINK)
        said: list[bytes] = []
        connection = PlainClient(self._mark, objects.OPEN_READER_SAP, next(self._clients), NOON)

        def keep(apdu: bytes) -> bytes | None:
            said.append(apdu)
            return connection.exchange(apdu)

        order = self._mark.cut(NOON).encode()
        for procedure in (
            client.associate(),
            client.get(dlms.REGISTER, objects.ELECTRICITY_IMPORT, 2),
            client.get(dlms.PROFILE_GENERIC, objects.ELECTRICITY_PROFILE, 2),
            client.act(*control, 1, dlms.integer(0)),
            client.act(*control, 2, dlms.integer(0)),
            client.set(*control, 4, dlms.enum(2)),
            client.set(dlms.DATA, port, 2, dlms.octet_string(order[:-1] + b"\0")),
            client.set(dlms.CLOCK_CLASS, objects.CLOCK, 2, dlms.octet_string(dlms.encode_date_time(NOON))),
        ):
            try:
                dlms.converse(procedure, keep)
            except MeterhouseError:
                continue
        return said


def _standing(mark: Mark) -> tuple[object, ...]:
    """What a utility would hear of or a supply could depend upon."""
    gate = mark.gate
    meter = mark.meter
    return mark.on, meter.load_limit_w, meter.clock.reads(NOON), gate.highest, gate.uplink.sequence, gate.pending


def _bent(octets: bytes, dice: Dice) -> bytes:
    changed = bytearray(octets)
    for _ in range(dice.below(4)):
        place = dice.below(len(changed) + 1)
        way = dice.below(3)
        if way == 0:
            changed[place:place] = dice.octets(1 + dice.below(4))
        elif way == 1:
            del changed[place : place + 1 + dice.below(4)]
        elif place < len(changed):
            changed[place] = dice.below(256)
        if not changed:
            return dice.octets(4)
    return bytes(changed)


def _keypad(tally: Tally, tries: int, terms: Terms) -> None:
    """Twenty digits and anything else, with every network up: nothing leaves the hub because of it."""
    pan = sts.MeterPan.of_serial(99, 1)
    secret = sha256(f"attacked keypad {terms.seed}".encode())[:20]
    key = sts.derive_dkga04(
        secret, base_date=sts.BaseDate.B2014, algorithm=sts.EncryptionAlgorithm.EA11, tariff_index=1,
        supply_group="600451", key_type=sts.KeyType.DUTK, key_revision=1, pan=pan,
    )  # fmt: skip
    tariff = EnergyTariff.flat(price=7_370, standing_charge=29_110, cv=39_500)
    gas = GasSetup(
        GasAddress("MTH", 20_000_001, 1, 3), GasAddress("MTH", 10_000_001, 1, 0x31), secret[:16], 144,
        PrepaySetup(_BALANCE, tariff, key, pan),
    )  # fmt: skip
    keys = Fleet(terms.seed, 1).keys
    device, meter = Eui64(b"\x02MH\x01KEYS"), Eui64(b"\x02MH\x02KEYS")
    settings = HubSettings(
        "hub", device, "MTHH00000001", meter.octets, keys.association("head end", device),
        keys.association("hub", meter), gas,
    )  # fmt: skip
    hub = Hub(settings, terms.dice("hub").octets, NOON)
    list(hub.outgoing())
    dice, taken, sent = terms.dice("keypad"), 0, 0
    for number in range(tries):
        length = 20 if dice.below(4) else dice.below(30)
        typed = "".join(_DIGITS[dice.below(10)] for _ in range(length))
        taken += bool(hub.key_in(typed, Instant(NOON + number * MINUTE)).amount)
        out = list(hub.outgoing())
        sent += len(out)
        assert hub.account is not None
        tally.tried(bool(out) or hub.account.balance != _BALANCE, f"'{typed}' moved something")
        list(hub.events())
    tally.figures["typed at the keypad, taken, messages that left the hub"] = [tries, taken, sent]
    credit = sts.encode_currency_credit(key, sts.CreditSubclass.GAS_CURRENCY, tid=6_800_000, amount_money5=500_000)
    entry = hub.key_in(credit.digits, Instant(NOON + (tries + 120) * MINUTE))
    tally.must(bool(entry.amount), f"a bought token, typed afterwards: {entry.verdict}")
