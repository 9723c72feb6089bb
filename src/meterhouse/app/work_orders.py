"""Work orders as CLI and console use them: one call for each thing a person does, and one for what time does."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, TypeVar

from meterhouse.app.brake_view import BrakeView, brake_view, told_view
from meterhouse.app.kept_limits import kept_limits
from meterhouse.app.order_files import OrderFiles
from meterhouse.app.sign_client import SOCKET, Signing, SigningClient, SigningTalk
from meterhouse.app.trust_folder import DESK, STAFF
from meterhouse.app.trust_settings import POLICY, TrustSettings, parse_trust_settings
from meterhouse.app.use_cases import own_catalogue
from meterhouse.companion.brake import Brake
from meterhouse.companion.release import release_by
from meterhouse.companion.sealed import Catalogue, Envelope, OrderReply, OrderResult
from meterhouse.crypto import sha256
from meterhouse.model import (
    Eui64,
    Instant,
    LinkError,
    MeterhouseError,
    NotFoundError,
    StorageError,
    UsageError,
    plain,
    said,
)
from meterhouse.store import Database, SqlAuditChain, SqlBrakes, SqlHomeBook, SqlWorkOrders, StaffKeys, Transaction
from meterhouse.store.turns import take_turns
from meterhouse.supplier.trust import Deed, OrderDesk, OrderRequest, Staff, Step, WhatIf, WorkOrder, WorkState, believe

__all__ = ["WorkOrders", "open_work_orders"]

T = TypeVar("T")
Made = TypeVar("Made", bound="WorkOrders")

_SIGNED_AT_ONCE: Final = 250
_DESK_BRAKE: Final = "B1"
_SIGNING_BRAKE: Final = "B2"
_HOME_TAG: Final = "MHHM1"
"""Sets a word about a home apart from one about an order."""
_MOMENT: Final = "in a moment"
"""The daemon's word for what only has to wait."""


