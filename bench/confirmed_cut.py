"""Whole confirmed cuts: signed, sealed by the carrier, taken by a meter that asks back, confirmed, opened, told."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

from cryptography import __version__ as cryptography_version
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.hashes import SHA256

from bench.registry import Figure, bench
from bench.stopwatch import per_second
from meterhouse.carrier import AccessBroker, Quarantine
from meterhouse.carrier.broker import Sealing
from meterhouse.companion.sealed import (
    CONFIRM_ANSWER,
    CONFIRM_QUERY,
    ConfirmAnswer,
    ConfirmQuery,
    Envelope,
    Mandate,
    OrderCode,
    decode_envelope,
    read_alert,
)
from meterhouse.crypto import P256, KeyPair, sha256
from meterhouse.model import DAY, HOUR, MINUTE, Eui64, Fuel, Instant
from meterhouse.simulation.attacks.fleet import NOON, Fleet, Mark
from meterhouse.supplier.trust import supply_content

__all__: list[str] = []

CUTS = 400
RAW = f"raw ECDSA P-256 verifications of cryptography {cryptography_version}, eight to a flow"
SIGNATURES = 8
"""Signed by each party and verified by each reader in one flow: order, query, answer, result; four made, four read."""


class Office:
    """Supplier, carrier and confirm service of a fleet, each with its own key, in one process."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.supplier, self.confirm = fleet.trust.parties.supplier, fleet.trust.parties.confirm
        catalogue = fleet.trust.catalogue
        self.broker = AccessBroker(fleet.trust, catalogue, Quarantine((), DAY, catalogue, lambda _hub: True))
        self.content = supply_content(Fuel.ELECTRICITY, arm=False)

    def order(self, mark: Mark, who: Eui64, code: int, content: bytes, lasts: int) -> Envelope:
        """Signed by a party, closed by the carrier."""
        mandate = Mandate(mark.unit.premises, Instant(NOON - MINUTE), Instant(NOON + lasts))
        signed = self.fleet.signer(who).order(mark.device, code, content, next(self.fleet.counters), mandate)
        done = self.broker.close(who, signed.encode(), NOON)
        assert isinstance(done, Sealing)
        return done.envelope

    def cut(self, mark: Mark) -> None:
        """One flow; every word is verified by whoever reads it."""
        order = self.order(mark, self.supplier, OrderCode.OPEN_SWITCH, self.content, HOUR)
        mark.take(order, NOON)
        note = next(one for one in mark.gate.uplink.notes if decode_envelope(one.octets).code == CONFIRM_QUERY)
        key = self.fleet.trust.signing_key(mark.device)
        assert key is not None
        query, _ = read_alert(note.octets, self.confirm, mark.device, key, -1)
        asked = ConfirmQuery.decode(query.content)
        assert asked.order == order.identity
        answer = ConfirmAnswer(asked.nonce, asked.order, yes=True).encode()
        mark.take(self.order(mark, self.confirm, CONFIRM_ANSWER, answer, 4 * MINUTE), NOON)
        assert not mark.on
        result = mark.gate.uplink.notes[-1]
        read_alert(result.octets, self.supplier, mark.device, key, -1)


@bench
def sealed_confirmed_cut() -> Iterator[Figure]:
    """A fleet is cut home by home, all parties in one process."""
    pair = KeyPair(P256, sha256(b"raw"))
    algorithm, message = ECDSA(SHA256()), bytes(150)
    signature, public = pair.key.sign(message, algorithm), pair.public.key
    raw = per_second(lambda: public.verify(signature, message, algorithm))
    fleet = Fleet(1, CUTS)
    office = Office(fleet)
    for mark in fleet:  # agreements are made once in a device's life
        fleet.trust.agreement(mark.device)
        fleet.trust.signing_key(mark.device)
    began = process_time()
    for mark in fleet:
        office.cut(mark)
    took = process_time() - began
    note = f"{CUTS} meters, records in memory; people, disk and network not counted; processor time of one core"
    yield Figure("confirmed cut, all parties", "1/s", CUTS / took, raw / SIGNATURES, RAW, note=note)
