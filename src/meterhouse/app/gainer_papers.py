"""What a supplier has that is about to gain devices: its keys, its certificates, its vending key; from its own folder.

::

    supplier-sign.pem, supplier-agree.pem, keys     made by `meterhouse trust issue supplier EUI --to FOLDER`
    confirm/confirm-sign.pem                        of its confirm service
    vending.key                                     160 bits in hex, made here; its supply group in `supply.group`
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meterhouse.app.trust_folder import SIGN_KEY, certificates_in
from meterhouse.companion.certificate import CertifiedRole, Identity, identity_on_chain
from meterhouse.companion.sealed import HandOver, SupplierChange
from meterhouse.companion.supplier_keys import wrap_token_key
from meterhouse.crypto import KeyPair, PublicPoint, Purpose
from meterhouse.model import ConfigurationError, Eui64, Instant
from meterhouse.protocols import sts
from meterhouse.store import PartyKeys
from meterhouse.store.party_keys import write_private
from meterhouse.supplier.trust import sign_hand_over

__all__ = ["GainerPapers", "gainer_papers"]

_VENDING_KEY: Final = "vending.key"
_VENDING_LENGTH: Final = 20
_SUPPLY_GROUP: Final = "supply.group"
_OWN_GROUP: Final = "600452"


@dataclass(frozen=True, slots=True)
class GainerPapers:
    """The gaining supplier.

    Attributes:
        identity: by its certificate for signing.
        signing: its signature key.
        agreement: its key-agreement key.
        confirm: its confirm service, by certificate.
        supply_group: of its tokens.
        vending: its vending key, 20 bytes.
    """

    identity: Identity
    signing: KeyPair = field(repr=False)
    agreement: KeyPair = field(repr=False)
    confirm: Identity
    supply_group: str
    vending: bytes = field(repr=False)

    @property
    def eui(self) -> Eui64:
        """Who it is."""
        return self.identity.eui

    def words(self, change: HandOver) -> bytes:
        """Its signature for the security centre."""
        return sign_hand_over(self.signing, change)

    def offer(self, change: HandOver, device: PublicPoint, pan: sts.MeterPan | None) -> SupplierChange:
        """What the device is told, signed.

        Args:
            change: the device from the loser to this supplier.
            device: the device's key-agreement key.
            pan: of a home that pays in advance by tokens; None for any other.
        """
        token = b"" if pan is None else wrap_token_key(self.agreement, device, change.device, self.token_key(pan))
        confirm = self.confirm
        told = SupplierChange(
            change, self.signing.public, self.agreement.public, confirm.eui, confirm.certified.public, token
        )
        return told.signed_by(self.signing)

    def token_key(self, pan: sts.MeterPan) -> sts.DecoderKey:
        """The decoder key of one account under its vending key: EA11 under DKGA04."""
        return sts.derive_dkga04(self.vending, pan=pan, supply_group=self.supply_group)


def gainer_papers(folder: Path, root: Path, wall: Instant, entropy: Callable[[int], bytes]) -> GainerPapers:
    """The papers in a supplier's folder; a vending key is made where there is none.

    Args:
        folder: the gaining supplier's.
        root: the root certificate that everybody trusts.
        wall: by which certificates hold.
        entropy: for a new vending key.

    Raises:
        ConfigurationError: a file is missing, or a key is not the certificate's.
        AuthenticationError: a certificate is not the root's.
    """
    keys = PartyKeys(folder / "keys")
    identity = _believed(folder / f"{CertifiedRole.SUPPLIER}-{Purpose.SIGN}.pem", root, Purpose.SIGN, wall)
    agree = _believed(folder / f"{CertifiedRole.SUPPLIER}-{Purpose.AGREE}.pem", root, Purpose.AGREE, wall)
    confirm = _believed(folder / "confirm" / f"{CertifiedRole.CONFIRM}-{Purpose.SIGN}.pem", root, Purpose.SIGN, wall)
    signing, agreement = keys.pair(SIGN_KEY), keys.pair(Purpose.AGREE.value)
    wanted = (identity.certified.public, agree.certified.public)
    if (signing.public, agreement.public) != wanted or identity.eui != agree.eui:
        raise ConfigurationError(f"the keys in {folder} are not those of its certificates")
    path = folder / _VENDING_KEY
    if not path.exists():
        write_private(path, entropy(_VENDING_LENGTH).hex().encode("ascii"))
    group = folder / _SUPPLY_GROUP
    try:
        vending = bytes.fromhex(path.read_text(encoding="ascii"))
        supply_group = group.read_text(encoding="ascii").strip() if group.exists() else _OWN_GROUP
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the vending key in {folder} cannot be read", why=f"{error}.") from error
    return GainerPapers(identity, signing, agreement, confirm, supply_group, vending)


def _believed(path: Path, root: Path, purpose: Purpose, wall: Instant) -> Identity:
    leaf, *issuers = certificates_in(path)
    return identity_on_chain(leaf, issuers, certificates_in(root), purpose, wall)
