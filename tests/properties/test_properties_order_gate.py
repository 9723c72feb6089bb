"""Whatever comes to a device's gate, from anybody and well signed or not, ends in a verdict; nothing of it is half done."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from home_bench import START, make_hub
from meterhouse.companion.sealed import Envelope, Kind, OrderCode, Role, seal
from meterhouse.companion.sealed.signature import signed
from meterhouse.model import HOUR, Instant
from meterhouse.premises.orders import OrderGate
from sealed_bench import GAS_CODES, gas_content
from sealed_home import ARM, CATALOGUE, GAS_ID, OPEN, READ, Parties, clock_set, load_limit, sealed_meter

NOW = Instant(START + HOUR)
COUNTER = count(1 << 21)
METER, GAS = Parties(), Parties(GAS_ID)
METER_GATE = sealed_meter(METER).gate
GAS_GATE = make_hub(trust=GAS.trust()).orders.gate
CONTENTS = {
    OrderCode.OPEN_SWITCH: OPEN,
    OrderCode.ARM_SWITCH: ARM,
    OrderCode.READ_SWITCH: READ,
    OrderCode.SET_CLOCK: clock_set(NOW),
    OrderCode.SET_LOAD_LIMIT: load_limit(5_000),
} | {code: gas_content(code) for code in GAS_CODES}
contents = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda whole, place, noise: whole[: place % len(whole)] + noise + whole[place % len(whole) + len(noise) :],
        st.sampled_from(list(CONTENTS.values())),
        st.integers(min_value=0, max_value=200),
        st.binary(max_size=12),
    ),
)


def composed(parties: Parties, role: Role, code: int, content: bytes, counter: int, supplement: bytes) -> bytes:
    """Well signed and sealed, whatever is in it."""
    envelope = Envelope(Kind.COMMAND, counter, parties.ids[role], parties.device, code, content, supplement)
    return seal(signed(envelope, parties.keys[role]), parties.sealing).encode()


@given(
    st.sampled_from(list(Role)),
    st.sampled_from([*CATALOGUE, 0x004F, 0xFFFF]),
    contents,
    st.integers(min_value=0, max_value=1 << 20),
    st.one_of(st.just(b""), st.binary(min_size=24, max_size=24), st.just(None)),
    st.booleans(),
)
def test_a_well_signed_order_with_anything_in_it_is_done_whole_or_refused(
    role, code, content, counter, supplement, gas
):
    parties, gate = (GAS, GAS_GATE) if gas else (METER, METER_GATE)
    assert isinstance(gate, OrderGate)
    window = parties.premises + NOW.to_bytes(8, "big") * 2 if supplement is None else supplement
    octets = composed(parties, role, code, content, next(COUNTER) if counter % 4 else counter, window)
    before = gate.uplink.sequence, sum(gate.refused.values())
    reason = gate.take(octets, NOW)
    assert (sum(gate.refused.values()) > before[1]) is (reason is not None)
    gate.elapse(NOW)
    gate.state()


@given(st.binary(max_size=300))
def test_any_bytes_at_a_port_are_refused(octets: bytes):
    assert GAS_GATE.take(octets, NOW) is not None
    assert METER_GATE.take(octets, NOW) is not None
