"""A client's invocation counter across runs: a small file per key, locked while it is in use, never lowered."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from meterhouse.model import ConfigurationError, StateError, StorageError
from meterhouse.protocols.dlms import Counter, SeenCounter

if sys.platform != "win32":
    import fcntl

__all__ = ["BLOCK", "CounterFile", "default_folder"]

BLOCK: Final = 100
"""Numbers reserved at once: at most so many are lost by a crash."""


def default_folder() -> Path:
    """`meterhouse/counters` in the user's state folder (XDG)."""
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "meterhouse" / "counters"


class CounterFile:
    """The counters under one key and one of our titles: the pair that makes a nonce.

    Entered as a context; only one process at a time can hold it. The file's name is a hash: neither key nor title can
    be told from it.

    Args:
        folder: where the files are.
        key: the global encryption key.
        title: our system title.
    """

    __slots__ = ("_descriptor", "_next", "_seen", "path")

    def __init__(self, folder: Path, key: bytes, title: bytes) -> None:
        name = hashlib.sha256(b"meterhouse invocation counter\0" + title + key).hexdigest()[:32]
        self.path = folder / f"{name}.json"
        self._descriptor: int | None = None
        self._next = 1
        self._seen = -1

    def __enter__(self) -> Self:
        """Lock the file and read it.

        Raises:
            StateError: another process has it.
            StorageError: it cannot be made, read or understood.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if sys.platform != "win32":
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._read()
        except BlockingIOError as error:
            self._unlock()
            raise StateError(
                "another run is using this client's key",
                why="Two at once could use one nonce twice.",
                remedy="Wait until it has ended.",
            ) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._unlock()
            raise StorageError(
                f"counter file {self.path} cannot be used: {error}",
                remedy="Mend it, or delete it and give --invocation-counter above all that was ever used.",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep what was seen of the meter, and unlock."""
        try:
            self._write()
        finally:
            self._unlock()

    @property
    def next(self) -> int:
        """The least number that is certainly unused."""
        return self._next

    def counter(self, at_least: int) -> Counter:
        """Our counter, from `at_least` or what is kept here, whichever is more.

        Raises:
            ConfigurationError: `at_least` is no 32-bit number.
        """
        if not 0 <= at_least <= 0xFFFF_FFFF:
            raise ConfigurationError(f"invocation counter {at_least} is not a 32-bit number")
        return Counter(max(at_least, self._next), self._reserve, BLOCK)

    def seen(self) -> SeenCounter:
        """The meter's counter, kept when the context ends."""
        return SeenCounter(self._seen, self._believe)

    def _believe(self, value: int) -> None:
        self._seen = value

    def _reserve(self, limit: int) -> None:
        self._next = max(self._next, limit)
        self._write()

    def _read(self) -> None:
        if self.path.exists():
            document = json.loads(self.path.read_text(encoding="utf-8"))
            self._next, self._seen = int(document["next"]), int(document["seen"])

    def _write(self) -> None:
        fresh = self.path.with_suffix(".new")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                json.dump({"next": self._next, "seen": self._seen}, file)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self.path)
        except OSError as error:
            raise StorageError(f"counter file {self.path} cannot be written: {error.strerror}") from error

    def _unlock(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
