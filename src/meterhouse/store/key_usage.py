"""What each vending key has made: caps that hold through any crash, and a chained record of uses.

Uses are counted in memory against a reserve that is already on the disk, so a cap costs no disk write a token. After a
crash the whole reserve counts as used: a cap can be reached early by at most one reserve, and never passed.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Final, TextIO

from meterhouse.model import UNIT, ConfigurationError, UsageError
from meterhouse.supplier.vending import KeyCapError, KeyName

__all__ = ["KeyCap", "KeyUsage", "Used", "audit_breach"]

_USAGE: Final = "usage.json"
_AUDIT: Final = "audit.jsonl"
_TOKENS_AHEAD: Final = 1_000
_MONEY5_AHEAD: Final = 50_000 * UNIT
_START: Final = "0" * 64


@dataclass(frozen=True, slots=True)
class KeyCap:
    """What a key may make in its life; None for no cap.

    Attributes:
        tokens: how many tokens.
        money5: how much value, in 10⁻⁵ of the currency unit.
        currency: of that value; empty for whatever is sold, which then should be one currency.
    """

    tokens: int | None = None
    money5: int | None = None
    currency: str = ""

    def __post_init__(self) -> None:
        """Refuse a cap below nothing."""
        if (self.tokens or 0) < 0 or (self.money5 or 0) < 0:
            raise UsageError(f"a cap of {self.tokens} tokens and {self.money5} is below nothing")


@dataclass(frozen=True, slots=True)
class Used:
    """What a key has made so far, at most: after a crash, the reserve counts too."""

    tokens: int = 0
    money5: int = 0


class KeyUsage:
    """The counts of a folder of keys. One process at a time; its threads may share it. Close it to give a reserve back.

    Args:
        folder: for `usage.json` and `audit.jsonl`; holds no key.

    Raises:
        ConfigurationError: `usage.json` is damaged: then no key may be used until it is restored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = Lock()
        self._caps: dict[KeyName, KeyCap] = {}
        self._used: dict[KeyName, Used] = {}
        self._reserved: dict[KeyName, Used] = {}
        path = folder / _USAGE
        if path.exists():
            self._read(path.read_text(encoding="utf-8"))
        self._chain = _last_link(folder / _AUDIT)

    def cap(self, name: KeyName) -> KeyCap:
        """What a key may make."""
        return self._caps.get(name, KeyCap())

    def used(self, name: KeyName) -> Used:
        """What it has made."""
        return self._used.get(name, Used())

    def set_cap(self, name: KeyName, cap: KeyCap) -> None:
        """Set what a key may make in its life; on the disk when this returns."""
        with self._lock:
            self._caps[name] = cap
            self._write()
        self.told("cap set", name, tokens=cap.tokens, money5=cap.money5, currency=cap.currency)

    def spend(self, name: KeyName, money5: int, currency: str = "") -> None:
        """Count one token.

        Raises:
            KeyCapError: the cap does not allow it; nothing was counted.
        """
        with self._lock:
            before = self._used.get(name, Used())
            after = Used(before.tokens + 1, before.money5 + max(money5, 0))
            cap = self.cap(name)
            refusal = _other_currency(name, cap, money5, currency) or _refusal(name, cap, after)
            if refusal is None:
                reserved = self._reserved.get(name, Used())
                if after.tokens > reserved.tokens or after.money5 > reserved.money5:
                    ahead = Used(after.tokens + _TOKENS_AHEAD, after.money5 + _MONEY5_AHEAD)
                    self._reserved[name] = _within(ahead, self.cap(name))
                    self._write()
                    self._tell("uses reserved", name, **_told(before), upto=_told(self._reserved[name]))
                self._used[name] = after
                return
        self.told("refused by cap", name, money5=money5)
        raise refusal

    def told(self, what: str, name: KeyName, **fields: object) -> None:
        """Add a line to the record of uses; on the disk when this returns."""
        with self._lock:
            self._tell(what, name, **fields)

    def close(self) -> None:
        """Give what is reserved and not used back; nothing may be spent after. Says nothing of keys that had none."""
        with self._lock:
            spent = [name for name, used in self._used.items() if used != self._reserved.get(name)]
            if not spent:
                return
            self._reserved = dict(self._used)
            self._write()
            for name in spent:
                self._tell("closed", name, **_told(self._used[name]))

    def _tell(self, what: str, name: KeyName, **fields: object) -> None:
        line = {"at": time.time_ns() // 1_000_000, "what": what, "key": str(name), "before": self._chain, **fields}
        text = json.dumps(line, separators=(",", ":"))
        with _private(self._folder / _AUDIT, os.O_APPEND) as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._chain = sha256(text.encode()).hexdigest()

    def _write(self) -> None:
        names = sorted({*self._caps, *self._reserved})
        document = {str(name): _document(self.cap(name), self._reserved.get(name, Used())) for name in names}
        fresh = self._folder / f"{_USAGE}.fresh"
        with _private(fresh, os.O_TRUNC) as file:
            json.dump(document, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / _USAGE)

    def _read(self, text: str) -> None:
        try:
            for key, kept in json.loads(text).items():
                group, _, revision = key.rpartition("/")
                name = KeyName(group, int(revision))
                self._caps[name] = KeyCap(kept["cap_tokens"], kept["cap_money5"], str(kept.get("currency", "")))
                self._used[name] = self._reserved[name] = Used(int(kept["tokens"]), int(kept["money5"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"{_USAGE} is damaged: what the keys have made is not known", remedy="Restore it from a backup."
            ) from error


def _told(used: Used) -> dict[str, object]:
    return {"tokens": used.tokens, "money5": used.money5}


def _document(cap: KeyCap, reserved: Used) -> dict[str, int | str | None]:
    return {
        "cap_tokens": cap.tokens,
        "cap_money5": cap.money5,
        "currency": cap.currency,
        "tokens": reserved.tokens,
        "money5": reserved.money5,
    }


def _within(ahead: Used, cap: KeyCap) -> Used:
    tokens = ahead.tokens if cap.tokens is None else min(ahead.tokens, cap.tokens)
    return Used(tokens, ahead.money5 if cap.money5 is None else min(ahead.money5, cap.money5))


def _other_currency(name: KeyName, cap: KeyCap, money5: int, currency: str) -> KeyCapError | None:
    """A cap in one currency says nothing of value in another: such a token is not made."""
    if cap.money5 is None or not cap.currency or not money5 or currency in ("", cap.currency):
        return None
    return KeyCapError(
        f"vending key {name} has its cap in {cap.currency}; a token in {currency} was asked for",
        why="Value of two currencies cannot be counted against one cap.",
        remedy="Sell under another key, or set the cap in the currency that is sold.",
    )


def _refusal(name: KeyName, cap: KeyCap, after: Used) -> KeyCapError | None:
    over = []
    if cap.tokens is not None and after.tokens > cap.tokens:
        over.append(f"{cap.tokens} tokens")
    if cap.money5 is not None and after.money5 > cap.money5:
        over.append(f"a value of {cap.money5 // UNIT}")
    if not over:
        return None
    return KeyCapError(
        f"vending key {name} may make no more than {' and '.join(over)}",
        why="Its cap bounds what could be lost with it.",
        remedy="Have an operator raise the cap, or change the meters to the next key revision.",
    )


def _private(path: Path, how: int) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600), "w", encoding="utf-8")


def _last_link(path: Path) -> str:
    last = path.read_text(encoding="utf-8").rstrip("\n").rpartition("\n")[2] if path.exists() else ""
    return sha256(last.encode()).hexdigest() if last else _START


def audit_breach(folder: Path) -> int | None:
    """The first line of a folder's record of uses that does not follow from the one before; None where all do.

    It shows a line changed, taken out or put in between; the last lines cut off do not show.
    """
    path = folder / _AUDIT
    chain = _START
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            before = json.loads(line)["before"]
        except (ValueError, KeyError, TypeError):
            return number
        if before != chain:
            return number
        chain = sha256(line.encode()).hexdigest()
    return None
