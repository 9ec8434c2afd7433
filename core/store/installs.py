"""Installs and their journal. Every function works within the transaction that is open."""

import sqlite3
from collections.abc import Iterable
from typing import Any

import msgspec

from core.model.records import InstallRecord, JournalEntry
from core.store.certificates import require

_PUT = """
    INSERT INTO installs (id, device, request, started_at, attempt, old, candidate, closed, outcome)
    VALUES (:id, :device, :request, :started_at, :attempt, :old, :candidate, :closed, :outcome)
    ON CONFLICT (id) DO UPDATE SET
        device = excluded.device, request = excluded.request, started_at = excluded.started_at,
        attempt = excluded.attempt, old = excluded.old, candidate = excluded.candidate,
        closed = excluded.closed, outcome = excluded.outcome
"""


_LAST_OF_MODEL = """
    SELECT installs.id FROM installs JOIN devices ON devices.id = installs.device
    WHERE devices.manufacturer = :manufacturer AND devices.model = :model AND EXISTS (
        SELECT * FROM journal WHERE journal.install = installs.id AND journal.step = 'clean'
    )
    ORDER BY installs.rowid DESC LIMIT 1
"""


def put(connection: sqlite3.Connection, install: InstallRecord) -> None:
    """Insert the install or update all of it. Raises `ValueError` if the candidate's certificate is not stored."""
    if install.candidate is not None:
        require(connection, install.candidate)
    request = msgspec.json.encode(install.request).decode()
    connection.execute(_PUT, msgspec.structs.asdict(install) | {"request": request})


def still_open(connection: sqlite3.Connection) -> list[InstallRecord]:
    """Return the installs that are not closed, in the order in which they were begun."""
    return _from_rows(connection.execute("SELECT * FROM installs WHERE NOT closed ORDER BY rowid"))


def of_device(connection: sqlite3.Connection, device: str) -> list[InstallRecord]:
    """Return the device's installs, in the order in which they were begun."""
    return _from_rows(connection.execute("SELECT * FROM installs WHERE device = ? ORDER BY rowid", (device,)))


def note(connection: sqlite3.Connection, entry: JournalEntry) -> None:
    """Add a line to the journal of an install, which must be stored."""
    connection.execute(
        "INSERT INTO journal (install, step, phase, at, data) VALUES (?, ?, ?, ?, ?)",
        (entry.install, entry.step, entry.phase, entry.at, msgspec.json.encode(entry.data).decode()),
    )


def journal(connection: sqlite3.Connection, install: str) -> list[JournalEntry]:
    """Return the lines of an install in the order in which they were written."""
    rows = connection.execute(
        "SELECT install, step, phase, at, data FROM journal WHERE install = ? ORDER BY seq", (install,)
    )
    return [msgspec.convert(_decoded(row, "data"), JournalEntry) for row in rows]


def candidates(connection: sqlite3.Connection, fingerprints: Iterable[str]) -> set[str]:
    """Return which of these certificates were signed by an install."""
    listed = msgspec.json.encode(list(fingerprints)).decode()
    rows = connection.execute(
        "SELECT candidate FROM installs WHERE candidate IN (SELECT value FROM json_each(?))", (listed,)
    )
    return {row["candidate"] for row in rows}


def last_journal(connection: sqlite3.Connection, manufacturer: str, model: str) -> list[JournalEntry]:
    """Return the journal of the last install of a model whose certificate was taken into use."""
    row = connection.execute(_LAST_OF_MODEL, {"manufacturer": manufacturer, "model": model}).fetchone()
    return journal(connection, row["id"]) if row else []


def _from_rows(rows: Iterable[sqlite3.Row]) -> list[InstallRecord]:
    return [msgspec.convert(_decoded(row, "request") | {"closed": bool(row["closed"])}, InstallRecord) for row in rows]


def _decoded(row: sqlite3.Row, column: str) -> dict[str, Any]:
    return dict(row) | {column: msgspec.json.decode(row[column])}
