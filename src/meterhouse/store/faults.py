"""What a database driver raises, told as one sentence that says what to do."""

from __future__ import annotations

from typing import Final

from meterhouse.model import StorageError

__all__ = ["storage_error"]

_SENTENCES: Final = (
    ("disk is full", "the disk is full", "Free some space where the data folder is, then try again."),
    ("no space left", "the disk is full", "Free some space where the data folder is, then try again."),
    ("readonly database", "the data folder is read-only", "Give this user the right to write in it."),
    ("database is locked", "another program holds the database", "Stop the other program, then try again."),
    ("unable to open", "the database cannot be opened", "Check that the data folder exists and is yours."),
    ("malformed", "the database file is damaged", "Restore the data folder from a backup."),
    ("not a database", "the database file is damaged", "Restore the data folder from a backup."),
    ("disk i/o error", "the disk failed", "Check the disk that holds the data folder."),
    ("constraint", "the database refused a row that breaks its rules", "Report this: it is a fault of the program."),
)


def storage_error(error: Exception) -> StorageError:
    """The same failure as the house's error, with the driver's words as the reason."""
    said = str(getattr(error, "orig", None) or error)
    for word, what, remedy in _SENTENCES:
        if word in said.lower():
            return StorageError(f"{what}; nothing was stored", why=f"The database said: {said}.", remedy=remedy)
    return StorageError("the database failed; nothing was stored", why=f"It said: {said}.")
