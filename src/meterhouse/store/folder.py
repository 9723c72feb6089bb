"""The data folder: everything a street keeps, in one place that one program uses at a time.

::

    version          of this layout
    lock             held while a program runs; it holds the program's number
    meterhouse.db    SQL
    intervals/       Parquet, by day and fuel
    keys/            vending keys, for the owner's eyes only
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, Self

from meterhouse.model import ConfigurationError, StorageError

try:
    import fcntl
except ImportError:  # not on Windows; there an open file cannot be opened again
    fcntl = None  # type: ignore[assignment]

__all__ = ["LAYOUT_VERSION", "DataFolder"]

LAYOUT_VERSION: Final = 1

_VERSION: Final = "version"
_LOCK: Final = "lock"


class DataFolder:
    """A data folder, made if it is not there, and locked until `close`.

    Raises:
        ConfigurationError: another program uses it, it is of another version, or it holds other things.
        StorageError: it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._take()
            self._check_version()
            self.intervals.mkdir(exist_ok=True)
            self.keys.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            self.close()
            raise StorageError(
                f"the data folder {path} cannot be used",
                why=f"{error.strerror}.",
                remedy="Choose another folder, or mend its rights and free space.",
            ) from error
        except ConfigurationError:
            self.close()
            raise

    @property
    def url(self) -> str:
        """The address of its database."""
        return f"sqlite:///{self.path / 'meterhouse.db'}"

    @property
    def intervals(self) -> Path:
        """The root of the Parquet tree."""
        return self.path / "intervals"

    @property
    def keys(self) -> Path:
        """The folder of the key store."""
        return self.path / "keys"

    def close(self) -> None:
        """Let another program use it. Again does nothing."""
        if self._lock is not None:
            with suppress(OSError):  # a full disk refuses the last flush; the lock is gone all the same
                self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def _take(self) -> None:
        lock = (self.path / _LOCK).open("a+")
        try:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read(20).strip() or "unknown"
            lock.close()
            raise ConfigurationError(
                f"the data folder {self.path} is in use by another Meterhouse (process {holder})",
                remedy="Stop that one first, or choose another folder.",
            ) from error
        self._lock = lock
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def _check_version(self) -> None:
        version = self.path / _VERSION
        if not version.exists():
            others = sorted(entry.name for entry in self.path.iterdir() if entry.name != _LOCK)
            if others:
                raise ConfigurationError(
                    f"{self.path} is not a data folder: it holds {others[0]}",
                    remedy="Choose an empty folder or a new name.",
                )
            version.write_text(f"{LAYOUT_VERSION}\n")
            return
        found = version.read_text().strip()
        if found != str(LAYOUT_VERSION):
            raise ConfigurationError(
                f"the data folder {self.path} is of version {found} and this program speaks {LAYOUT_VERSION}",
                why="It was written by another Meterhouse.",
                remedy="Start that program, or choose another folder.",
            )
