"""Damage true telegrams of the gas link and count how many a meter, or a hub's end, would obey: there must be none.

usage: mutated_telegrams.py [--runs N] [--seed S]

Unlike the harnesses beside it this one starts from telegrams that are true, and repairs the check word of the air, so
that what stands between the damage and the valve is the MAC and the counter alone. The C-field is not under the MAC
(EN 13757-7); a telegram that differs in it alone still says what the hub said, so none such is counted here. Prints
one line of JSON; exit 1 if anything was obeyed.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from meterhouse.companion.gas import CloseValve, GasAddress, HubEnd, OpenValve, WriteCutoff
from meterhouse.model import Instant, RemoteError, parse_instant
from meterhouse.premises.gas_meter import GAS_RADIO, GasMeter, GasMeterSettings
from meterhouse.protocols.wmbus import LinkFormat, decode_frame, encode_frame

__all__ = ["Outcome", "mutate"]

KEY = bytes(range(16))
ADDRESS = GasAddress("MTH", 12345678, 1, 3)
STATION = GasAddress("MTH", 87654321, 1, 0x31)
START = parse_instant("2026-11-21T00:00:00Z")
PIECES = (1, 2, 4, 8, 16)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the mutated telegrams.

    Attributes:
        runs: how many were tried, half at a listening meter, half at the hub's end.
        obeyed: how many of them changed the meter or were understood by the hub: each is a finding, in hex.
        told: how often the meter told which event.
    """

    runs: int
    obeyed: tuple[str, ...]
    told: dict[str, int]


class _Listening:
    """A meter that has just reported, true orders for it, and its true report."""

    def __init__(self) -> None:
        self.meter = GasMeter(GasMeterSettings(ADDRESS, STATION, KEY), START)
        self.hub = HubEnd(KEY, ADDRESS, STATION)
        self.meter.pass_gas(100, START)
        due = self.meter.deadline()
        assert due is not None
        self.meter.elapse(due)
        ((_, self.report),) = self.meter.outgoing()
        closes = self.meter.deadline()
        assert closes is not None
        self.now = Instant(closes - 50)
        self.number = HubEnd(KEY, ADDRESS, STATION).understand(self.report).access_number
        orders = (OpenValve(), CloseValve(), WriteCutoff(1, 0), WriteCutoff(99_999_999, 672))
        self.down = [self.hub.order(order, self.number) for order in orders] + [self.hub.acknowledge(self.number)]

    def end(self) -> HubEnd:
        return HubEnd(KEY, ADDRESS, STATION)


def _damaged(frame: bytes, dice: random.Random) -> bytes:
    """Another body under right check words (mostly), or a damaged frame as it is."""
    if dice.random() < 0.1:
        body, on_air = bytearray(frame), True
    else:
        body, on_air = bytearray(decode_frame(frame, LinkFormat.B)), False
    kind = dice.randrange(6)
    at = dice.randrange(len(body))
    if kind == 0:
        body[at] ^= 1 << dice.randrange(8)
    elif kind == 1:
        body[at : at + dice.choice(PIECES)] = dice.randbytes(dice.choice(PIECES))
    elif kind == 2:
        for _ in range(dice.randint(2, 6)):
            body[dice.randrange(len(body))] = dice.randrange(256)
    elif kind == 3:
        del body[at : at + dice.choice(PIECES)]
    elif kind == 4:
        body[at:at] = dice.randbytes(dice.choice(PIECES))
    else:
        low = dice.randrange(len(body))
        body[at : at + 8] = body[low : low + 8]
    if on_air or not 9 <= len(body) <= 251:
        return bytes(body)
    return encode_frame(bytes(body), LinkFormat.B)


def _but_control(frame: bytes) -> bytes:
    """What tells two telegrams apart but for the C-field and the check words that follow from it."""
    try:
        return decode_frame(frame, LinkFormat.B)[1:]
    except RemoteError:
        return frame


def _tries(bench: _Listening, runs: int, dice: random.Random) -> Iterator[tuple[bool, bytes]]:
    """(whether it is for the meter, frame): never one of the true telegrams themselves, nor one but for its C-field."""
    true = {_but_control(frame) for frame in (*bench.down, bench.report)}
    for number in range(runs):
        for_meter = number % 2 == 0
        while (frame := _damaged(dice.choice(bench.down) if for_meter else bench.report, dice)) and _but_control(
            frame
        ) in true:
            pass
        yield for_meter, frame


def _shown(meter: GasMeter) -> tuple[object, ...]:
    """What a telegram could change, cheaply; the whole state, counters included, is compared at the end."""
    return (
        meter.valve,
        meter.cutoff_l,
        meter.countdown,
        meter.comms_ok,
        meter.low_credit,
        meter.deadline(),
        meter.refusals,
    )


def mutate(runs: int, seed: int) -> Outcome:
    """Try `runs` mutated telegrams; the same seed tries the same."""
    bench, told, obeyed = _Listening(), Counter[str](), []
    meter, end = bench.meter, bench.end()
    list(meter.events())
    before, shown = meter.state(), _shown(meter)
    for for_meter, frame in _tries(bench, runs, random.Random(seed)):
        if for_meter:
            meter.receive(GAS_RADIO, frame, bench.now)
            told.update(event.kind for event in meter.events())
            if _shown(meter) != shown or list(meter.outgoing()):
                obeyed.append(frame.hex())
                bench = _Listening()
                meter = bench.meter
                list(meter.events())
        else:
            try:
                end.understand(frame)
            except RemoteError:
                continue
            obeyed.append(frame.hex())
    if meter.state() != before:
        obeyed.append("the meter's state at the end is not that of the beginning")
    return Outcome(runs, tuple(obeyed), dict(told))


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description="mutated telegrams at a listening gas meter and at the hub's end")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.monotonic()
    outcome = mutate(arguments.runs, arguments.seed)
    spent = round(time.monotonic() - began, 1)
    print(json.dumps({"runs": outcome.runs, "obeyed": outcome.obeyed, "told": outcome.told, "seconds": spent}))
    return 1 if outcome.obeyed else 0


if __name__ == "__main__":
    sys.exit(main())
