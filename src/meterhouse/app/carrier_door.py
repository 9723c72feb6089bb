"""The carrier's door: who dials in is who the certificate says, in the role that the certificate gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from meterhouse.carrier import Carrier
from meterhouse.companion.certificate import CertifiedRole, identity_of
from meterhouse.companion.relay import Hello, Role
from meterhouse.links import Introduce
from meterhouse.model import Eui64, MalformedError, MeterhouseError

__all__ = ["carrier_door", "expects"]

_LINES: Final = {
    CertifiedRole.HUB: Role.HUB,
    CertifiedRole.HEAD_END: Role.HEAD_END,
    CertifiedRole.CONFIRM: Role.CONFIRM,
    CertifiedRole.CHANGE_OF_SUPPLIER: Role.CHANGE_OF_SUPPLIER,
}
"""What a certified role may say hello as; nobody else has a line."""


def carrier_door(carrier: Carrier, withdrawn: Callable[[Eui64], bool]) -> Introduce:
    """For `Pump.listen`: vouches to the carrier for whoever dials in, or sends him away.

    The chain was verified by TLS against the authority that the door's context was made with.

    Args:
        carrier: an attested one.
        withdrawn: whether a unit or party was withdrawn or suspended; asked at every connection.
    """

    def introduce(port: str, der: bytes) -> bool:
        try:
            eui, role = identity_of(der)
            line = _LINES.get(CertifiedRole(role))
            if line is None or withdrawn(eui):
                return False
        except MeterhouseError:  # no certificate of ours; or nobody can say now who was withdrawn: he dials again
            return False
        carrier.vouch(port, Hello(line, eui))
        return True

    return introduce


def expects(eui: Eui64, role: CertifiedRole) -> Callable[[bytes], bool]:
    """For `Pump.dial`: whether the other end is this one, such as the carrier that a hub was told of."""

    def right(der: bytes) -> bool:
        try:
            return identity_of(der) == (eui, role.value)
        except MalformedError:
            return False

    return right
