"""The certificates of a trust folder's parties, noted at the security centre so that it warns before they end."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from meterhouse.app.trust_folder import certificates_in
from meterhouse.companion.certificate import identity_on_chain
from meterhouse.crypto import Purpose, read_certified
from meterhouse.model import Instant, MeterhouseError
from meterhouse.store import Database, SqlCentreRecords, Transaction
from meterhouse.supplier.trust import Credentials

__all__ = ["note_parties"]

_WHO: Final = "trust folder"


def note_parties(database: Database, folder: Path, wall: Instant, now: Instant) -> None:
    """Note every certificate of the folder's places that is not noted yet; it replaces the one before.

    Args:
        database: of the house.
        folder: made by `meterhouse trust init`.
        wall: the present instant by the clock that certificates go by.
        now: the present instant of the house.
    """
    roots = certificates_in(folder / "root.pem")
    papers = [
        (purpose, certificates_in(path))
        for purpose in (Purpose.SIGN, Purpose.AGREE, Purpose.TLS)
        for path in sorted(folder.glob(f"*/*-{purpose}.pem"))
    ]

    def note(transaction: Transaction) -> None:
        records = SqlCentreRecords(transaction)
        for purpose, (leaf, *issuers) in papers:
            if records.certificate(read_certified(leaf).serial.hex()) is not None:
                continue
            try:
                identity = identity_on_chain(leaf, issuers, roots, purpose, wall)
            except MeterhouseError:  # whoever uses it says so; it is none of the centre's
                continue
            Credentials(records, {}).issued(identity, _WHO, now)

    database.run(note)
