"""Who has a line at the carrier: every certified role, as the access matrix says and not otherwise (S3-79)."""

from __future__ import annotations

from hashlib import sha256
from itertools import count

import pytest

from meterhouse.app.carrier_door import carrier_door
from meterhouse.app.sight import own_access
from meterhouse.companion.certificate import DOMAIN_OF, CertifiedRole, Domain
from meterhouse.companion.relay import Hello, Role
from meterhouse.crypto import P256, KeyPair, Purpose
from meterhouse.model import Eui64, StorageError, parse_instant
from meterhouse.supplier.trust import Issuer, Right, found_hierarchy, issue

NOW = parse_instant("2026-11-23T10:00:00Z")
UNIT = Eui64.parse("02-4D-48-01-00-00-00-01")
_SERIALS = count(1)


def key(name: str) -> KeyPair:
    return KeyPair(P256, sha256(name.encode()).digest())


def entropy(size: int) -> bytes:
    return sha256(next(_SERIALS).to_bytes(8, "big")).digest()[:size]


ISSUERS = found_hierarchy(key("root"), {each: key(each) for each in Issuer}, NOW, entropy)


class Vouched:
    """A carrier that remembers for whom the door vouched."""

    def __init__(self) -> None:
        self.lines: list[Hello] = []

    def vouch(self, _port: str, who: Hello, *, lasting: bool = False) -> None:
        del lasting
        self.lines.append(who)


def certificate(role: CertifiedRole) -> bytes:
    return issue(ISSUERS, UNIT, role, Purpose.TLS, key("line").public, NOW, entropy)


@pytest.mark.parametrize("role", CertifiedRole)
def test_the_carriers_door_is_open_to_the_roles_of_the_matrix_and_to_nobody_of_another_domain(role) -> None:
    access, carrier = own_access(), Vouched()
    as_hub, as_party = (
        access.allows(role, right) for right in (Right.DIAL_CARRIER_AS_HUB, Right.DIAL_CARRIER_AS_PARTY)
    )
    assert carrier_door(carrier, lambda _who: False)("1", certificate(role)) is (as_hub or as_party)
    assert [line.role is Role.HUB for line in carrier.lines] == [as_hub] * (as_hub or as_party)
    assert as_hub <= (DOMAIN_OF[role] is Domain.UTILITY)
    assert as_party <= (DOMAIN_OF[role] is Domain.ORGANISATION)
    assert (as_hub, as_party) != (True, True)


def test_whoever_was_shut_out_has_no_line_nor_anybody_while_that_cannot_be_asked() -> None:
    carrier = Vouched()
    assert not carrier_door(carrier, lambda who: who == UNIT)("1", certificate(CertifiedRole.HUB))

    def unknown(_who: Eui64) -> bool:
        raise StorageError("the books are away")

    assert not carrier_door(carrier, unknown)("1", certificate(CertifiedRole.HUB))
    assert not carrier_door(carrier, lambda _who: False)("1", b"no certificate")
    assert carrier.lines == []
