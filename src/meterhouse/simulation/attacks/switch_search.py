"""Attacks on the switch itself: everything that anybody can say or do to it, in every state that this leads to."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Final

from meterhouse.app.street_trust import CONFIRM
from meterhouse.companion import objects
from meterhouse.companion.arm_code import ARM_CODE_DIGITS
from meterhouse.companion.sealed import (
    CANCEL_ORDER,
    CONFIRM_ANSWER,
    ConfirmAnswer,
    ConfirmQuery,
    Envelope,
    Kind,
    Mandate,
    OrderCode,
    Role,
    encode_cancel,
)
from meterhouse.companion.sealed.signature import signed
from meterhouse.crypto import KeyPair
from meterhouse.model import DAY, HOUR, MINUTE, ConfigurationError, Eui64, Fuel, Instant, MeterhouseError
from meterhouse.premises.electricity_meter import ControlState, SupplySwitch
from meterhouse.protocols import dlms
from meterhouse.simulation.attacks.case import Tally, Terms, attack
from meterhouse.simulation.attacks.fleet import NOON, Fleet
from meterhouse.simulation.attacks.plain_clients import PlainClient, clock_content, limit_content
from meterhouse.supplier.trust import supply_content

__all__ = ["every_state"]

_LIMIT_W: Final = 2_000
_STATES: Final = 2_000
"""More than there are: a search that is given so many comes to its end."""
_ALL: Final = 1_000
_BY_HAND: Final = frozenset({"press", "hold"})
_NOTHING: Final = ConfirmQuery(NOON, bytes(16), bytes(32), 1, None, 0, None, bytes(8))


class _Board:
    """One meter of one control mode, put back to its beginning as often as needed, and all that can be done to it."""

    def __init__(self, seed: int, mode: int) -> None:
        self.fleet = Fleet(seed, 1, control_mode=mode)
        (self.mark,) = self.fleet.marks
        self.now = NOON
        self._clients = count(1)
        self.deeds = self._sayings() | self._acts()

    def restart(self) -> None:
        """From the factory."""
        self.now = NOON
        self.mark.meter = self.mark.fresh(self.now)
        self.mark.meter.load_limit_w = _LIMIT_W

    @property
    def key(self) -> tuple[object, ...]:
        """What of the state decides about the switch; windows as far as they are open or shut."""
        meter, gate = self.mark.meter, self.mark.gate
        hindrance = gate.brake.hindrance(gate.run.at(self.now))
        return meter.switch.state, meter.switch.held, meter.back_feed, gate.cut.stage, gate.armed, hindrance

    # what can be said ------------------------------------------------------------------------------------------------

    def query(self) -> ConfirmQuery:
        return (self.mark.queries() or [_NOTHING])[-1]

    def answer(self, *, yes: bool, nonce: bytes | None = None) -> None:
        asked = self.query()
        content = ConfirmAnswer(asked.nonce if nonce is None else nonce, asked.order, yes).encode()
        window = (-MINUTE, 4 * MINUTE)
        self.mark.take(self.mark.order(CONFIRM_ANSWER, content, self.now, window=window, who=CONFIRM), self.now)

    def contents(self) -> dict[int, bytes]:
        """Something that each use case of this meter holds."""
        asked = self.query()
        return {
            OrderCode.OPEN_SWITCH: supply_content(Fuel.ELECTRICITY, arm=False),
            OrderCode.SET_CLOCK: clock_content(self.mark.meter.clock.reads(self.now)),
            OrderCode.SET_LOAD_LIMIT: limit_content(_LIMIT_W),
            CONFIRM_ANSWER: ConfirmAnswer(asked.nonce, asked.order, yes=True).encode(),
            CANCEL_ORDER: encode_cancel(asked.order),
        }

    def say(self, who: Eui64, pair: KeyPair, code: int) -> None:
        """An order of any code by anybody, in any name, closed by the carrier."""
        mark = self.mark
        content = self.contents().get(code, supply_content(Fuel.ELECTRICITY, arm=True))
        mandate = Mandate(mark.unit.premises, Instant(self.now - MINUTE), Instant(self.now + 4 * MINUTE))
        bare = Envelope(Kind.COMMAND, next(self.fleet.counters), who, mark.device, code, content, mandate.encode())
        agreement = self.fleet.trust.agreement(mark.device)
        order = signed(bare, pair)
        mark.take(order.with_mac(agreement.mac_of(order)), self.now)

    def _sayings(self) -> dict[str, Callable[[], object]]:
        """Every use case by every role under its own name, and in the supplier's and the confirm service's."""
        trust = self.fleet.trust
        parties = {party.role: identity for identity, party in self.mark.gate.trust.parties.items()}
        stranger = Eui64(bytes(8))
        found: dict[str, Callable[[], object]] = {}
        for code in trust.catalogue:
            for role, who in [*parties.items(), ("nobody", stranger)]:
                pair = self.fleet.keys.pair("sign", who)
                names = {who, parties[Role.SUPPLIER], parties[Role.CONFIRM]}
                for name in names:
                    label = f"{code:04x} by {role} as {name}"
                    found[label] = partial(self.say, name, pair, code)
        return found

    def plain(self, sap: int) -> None:
        """Both methods of the disconnect control, and every mode, by a client of the plain associations."""
        client = PlainClient(self.mark, sap, next(self._clients), self.now)
        control = dlms.DISCONNECT_CONTROL, objects.ELECTRICITY_DISCONNECT
        tries = [client.client.act(*control, method, dlms.integer(0)) for method in (1, 2)]
        tries += [client.client.set(*control, 4, dlms.enum(mode)) for mode in range(8)]
        for procedure in tries:
            try:
                client.run(procedure, self.now)
            except MeterhouseError:
                continue

    # what can be done ------------------------------------------------------------------------------------------------

    def wait(self, duration: int) -> None:
        """Time passes, and the meter does what is due."""
        until = Instant(self.now + duration)
        while (due := self.mark.meter.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.mark.meter.elapse(self.now)
        self.now = until

    def overload(self) -> None:
        """More is drawn than may be."""
        self.wait(MINUTE)
        self.mark.meter.use(2 * _LIMIT_W, self.now)

    def _acts(self) -> dict[str, Callable[[], object]]:
        """Everything, by name."""
        plain = (objects.PUBLIC_SAP, objects.HUB_SAP, objects.HEAD_END_SAP)
        return {
            "yes": lambda: self.answer(yes=True),
            "no": lambda: self.answer(yes=False),
            "yes to another question": lambda: self.answer(yes=True, nonce=bytes(16)),
            **{f"plain client {sap}": partial(self.plain, sap) for sap in plain},
            "a minute": lambda: self.wait(MINUTE),
            "ten minutes": lambda: self.wait(10 * MINUTE),
            "sixteen minutes": lambda: self.wait(16 * MINUTE),
            "a day": lambda: self.wait(DAY + MINUTE),
            "three days": lambda: self.wait(3 * DAY + HOUR),
            "power cut": lambda: self.mark.power_cut(self.now),
            "new credentials": lambda: self.mark.gate.adopt(self.mark.gate.trust, self.now),
            "back-feed": lambda: setattr(self.mark.meter, "back_feed", not self.mark.meter.back_feed),
            "overload": self.overload,
            "local disconnect": lambda: self.mark.meter.disconnect(self.now),
            "a code": lambda: self.mark.meter.key_in(self.mark.code(), self.now),
            "a wrong code": lambda: self.mark.meter.key_in("0" * ARM_CODE_DIGITS, self.now),
            "press": lambda: self.mark.meter.press_button(self.now),
            "hold": lambda: self.mark.meter.hold_button(self.now),
            "release": lambda: self.mark.meter.release_button(),  # noqa: PLW0108 -- the meter of that moment
        }


def _search(board: _Board, limit: int, tally: Tally) -> tuple[int, int]:
    """(states, transitions), breadth first through the real meter; tallies each transition."""

    def replay(path: tuple[str, ...]) -> None:
        board.restart()
        for name in path:
            board.deeds[name]()

    replay(())
    seen = {board.key}
    waiting: deque[tuple[str, ...]] = deque([()])
    transitions = 0
    while waiting and len(seen) <= limit:
        path = waiting.popleft()
        replay(path)
        for name in board.deeds:
            before = board.key
            _do(board, name, path, tally)
            transitions += 1
            if board.key not in seen:
                seen.add(board.key)
                waiting.append((*path, name))
            if board.key != before or name in _TELLING:
                replay(path)
    return len(seen), transitions


_TELLING: Final = frozenset({"a minute", "ten minutes", "sixteen minutes", "a day", "three days", "overload"})
"""Deeds after which the meter is not as it was, though it looks so: time has passed."""


def _do(board: _Board, name: str, path: tuple[str, ...], tally: Tally) -> None:
    """One deed: the supply comes back by a hand only, at an armed switch, with no voltage behind it."""
    meter = board.mark.meter
    before, fed = meter.switch.state, meter.back_feed
    board.deeds[name]()
    closed = before is not ControlState.CONNECTED and board.mark.meter.switch.state is ControlState.CONNECTED
    allowed = name in _BY_HAND and before is ControlState.READY and not fed
    tally.tried(closed and not allowed, " > ".join((*path, name)))


@attack("T15", "everybody says and does everything to the switch, in every state it leads to: an exhaustive search")
def every_state(terms: Terms) -> Tally:
    """All roles, use cases, names, plain clients, control modes, hands, loads and waits; breadth first."""
    tally, states, transitions = Tally(), {}, 0
    limit = terms.tries(_STATES, 6)
    for mode in (0, 1, 3):
        board = _Board(terms.seed, mode)
        states[mode], tried = _search(board, limit, tally)
        transitions += tried
    for mode in (2, 4, 5, 6, 7):
        try:
            SupplySwitch(mode=mode)
        except ConfigurationError:
            tally.tried(False)
        else:
            tally.tried(True, f"a switch is made with control mode {mode}")
    tally.figures["states by control mode"] = states
    tally.figures["transitions"] = transitions
    ended = max(states.values()) <= limit
    tally.figures["searched to the end"] = ended
    if terms.permille >= _ALL:
        tally.must(ended, "a search to its end")
    (mark,) = Fleet(terms.seed, 1).marks
    tally.must(mark.genuine_cut(NOON) and mark.genuine_return(NOON), "a cut, an arm and a hand")
    return tally