class WorkOrders(OrderFiles):
    """The service. Every call is durable when it returns; whatever is refused is raised and changes nothing.

    Args:
        database: of the house.
        signing: the way to the signing daemon.
        settings: the desk's own rules.
        catalogue: use cases.
        what_if: reckons what a batch would do; None counts each home as off.
    """

    def __init__(
        self,
        database: Database,
        signing: SigningTalk,
        settings: TrustSettings,
        catalogue: Catalogue,
        staff: Callable[[], Staff],
        what_if: WhatIf | None = None,
    ) -> None:
        super().__init__(database)
        self._signing = signing
        self._settings = settings
        self._catalogue = catalogue
        self._staff = staff
        self._what_if = what_if
        self._unkept: dict[str, Envelope] = {}
        self.more = False

    def now(self) -> Instant:
        """The time by which orders are judged: the signing daemon's.

        Raises:
            LinkError: the signing daemon is away.
        """
        return self._signing.now()

    # what people do ----------------------------------------------------------------------------------------------

    def raise_order(self, request: OrderRequest, person: str, passphrase: str, now: Instant) -> WorkOrder:
        """Raise an order; see `OrderDesk.draft` for what is refused.

        Raises:
            PolicyError, NotFoundError, SealedError: it may not be raised.
            LinkError: the signing daemon is away.
        """
        drafted = self._act(lambda desk: desk.draft(request, now), now)
        word = self._signing.write(person, passphrase, Deed.RAISE, drafted.digest)
        return self._act(lambda desk: desk.raise_order(drafted, word, max(now, word.at)), now)

    def approve(self, number: str, person: str, passphrase: str, now: Instant) -> WorkOrder:
        """Approve an order that somebody else has raised.

        Raises:
            PolicyError: a rule says no, or the brake.
            StateError: it waits for no approval.
            LinkError: the signing daemon is away.
        """
        order = self.show(number).order
        word = self._signing.write(person, passphrase, Deed.APPROVE, order.digest)
        return self._act(lambda desk: desk.approve(number, word, max(now, word.at)), now)

    def cancel(self, number: str, person: str, passphrase: str, now: Instant) -> WorkOrder:
        """Cancel an order, at any time before its end.

        Raises:
            StateError: it has ended.
            LinkError: the signing daemon is away.
        """
        order = self.show(number).order
        word = self._signing.write(person, passphrase, Deed.CANCEL, order.digest)
        return self._act(lambda desk: desk.cancel(number, word, now), now)

    def brakes(self, now: Instant) -> tuple[BrakeView, ...]:
        """The desk's brake, and the signing daemon's where it answers."""
        views = [brake_view(self._database.read(self._brake), now)]
        try:
            told = self._signing.status()["brake"]
        except LinkError:
            return tuple(views)
        return (*views, told_view(told))

    def release_brake(self, place: str, person: str, passphrase: str, now: Instant) -> bool:
        """One officer's word to release brake B1 or B2; True once it is open.

        Raises:
            PolicyError: no officer, or a wrong passphrase.
            StateError: it has not tripped.
            UsageError: another place's brake: that place takes its officers' words itself.
        """
        if place == _SIGNING_BRAKE:
            return self._signing.release(person, passphrase)
        if place != _DESK_BRAKE:
            raise UsageError(f"brake '{place}' is not released here", remedy="Release it where it stands.")
        trips = self._database.read(self._brake).trips
        word = self._signing.release_word(person, passphrase, place, trips)
        officers = {name: each.public for name, each in self._staff().items()}

        def release(transaction: Transaction) -> bool:
            take_turns(transaction)
            brake = self._brake(transaction)
            opened = release_by(brake, person, word, officers)
            SqlBrakes(transaction).save(brake.name, brake.snapshot())
            SqlAuditChain(transaction).write(now, person, "brake.release", place, {"open": opened, "trip": trips})
            return opened

        return self._database.run(release)

    def protect_home(self, home: str, why: str, person: str, passphrase: str, now: Instant) -> None:
        """Say why a home is never to be cut; an empty reason: it may be, which not everybody may say.

        Raises:
            UsageError: the reason is too long, or holds what cannot be shown.
            NotFoundError: there is no such home.
            PolicyError: a wrong passphrase, or not their duty.
            LinkError: the signing daemon is away.
        """
        why = said(why, "the reason")
        deed = Deed.PROTECT if why else Deed.UNPROTECT
        self._mark(deed, home, {"protected": why}, person, passphrase, now)

    def place_home(self, home: str, feeder: str, person: str, passphrase: str, now: Instant) -> None:
        """Say on which feeder a home hangs, as the brakes count it; empty where nobody knows.

        Raises what `protect_home` raises.
        """
        feeder, known = said(feeder, "the feeder"), self._settings.limits.feeders
        if feeder and feeder not in known:
            remedy = f"Write it with its homes under [feeders] in every {POLICY}; there {_named(known)}."
            raise NotFoundError(f"there is no feeder '{feeder}'", remedy=remedy)
        self._mark(Deed.PLACE, home, {"feeder": feeder}, person, passphrase, now)

    def _mark(self, deed: Deed, home: str, to: dict[str, str], person: str, passphrase: str, now: Instant) -> None:
        if not self._database.read(lambda tx: SqlHomeBook(tx).meters(home)):
            raise NotFoundError(f"there is no home {plain(home)} with a meter", remedy="Look at the street.")
        digest = sha256(json.dumps([_HOME_TAG, home, to]).encode())
        believe(self._signing.write(person, passphrase, deed, digest), digest, self._staff())

        def mark(transaction: Transaction) -> None:
            SqlHomeBook(transaction).mark(home, now, person, **to)
            SqlAuditChain(transaction).write(now, person, "home.marked", home, to)

        self._database.run(mark)

    # what time does ----------------------------------------------------------------------------------------------

    def work(self, now: Instant) -> tuple[WorkOrder, ...]:
        """Sign what has cooled off, end what is over. To be called every few seconds.

        An order that the signing daemon refuses ends with its reason, unless it only has to wait: for the pace of the
        brake, or for the daemon. Of many only some are signed at a time, so that nothing else waits for them: `more`
        says whether to call again soon.

        Returns:
            Every order that is signed and not yet sent, for the head end to carry.
        """
        if not self.list(live=True):  # as at nearly every look: nothing to write, and nobody to wait for
            self.more = False
            self._unkept.clear()
            self._sign_head(now)
            return ()
        self._act(lambda desk: desk.expire(now), now)
        due = self._act(lambda desk: desk.due(now), now)
        waiting = {order.number for order in due}
        self._unkept = {number: each for number, each in self._unkept.items() if number in waiting}
        self.more = len(due) > _SIGNED_AT_ONCE
        for order in due[:_SIGNED_AT_ONCE]:
            if not self._sign(order, now):
                self.more = False
                break
        self._sign_head(now)
        return tuple(order for order in self.list(live=True) if order.state is WorkState.SIGNED)

    def cancel_of(self, order: WorkOrder) -> Envelope:
        """The signed message that cancels an order at its device, for the head end to carry; a new one at each call.

        Raises:
            PolicyError: it was never signed.
            LinkError, StorageError: the signing daemon is away, or cannot keep its counter.
        """
        return self._signing.cancel(order)

    # what the head end tells -------------------------------------------------------------------------------------

    def sent(self, number: str, now: Instant) -> WorkOrder:
        """The device's port has taken the order."""
        return self._act(lambda desk: desk.sent(number, now), now)

    def refused(self, number: str, who: str, why: str, now: Instant) -> WorkOrder:
        """Carrier or port refused the order for good."""
        return self._act(lambda desk: desk.refused(number, who, why, now), now)

    def replied(self, number: str, reply: OrderReply, now: Instant) -> WorkOrder:
        """The device's signed response, whose signature was checked."""
        return self._act(lambda desk: desk.replied(number, reply, now), now)

    def result(self, result: OrderResult, device: Eui64, now: Instant) -> WorkOrder:
        """The device's signed result, whose signature was checked.

        Raises:
            NotFoundError: no order of ours: raise an alarm.
        """
        return self._act(lambda desk: desk.result(result, device, now), now)

    def read_back(self, number: str, switch: int, load: int, now: Instant) -> WorkOrder:
        """An independent look at the switch after the result; `ReadBack.DIFFERS` is a red alert."""
        return self._act(lambda desk: desk.read_back(number, switch, load, now), now)

    # inside ------------------------------------------------------------------------------------------------------

    def _act(self, act: Callable[[OrderDesk], T], now: Instant) -> T:
        """Do something at the desk. What the brake has counted or latched stays, even where the act is refused."""
        brakes: list[Brake] = []

        def job(transaction: Transaction) -> T:
            take_turns(transaction)
            brakes[:] = [self._brake(transaction)]
            audit = SqlAuditChain(transaction)

            def tell(order: WorkOrder, step: Step) -> None:
                audit.write(step.at, step.who, f"order.{step.state}", order.number, {"why": step.why})

            result = act(
                OrderDesk(
                    SqlWorkOrders(transaction),
                    SqlHomeBook(transaction),
                    self._staff(),
                    self._catalogue,
                    self._settings.policy,
                    brakes[0],
                    self._what_if,
                    tell,
                )
            )
            SqlBrakes(transaction).save(brakes[0].name, brakes[0].snapshot())
            return result

        try:
            return self._database.run(job)
        except MeterhouseError:
            if brakes and brakes[0].latched:
                self._database.run(lambda tx: self._latch(tx, brakes[0], now))
            raise

    def _sign(self, order: WorkOrder, now: Instant) -> bool:
        """Have one order signed; False where the daemon is away, or what it gave cannot be kept.

        What could not be kept is kept at the next turn: asked again, the daemon would count it against its brake again.
        """
        try:
            envelope = self._unkept.get(order.number) or self._signing.sign(order)
        except (LinkError, StorageError):
            return False
        except MeterhouseError as error:
            why = error.sentence()
            if _MOMENT not in error.remedy:
                self._safely(lambda desk: desk.refused(order.number, "signing", why, now), now)
            return True
        self._unkept[order.number] = envelope
        self._safely(lambda desk: desk.signed(order.number, envelope, now), now)
        del self._unkept[order.number]
        return True

    def _sign_head(self, now: Instant) -> None:
        """Have the head of the audit chain signed where it is due; a refusal is itself written into the chain."""
        line = self._database.read(lambda tx: SqlAuditChain(tx).due(now))
        if line is None:
            return
        try:
            head = self._signing.head(line)
        except (LinkError, StorageError):
            return
        except MeterhouseError as error:
            why = error.sentence()
            self._database.run(
                lambda tx: SqlAuditChain(tx).write(now, "signing", "audit.refused", str(line.number), {"why": why})
            )
            return
        self._database.run(lambda tx: SqlAuditChain(tx).keep(head))

    def _safely(self, act: Callable[[OrderDesk], object], now: Instant) -> None:
        """Do something about an order that another may have ended meanwhile: then nothing is to be done.

        Raises:
            StorageError: it could not be kept.
        """
        try:
            self._act(act, now)
        except StorageError:
            raise
        except MeterhouseError:
            return

    def _brake(self, transaction: Transaction) -> Brake:
        settings = self._settings
        return Brake(_DESK_BRAKE, settings.limits, settings.officers, SqlBrakes(transaction).load(_DESK_BRAKE))

    def _latch(self, transaction: Transaction, brake: Brake, now: Instant) -> None:
        kept = self._brake(transaction)
        if not kept.latched:
            kept.trip(brake.why)
            SqlBrakes(transaction).save(kept.name, kept.snapshot())
            SqlAuditChain(transaction).write(now, "meterhouse", "brake.tripped", kept.name, {"why": kept.why})


def _named(feeders: Collection[str]) -> str:
    return f"are {', '.join(sorted(feeders))}" if feeders else "is none yet"


def open_work_orders(
    database: Database,
    trust: Path,
    signing: Signing | None = None,
    what_if: WhatIf | None = None,
    made: type[Made] = WorkOrders,  # type: ignore[assignment]  # mypy issue 3737
) -> Made:
    """The work orders of a house, by the rules in its trust folder.

    Args:
        database: of the house.
        trust: the trust folder.
        signing: the way to the signing daemon; None for its socket in the trust folder.
        what_if: see `WorkOrders`.
        made: the kind of service.

    Raises:
        ConfigurationError: the trust folder's desk is not as it must be.
    """
    desk = trust / DESK
    talk = SigningTalk(signing or SigningClient(trust / "signing" / SOCKET))
    settings = parse_trust_settings(desk / POLICY)
    catalogue = own_catalogue(database.read(lambda tx: kept_limits(tx, StaffKeys(desk / STAFF).staff())))
    return made(database, talk, settings, catalogue, lambda: StaffKeys(desk / STAFF).staff(), what_if)
