"""Who may do what and who may see what, as data; whatever the file does not say is refused (S3-17, S3-64, S3-79)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from meterhouse.companion.certificate import DOMAIN_OF, CertifiedRole, Domain
from meterhouse.model import ConfigurationError, PolicyError

__all__ = ["Access", "DataKind", "Right", "Viewer", "parse_access"]


class Right(StrEnum):
    """What a certificate may be good for."""

    JOIN_UTILITY_NETWORK = "join-utility-network"
    JOIN_CONSUMER_NETWORK = "join-consumer-network"
    DIAL_CARRIER_AS_HUB = "dial-carrier-as-hub"
    DIAL_CARRIER_AS_PARTY = "dial-carrier-as-party"
    SERVE_LINES = "serve-lines"
    ANSWER_ORDERS = "answer-orders"
    ORDER_DEVICES = "order-devices"
    SIGN_ORDERS = "sign-orders"
    CONFIRM_ORDERS = "confirm-orders"
    CLOSE_ORDERS = "close-orders"
    READ_DEVICES = "read-devices"
    HAND_OVER_DEVICES = "hand-over-devices"
    RELEASE_BRAKES = "release-brakes"
    RECOVER_KEYS = "recover-keys"
    PUBLISH_TO_CONSUMER = "publish-to-consumer"
    READ_CONSUMER_DATA = "read-consumer-data"


class DataKind(StrEnum):
    """What may be seen of a home."""

    HALF_HOURS = "half-hours"
    DAYS = "days"
    REGISTERS = "registers"
    PAYMENTS = "payments"
    DEBT = "debt"
    EVENTS = "events"
    VOLTAGE = "voltage"
    PERSONAL = "personal"


class Viewer(StrEnum):
    """Who may want to see it."""

    CUSTOMER = "customer"
    BILLING = "billing"
    COUNTER = "counter"
    OPERATOR = "operator"
    APPROVER = "approver"
    SECURITY = "security"
    NETWORK_OPERATOR = "network-operator"
    THIRD_PARTY = "third-party"
    CARRIER = "carrier"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True)
class Access:
    """The matrices.

    Attributes:
        domains: rights of each domain.
        roles: rights of each role.
        seen: data that each viewer sees always.
        consented: data that each viewer sees with the customer's consent.
    """

    domains: Mapping[Domain, frozenset[Right]]
    roles: Mapping[CertifiedRole, frozenset[Right]]
    seen: Mapping[Viewer, frozenset[DataKind]]
    consented: Mapping[Viewer, frozenset[DataKind]]

    def allows(self, role: CertifiedRole, right: Right) -> bool:
        """Whether a certificate of this role is good for that."""
        return right in self.roles[role]

    def domain_allows(self, domain: Domain, right: Right) -> bool:
        """Whether anything of this domain may do that."""
        return right in self.domains[domain]

    def require(self, role: CertifiedRole, right: Right) -> None:
        """Let a right pass.

        Raises:
            PolicyError: the role has it not.
        """
        if not self.allows(role, right):
            raise PolicyError(f"the role {role} of the {DOMAIN_OF[role]} domain may not {right.replace('-', ' ')}")

    def shows(self, viewer: Viewer, kind: DataKind, *, consent: bool) -> bool:
        """Whether somebody sees a kind of data of a home."""
        return kind in self.seen[viewer] or (consent and kind in self.consented[viewer])

    def require_sight(self, viewer: Viewer, kind: DataKind, *, consent: bool) -> None:
        """Let a look pass.

        Raises:
            PolicyError: the viewer may not, or needs the customer's consent.
        """
        if not self.shows(viewer, kind, consent=consent):
            remedy = "Ask the customer." if kind in self.consented[viewer] else ""
            raise PolicyError(f"{viewer} may not see {kind} of a home", remedy=remedy)


def parse_access(text: str) -> Access:
    """The matrices in the text of a file.

    Raises:
        ConfigurationError: not TOML, an unknown or missing word, a role with a right that no member of its domain can
            have at the premises, or a domain that is let onto both networks.
    """
    try:
        told = tomllib.loads(text)
        privacy = told["privacy"]
        access = Access(
            {domain: _rights(told["domains"][domain.value]) for domain in Domain},
            {role: _rights(told["roles"][role.value]) for role in CertifiedRole},
            {viewer: _kinds(privacy["all"][viewer.value]) for viewer in Viewer},
            {viewer: _kinds(privacy["consent"].get(viewer.value, [])) for viewer in Viewer},
        )
        _no_more(told["domains"], Domain)
        _no_more(told["roles"], CertifiedRole)
        _no_more(privacy["all"], Viewer)
        _no_more(privacy["consent"], Viewer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError("the access file is not as it must be", why=f"{error}.") from error
    _check(access)
    return access


def _check(access: Access) -> None:
    joins = {Right.JOIN_UTILITY_NETWORK, Right.JOIN_CONSUMER_NETWORK}
    for domain, rights in access.domains.items():
        if joins <= rights:
            raise ConfigurationError(f"the {domain} domain is let onto both networks", why="A device has one domain.")
    for role, rights in access.roles.items():
        if (rights & joins) - access.domains[DOMAIN_OF[role]]:
            raise ConfigurationError(f"role {role} joins a network that its domain is not let onto")


def _rights(words: Iterable[str]) -> frozenset[Right]:
    return frozenset(Right(word) for word in words)


def _kinds(words: Iterable[str]) -> frozenset[DataKind]:
    return frozenset(DataKind(word) for word in words)


def _no_more(table: Mapping[str, Any], known: type[StrEnum]) -> None:
    if more := set(table) - {each.value for each in known}:
        raise KeyError(f"unknown: {', '.join(sorted(more))}")
