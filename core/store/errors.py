"""What can go wrong with the store, in words for a technician."""

import sqlite3
from pathlib import Path

from core.model.errors import CamtrustError


class StoreError(CamtrustError):
    """The store did not do it, and nothing of it was stored."""


class SealError(StoreError):
    """A stored login does not open: its row was changed by others, or it was sealed with another key (rule R37)."""


_UNUSABLE = (
    "It is not made anew by itself. Put back a backup, or see what can be read of a copy: sqlite3 COPY '.recover'"
)

# By primary result code (sqlite.org, "Result and Error Codes").
_REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Make room on it, then try again."),
    sqlite3.SQLITE_IOERR: ("the disk failed to read or write", "Look at free space and at the disk's health."),
    sqlite3.SQLITE_CORRUPT: ("it is damaged", _UNUSABLE),
    sqlite3.SQLITE_NOTADB: ("it is damaged, or not a database at all", _UNUSABLE),
    sqlite3.SQLITE_BUSY: ("another program is using it", "End the program that has it open, then try again."),
    sqlite3.SQLITE_READONLY: ("it cannot be written", "Look at how the disk is mounted, and at the permissions."),
    sqlite3.SQLITE_CANTOPEN: ("it cannot be opened", "Look at the permissions of the file and its folder."),
}


def from_sqlite(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the error to raise for one of SQLite's, about the database at `path`."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    reason, hint = _REASONS.get(code, (f"SQLite says: {error}", "This is a fault of camtrust; please report it."))
    return StoreError(f"{path} could not be used: {reason}", hint)


def damaged(path: Path, found: str) -> StoreError:
    """Return the error for a database that opens but holds what nobody wrote there; `found` says what."""
    return StoreError(f"{path} is damaged: {found}", _UNUSABLE)
