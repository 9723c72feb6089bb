"""The signing daemon: the one process that has the supplier's key; it speaks JSON lines on a Unix socket.

::

    {"do": "write", "person": …, "passphrase": …, "deed": "raise|approve|cancel", "digest": hex}   -> {"statement": …}
    {"do": "write-all", "person": …, "passphrase": …, "deed": "raise", "digests": [hex, …]}       -> {"statements": […]}
    {"do": "sign", "order": {…}}                                                                   -> {"envelope": hex}
    {"do": "cancel", "order": {…}}                                                                 -> {"envelope": hex}
    {"do": "release", "person": …, "passphrase": …}                                                -> {"open": bool}
    {"do": "release-word", "person": …, "passphrase": …, "brake": …, "trip": n}                    -> {"word": hex}
    {"do": "tighten-word", "person": …, "passphrase": …, "limit": …, "least": n, "most": n}        -> {"word": hex}
    {"do": "head", "number": n, "digest": hex}                                                     -> {"head": {…}}
    {"do": "witness"}                                                                              -> {"head": {…}}
    {"do": "status"}                                                                               -> {…}

Every other request, and every one that a rule refuses, gets {"error": …} and changes nothing.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

from meterhouse.app.kept_limits import KeptUseCases, keep_tightening, kept_limits
from meterhouse.app.trust_folder import AUDIT_KEY, SIGN_KEY, STAFF
from meterhouse.app.trust_settings import POLICY, parse_trust_settings
from meterhouse.app.trust_stores import BlockCounters, HeadSigner, KeptPen, database_of, keeper, kept_brake
from meterhouse.companion.limits import FieldRange, Limits, Tightening, sign_tightening
from meterhouse.companion.release import release_by, sign_release
from meterhouse.crypto import KeyPair
from meterhouse.links import Clock
from meterhouse.model import MINUTE, ConfigurationError, Instant, MeterhouseError, PolicyError, UsageError
from meterhouse.store.party_keys import PartyKeys, StaffKeys
from meterhouse.supplier.trust import Deed, SigningDesk, WorkOrder
from meterhouse.supplier.trust.work_order import statement_json

__all__ = ["LONGEST_LINE", "WORDS_AT_ONCE", "SignDaemon", "serve_signing"]

LONGEST_LINE: Final = 1 << 16
WORDS_AT_ONCE: Final = 500
"""That one passphrase gives: they fit one line."""
_CONNECTIONS: Final = 32
_PATIENCE_S: Final = 30.0
"""Whoever says nothing for so long gives his place to others."""
_TRIES: Final = 5
"""Wrong passphrases of one person in a minute; then even the right one waits."""


class SignDaemon:
    """What answers requests; one at a time. Close it, or use it in a `with`.

    Args:
        folder: `signing` of a trust folder.
        clock: what time it is.
        passphrase: of the supplier's key; None uses the file beside it.
        pair: the supplier's key where it is in a hardware module (`store.pkcs11_signing`); None for the key file's.

    Raises:
        ConfigurationError: a key, a rule or the staff is missing.
        PolicyError, AuthenticationError: a tightening that is kept here is not what an officer signed.
    """

    def __init__(self, folder: Path, clock: Clock, passphrase: str | None = None, pair: KeyPair | None = None) -> None:
        settings = parse_trust_settings(folder / POLICY)
        self._clock = clock
        self._people = StaffKeys(folder / STAFF)
        self._wrong: dict[str, list[Instant]] = {}
        self._database = database_of(folder, "signing.db")
        try:
            keys = PartyKeys(folder / "keys", passphrase)
            # Its own memory of the words that it has written: no limit is loosened in the books behind its back.
            self._kept = KeptUseCases(self._limits)
            self._heads = HeadSigner(self._database, keys.pair(AUDIT_KEY))
            self._desk = SigningDesk(
                settings.supplier,
                pair or keys.pair(SIGN_KEY),
                self._kept.catalogue,
                self._people.staff(),
                settings.policy,
                kept_brake(self._database, "B2", settings.limits, settings.officers),
                BlockCounters(self._database),
                KeptPen(self._database),
                keeper(self._database),
            )
        except MeterhouseError:
            self._database.close()
            raise
        self.refused = 0

    def close(self) -> None:
        """Let go of the data base."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def answer_line(self, line: bytes) -> bytes:
        """One line for one line, whatever it holds."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        return json.dumps(self.answer(request), separators=(",", ":")).encode() + b"\n"

    def answer(self, request: object) -> dict[str, Any]:
        """The answer to a request."""
        try:
            if not isinstance(request, dict):
                raise UsageError("the request is no JSON object")
            return self._do(request)
        except MeterhouseError as error:
            self.refused += 1
            kind = type(error).__name__
            return {"error": {"kind": kind, "what": error.what, "why": error.why, "remedy": error.remedy}}

    def _do(self, request: Mapping[str, Any]) -> dict[str, Any]:
        deeds: dict[object, Callable[[Mapping[str, Any], Instant], dict[str, Any]]] = {
            "write": self._write,
            "write-all": self._write_all,
            "sign": lambda asked, now: {"envelope": self._desk.sign(_order(asked), now).encode().hex()},
            "cancel": lambda asked, now: {"envelope": self._desk.cancel(_order(asked), now).encode().hex()},
            "release": self._release,
            "release-word": self._release_word,
            "tighten-word": self._tighten_word,
            "head": self._head,
            "witness": lambda _asked, _now: {"head": self._heads.newest()},
            "status": lambda _asked, now: self._status(now),
        }
        asked = request.get("do")
        deed = deeds.get(asked) if isinstance(asked, str) else None
        if deed is None:
            raise UsageError("the request asks for nothing that is done here")
        return deed(request, self._clock.now())

    def _head(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        return {"head": self._heads.sign(_count(request, "number"), _bytes(request, "digest", 32), now)}

    def _write(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        name, deed = _text(request, "person"), _text(request, "deed")
        digest = _bytes(request, "digest", 32)
        if deed not in {each.value for each in Deed}:
            raise UsageError(f"deed '{deed[:20]}' is none")
        pair = self._open(name, _text(request, "passphrase"), now)
        return {"statement": statement_json(self._desk.write(name, pair, Deed(deed), digest, now))}

    def _write_all(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        name, digests = _text(request, "person"), request.get("digests")
        if request.get("deed") != Deed.RAISE:
            raise UsageError("orders are raised together, and approved or cancelled one by one")
        if not isinstance(digests, list) or len(digests) > WORDS_AT_ONCE:
            raise UsageError(f"field 'digests' is no list of up to {WORDS_AT_ONCE}")
        wanted = [_bytes({"digests": digest}, "digests", 32) for digest in digests]
        pair = self._open(name, _text(request, "passphrase"), now)
        words = [self._desk.write(name, pair, Deed.RAISE, digest, now) for digest in wanted]
        return {"statements": [statement_json(word) for word in words]}

    def _release(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        name, brake = _text(request, "person"), self._desk.brake
        pair = self._open(name, _text(request, "passphrase"), now)
        officers = {each: person.public for each, person in self._desk.staff.items()}
        opened = release_by(brake, name, sign_release(pair, brake.name, brake.trips), officers)
        self._desk.keep_brake(brake)
        return {"open": opened, "released_by": list(brake.released_by)}

    def _release_word(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        name, trip = _text(request, "person"), _count(request, "trip")
        pair = self._open(name, _text(request, "passphrase"), now)
        return {"word": sign_release(pair, _text(request, "brake"), trip).hex()}

    def _tighten_word(self, request: Mapping[str, Any], now: Instant) -> dict[str, Any]:
        name, to = _text(request, "limit"), FieldRange(_count(request, "least"), _count(request, "most"))
        officer = _text(request, "person")
        word = sign_tightening(self._open(officer, _text(request, "passphrase"), now), name, to)
        change = Tightening(name, to, officer, word)
        self._database.run(lambda tx: keep_tightening(tx, self._desk.staff, change, now))
        self._kept.look()
        return {"word": word.hex()}

    def _limits(self) -> Limits:
        return self._database.read(lambda tx: kept_limits(tx, self._people.staff()))

    def _status(self, now: Instant) -> dict[str, Any]:
        brake = self._desk.brake
        hour, day = brake.passed(now)
        return {
            "supplier": str(self._desk.supplier),
            "public": self._desk.pair.public.octets.hex(),
            "audit": self._heads.public.octets.hex(),
            "staff": {name: sorted(person.duties) for name, person in self._desk.staff.items()},
            "brake": {
                "name": brake.name,
                "latched": brake.latched,
                "why": brake.why,
                "trips": brake.trips,
                "released_by": list(brake.released_by),
                "hour": [hour, brake.limits.an_hour],
                "day": [day, brake.limits.a_day],
            },
            "refused": self.refused,
            "now": now,
        }

    def _open(self, name: str, passphrase: str, now: Instant) -> Any:
        wrong = [at for at in self._wrong.get(name, ()) if at > now - MINUTE]
        self._wrong[name] = wrong
        if len(wrong) >= _TRIES:
            raise PolicyError(f"too many wrong passphrases for '{name}'", remedy="Wait a minute.")
        if name not in self._desk.staff:
            self._wrong.pop(name, None)
        try:
            return self._people.open(name, passphrase)
        except PolicyError:
            if name in self._desk.staff:
                wrong.append(now)
            raise


async def serve_signing(daemon: SignDaemon, socket: Path) -> asyncio.Server:
    """Answer on a Unix socket that only this user and its group can open.

    Raises:
        ConfigurationError: the socket cannot be made.
    """
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        try:
            while connections <= _CONNECTIONS and (line := await asyncio.wait_for(reader.readline(), _PATIENCE_S)):
                writer.write(daemon.answer_line(line))
                await writer.drain()
        except (ValueError, OSError):  # too long a line, the caller is gone, or says nothing (TimeoutError)
            pass
        finally:
            connections -= 1
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    try:
        socket.unlink(missing_ok=True)  # noqa: ASYNC240 -- one unlink before anybody is served
        before = os.umask(0o117)
        try:
            return await asyncio.start_unix_server(talk, socket, limit=LONGEST_LINE)
        finally:
            os.umask(before)
    except OSError as error:
        raise ConfigurationError(f"the socket {socket} cannot be made", why=f"{error.strerror}.") from error


def _order(request: Mapping[str, Any]) -> WorkOrder:
    told = request.get("order")
    if not isinstance(told, dict):
        raise UsageError("the request has no order")
    return WorkOrder.from_json(told)


def _text(request: Mapping[str, Any], field: str) -> str:
    value = request.get(field)
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise UsageError(f"field '{field}' is no text of 1 to 200 letters")
    if not value.isprintable():
        raise UsageError(f"field '{field}' holds what nobody can type")
    return value


def _count(request: Mapping[str, Any], field: str) -> int:
    value = request.get(field)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 62:
        raise UsageError(f"field '{field}' is no count")
    return value


def _bytes(request: Mapping[str, Any], field: str, size: int) -> bytes:
    try:
        value = bytes.fromhex(_text(request, field))
    except ValueError as error:
        raise UsageError(f"field '{field}' is not in hex") from error
    if len(value) != size:
        raise UsageError(f"field '{field}' has not {size} bytes")
    return value
