"""A client's procedures for class 64: stronger policy, new keys, certificates (IEC 62056-6-2 §4.4.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from meterhouse.crypto import wrap_key
from meterhouse.model import AuthenticationError, ProtocolError, StateError, UsageError
from meterhouse.protocols.dlms.certificates import CertificateEntity, CertificateType
from meterhouse.protocols.dlms.client import Client
from meterhouse.protocols.dlms.conversation import Procedure
from meterhouse.protocols.dlms.credentials import Credentials, Offer
from meterhouse.protocols.dlms.data import CosemData, array, enum, octet_string, structure
from meterhouse.protocols.dlms.errors import AccessRefusedError
from meterhouse.protocols.dlms.interfaces import SECURITY_SETUP
from meterhouse.protocols.dlms.key_ring import KeyRing, KeySet
from meterhouse.protocols.dlms.obis import Obis
from meterhouse.protocols.dlms.protection import Keys, Policy
from meterhouse.protocols.dlms.security_setup import SECURITY_SETUP_OBIS, KeyId, key_items, policy_bits
from meterhouse.protocols.dlms.settings import ClientSettings

__all__ = ["Rekeying", "settings_under"]


def settings_under(settings: ClientSettings, keys: KeySet) -> ClientSettings:
    """The same way to the server, under another set of keys; to try the staged set, and then the one in force."""
    return replace(settings, keys=keys.keys, counter=keys.counter, seen=keys.seen)


class Rekeying:
    """Orders to one server's security setup.

    Replacing keys takes three steps: one of the two procedures here, which stages the new set in the client's ring;
    a new association under the staged set (`settings_under`); then `KeyRing.confirm`. If the answer to key_transfer is
    lost, the staged set stays in the ring: try it, and if the server knows nothing of it, `KeyRing.abandon`.

    Args:
        client: with an open association.
        ring: the client's own record of the keys of this server. Only one replacement at a time passes through it.
        obis: the security setup's logical name.
    """

    __slots__ = ("_client", "_obis", "_ring")

    def __init__(self, client: Client, ring: KeyRing, obis: Obis = SECURITY_SETUP_OBIS) -> None:
        self._client = client
        self._ring = ring
        self._obis = obis

    def _act(self, method: str, data: CosemData) -> Procedure[CosemData | None]:
        return self._client.act(SECURITY_SETUP, self._obis, SECURITY_SETUP.method(method), data)

    def _asked(self, method: str, data: CosemData) -> Procedure[bytes]:
        answer = yield from self._act(method, data)
        if answer is None:
            raise ProtocolError(f"{method} was answered with nothing")
        return answer.octets()

    def strengthen(self, policy: Policy) -> Procedure[None]:
        """Method 1: demand more protection from the next request on. Never less.

        Raises:
            AccessRefusedError: the policy is weaker than the one in force.
        """
        yield from self._act("security_activate", enum(policy_bits(policy)))

    def transfer(self, fresh: Mapping[KeyId, bytes]) -> Procedure[None]:
        """Method 2: new keys, each wrapped under the master key in force; all are taken or none.

        Raises:
            StateError: a replacement is under way already.
            UsageError: there is no master key, or a key is not of the suite.
            AccessRefusedError: the server took none; the ring is as before.
        """
        master = self._ring.current.keys.master
        if not master:
            raise UsageError("key transfer needs a master key")
        self._begin()
        new = self._whole(fresh)
        items = [structure(enum(which), octet_string(wrap_key(master, key))) for which, key in fresh.items()]
        # Staged before the order leaves: a new key must never be known to the server alone.
        self._ring.stage(new)
        try:
            yield from self._act("key_transfer", array(items))
        except AccessRefusedError:
            self._ring.abandon()
            raise

    def agree(self, which: Sequence[KeyId], credentials: Credentials, server_title: bytes) -> Procedure[None]:
        """Method 3: new keys by C(2e,0s); both halves are signed.

        Raises:
            StateError: a replacement is under way already.
            AuthenticationError: the server's half is not its own.
            AccessRefusedError: the server took none.
        """
        self._begin()
        offers = {each: Offer(credentials, each) for each in which}
        items = [structure(enum(each), octet_string(offer.octets)) for each, offer in offers.items()]
        answer = yield from self._act("key_agreement", array(items))
        if answer is None:
            raise ProtocolError("key_agreement was answered with nothing")
        halves = dict(key_items(answer))
        if set(halves) != set(offers):
            raise AuthenticationError("authentication failed", why="The server agreed to other keys.")
        own_title = self._client.settings.system_title
        fresh = {
            each: offer.agree(halves[each], own_title, server_title, wrapping=each is KeyId.MASTER)
            for each, offer in offers.items()
        }
        self._ring.stage(self._whole(fresh), agreed=True)

    def _begin(self) -> None:
        if self._ring.pending is not None:
            raise StateError("a key replacement is under way", remedy="Open an association under its keys first.")

    def _whole(self, fresh: Mapping[KeyId, bytes]) -> Keys:
        keys = self._ring.current.keys
        return Keys(
            fresh.get(KeyId.UNICAST, keys.encryption),
            fresh.get(KeyId.AUTHENTICATION, keys.authentication),
            keys.suite,
            fresh.get(KeyId.MASTER, keys.master),
        )

    def generate(self, kind: CertificateType) -> Procedure[None]:
        """Method 4: have the server make a key pair. It serves nothing until its certificate is imported."""
        yield from self._act("generate_key_pair", enum(kind))

    def request(self, kind: CertificateType) -> Procedure[bytes]:
        """Method 5: the certificate request for the server's newest pair, PKCS#10 in DER."""
        return (yield from self._asked("generate_certificate_request", enum(kind)))

    def import_certificate(self, der: bytes) -> Procedure[None]:
        """Method 6: X.509 in DER; the server believes it only from an authority that it knows.

        Raises:
            AccessRefusedError: it does not.
        """
        yield from self._act("import_certificate", octet_string(der))

    def export(self, entity: CertificateEntity, kind: CertificateType, title: bytes) -> Procedure[bytes]:
        """Method 7: a certificate by whose it is and what for, in DER."""
        return (yield from self._asked("export_certificate", _by_entity(entity, kind, title)))

    def export_by_serial(self, serial: bytes, issuer: bytes) -> Procedure[bytes]:
        """Method 7: a certificate by serial number and issuer (a name in DER), in DER."""
        by = structure(enum(1), structure(octet_string(serial), octet_string(issuer)))
        return (yield from self._asked("export_certificate", by))

    def remove(self, entity: CertificateEntity, kind: CertificateType, title: bytes) -> Procedure[None]:
        """Method 8: forget a certificate, and the key that came with it."""
        yield from self._act("remove_certificate", _by_entity(entity, kind, title))


def _by_entity(entity: CertificateEntity, kind: CertificateType, title: bytes) -> CosemData:
    return structure(enum(0), structure(enum(entity), enum(kind), octet_string(title)))
