"""A supplier that has gained devices in somebody else's street: its own head end, books, keys and tokens.

It uses the meters, the hub and the home network that stand there. All it has of them are the devices' public keys, from
the security centre, and its own; what it shares with each device follows from the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from meterhouse.app.books import Books
from meterhouse.app.caught_up import seen_name, sent_name
from meterhouse.app.gainer_papers import GainerPapers
from meterhouse.companion import objects
from meterhouse.companion.receipt import read_receipt, signer_of
from meterhouse.companion.sealed import AlertContent, Envelope
from meterhouse.companion.supplier_keys import association_keys
from meterhouse.crypto import PublicPoint
from meterhouse.model import Eui64, Fuel, Instant, MeterhouseError, Money
from meterhouse.protocols import dlms, sts
from meterhouse.store import Database, HomeRecord, RegisteredMeter, SignedWord, SqlRegistry, SqlSignedWords, WordKind
from meterhouse.store import Transaction as Tx
from meterhouse.supplier.headend import AccountAddress, DeliverToken, HeadEnd, HeadEndSettings, HubEntry, MeterEntry
from meterhouse.supplier.vending import AccountRecord, KeyName, MemoryKeyStore, MeterRecord, StsService

__all__ = ["GainedClients", "GainedMeter", "GainedWords", "GainingSupplier"]


@dataclass(frozen=True, slots=True)
class GainedMeter:
    """A device that this supplier has gained.

    Attributes:
        device: which.
        hub: behind which it hangs.
        home: where.
        fuel: what it measures.
        serial: what is printed on it.
        agreement: its key-agreement key.
        signing: its signature key.
        pan: of a home that pays in advance; None for any other.
    """

    device: Eui64
    hub: Eui64
    home: str
    fuel: Fuel
    serial: str
    agreement: PublicPoint
    signing: PublicPoint
    pan: sts.MeterPan | None = None

    @property
    def server(self) -> Eui64:
        """What the head end associates with: the meter, or the hub that speaks for the gas."""
        return self.hub if self.fuel is Fuel.GAS else self.device


class GainedClients:
    """`headend.Clients` under the keys that the devices and this supplier share.

    Args:
        papers: of the supplier.
        meters: what it has gained.
        books: keep its counters.
        entropy: for challenges.
    """

    def __init__(
        self, papers: GainerPapers, meters: Iterable[GainedMeter], books: Books, entropy: Callable[[int], bytes]
    ) -> None:
        self._papers = papers
        self._agreements = {meter.server: meter.agreement for meter in meters}
        self._books = books
        self._entropy = entropy
        self._settings: dict[Eui64, dlms.ClientSettings] = {}

    def client(self, device: Eui64) -> dlms.Client:
        """See `headend.Clients`."""
        settings = self._settings.get(device)
        if settings is None:
            settings = self._settings[device] = self._made(device)
        return dlms.Client(settings)

    def _made(self, device: Eui64) -> dlms.ClientSettings:
        books, name, heard = self._books, sent_name(device), seen_name(device)
        return dlms.ClientSettings(
            client_sap=objects.HEAD_END_SAP,
            server_sap=objects.MANAGEMENT_DEVICE,
            mechanism=dlms.Mechanism.GMAC,
            system_title=self._papers.eui.octets,
            server_title=device.octets,
            keys=association_keys(self._papers.agreement, self._agreements[device], device),
            policy=dlms.Policy.BOTH,
            counter=dlms.Counter(books.reserved(name), lambda limit: books.reserve(name, limit)),
            seen=dlms.SeenCounter(books.reserved(heard) - 1, lambda value: books.believed(heard, value)),
            entropy=self._entropy,
        )


class GainedWords:
    """`headend.SealedBook` of this supplier: what its devices sign about its orders.

    Args:
        database: its own.
        meters: what it has gained.
        carrier: the carrier's identity and its key for receipts.

    Attributes:
        stages: how far each order has come, the newest last: (order, stage, why).
    """

    def __init__(self, database: Database, meters: Iterable[GainedMeter], carrier: tuple[Eui64, PublicPoint]) -> None:
        self._database = database
        self._keys = {meter.device: meter.signing for meter in meters}
        self._carrier = carrier
        self.stages: list[tuple[str, str, str]] = []

    def stage(self, order: str, stage: str, now: Instant, why: str = "") -> None:
        """See `headend.OrderBook`."""
        del now
        self.stages.append((order, stage, why))

    def signing_key(self, device: Eui64) -> PublicPoint | None:
        """See `headend.SealedBook`."""
        return self._keys.get(device)

    def newest_alert(self, device: Eui64) -> int:
        """See `headend.SealedBook`."""
        return self._database.read(lambda tx: SqlSignedWords(tx).newest(device, WordKind.ALERT))

    def keep_alert(self, alert: Envelope, content: AlertContent, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`."""
        del content
        self._keep(SignedWord(now, alert.originator, WordKind.ALERT, alert.counter, "", octets))

    def keep_answer(self, order: str, answer: Envelope, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`."""
        self._keep(SignedWord(now, answer.originator, WordKind.ANSWER, answer.counter, order, octets))

    def keep_receipt(self, order: str, octets: bytes, now: Instant) -> None:
        """See `headend.SealedBook`. What its signer did not sign is no evidence, and is not kept."""
        try:
            signer = signer_of(octets)
            key = self._carrier[1] if signer == self._carrier[0] else self._keys.get(signer)
            receipt = None if key is None else read_receipt(octets, key)
        except MeterhouseError:
            return
        if receipt is not None:
            self._keep(SignedWord(now, signer, WordKind.RECEIPT, receipt.number, order, octets))

    def _keep(self, word: SignedWord) -> None:
        self._database.run(lambda tx: SqlSignedWords(tx).keep(word))


class GainingSupplier:
    """The supplier's house.

    Args:
        papers: its keys.
        meters: what it gains; until the carrier and the devices know it, nothing of it works.
        database: its own.
        carrier: the carrier's identity and key for receipts.
        entropy: for challenges and tokens.
        now: when it opens its accounts.
        currency: of its accounts.
    """

    def __init__(
        self,
        papers: GainerPapers,
        meters: Iterable[GainedMeter],
        database: Database,
        carrier: tuple[Eui64, PublicPoint],
        entropy: Callable[[int], bytes],
        now: Instant,
        currency: str = "GBP",
    ) -> None:
        meters = tuple(meters)
        self.papers = papers
        vending = MemoryKeyStore({KeyName(papers.supply_group, 1): papers.vending})
        self.books = Books(database, StsService(vending), entropy)
        database.run(lambda tx: _enter(tx, papers, meters, Money(0, currency), now))
        self.words = GainedWords(database, meters, carrier)
        self.head_end = HeadEnd(
            HeadEndSettings(f"head end of {papers.eui}", papers.eui),
            [HubEntry(hub, tuple(MeterEntry(one.device, one.fuel) for one in meters if one.hub == hub))
             for hub in dict.fromkeys(one.hub for one in meters)],
            GainedClients(papers, meters, self.books, entropy),
            self.books,
            self.books,
            sealed=self.words,
        )  # fmt: skip

    def carry_orders(self, now: Instant) -> None:
        """Send tokens that were sold on their way."""
        for due in self.books.claim_deliveries(now):
            # An account of electricity that changes hands stands in its meter; one in a hub is handed to nobody.
            account = AccountAddress(due.fuel, None if due.fuel is Fuel.GAS else due.meter)
            job = DeliverToken(due.order, due.token, due.debt_left, self.books, due.expires, account)
            self.head_end.submit(due.hub, job, now)


def _enter(tx: Tx, papers: GainerPapers, meters: tuple[GainedMeter, ...], nothing: Money, now: Instant) -> None:
    registry = SqlRegistry(tx)
    for one in meters:
        registry.add_home(HomeRecord(one.home, one.hub))
        pan = "" if one.pan is None else str(one.pan)
        group = papers.supply_group if pan else ""
        record = MeterRecord(meter=one.device, fuel=one.fuel, hub=one.hub, pan=pan, supply_group=group)
        registry.add_meter(RegisteredMeter(one.home, one.serial, record))
        if pan:
            registry.open_account(AccountRecord(pan, one.home, nothing, 0), one.device, now)
