"""The tables, and how an older database becomes a newer one."""

import itertools
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from core.files import create_private
from core.store.errors import StoreError
from core.store.writer import transact

# "CAMT", so that another program's database is never taken for ours.
APPLICATION = 0x43414D54

_VERSION_1 = (
    f"PRAGMA application_id = {APPLICATION}",
    """
    CREATE TABLE certificates (
        fingerprint TEXT NOT NULL PRIMARY KEY,
        key_fingerprint TEXT NOT NULL,
        der BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE devices (
        id TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        host TEXT NOT NULL,
        port INTEGER,
        scheme TEXT NOT NULL,
        path TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        manufacturer TEXT NOT NULL,
        model TEXT NOT NULL,
        firmware TEXT NOT NULL,
        serial TEXT NOT NULL,
        tls TEXT NOT NULL,
        pin TEXT REFERENCES certificates,
        pin_origin TEXT,
        pin_at TEXT,
        pin_by TEXT,
        presented TEXT,
        attention TEXT NOT NULL,
        added_at TEXT NOT NULL,
        added_by TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE logins (
        device TEXT NOT NULL PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
        sealed BLOB NOT NULL
    )
    """,
    """
    CREATE TABLE pins (
        seq INTEGER NOT NULL PRIMARY KEY,
        device TEXT NOT NULL,
        previous TEXT REFERENCES certificates,
        fingerprint TEXT NOT NULL REFERENCES certificates,
        origin TEXT NOT NULL,
        at TEXT NOT NULL,
        by TEXT NOT NULL
    )
    """,
    "CREATE INDEX pins_of_device ON pins (device, seq)",
    """
    CREATE TABLE installs (
        id TEXT NOT NULL PRIMARY KEY,
        device TEXT NOT NULL,
        request TEXT NOT NULL,
        started_at TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        old TEXT,
        candidate TEXT REFERENCES certificates,
        closed INTEGER NOT NULL,
        outcome TEXT NOT NULL
    )
    """,
    "CREATE INDEX installs_of_device ON installs (device)",
    "CREATE INDEX open_installs ON installs (closed) WHERE NOT closed",
    """
    CREATE TABLE journal (
        seq INTEGER NOT NULL PRIMARY KEY,
        install TEXT NOT NULL REFERENCES installs,
        step TEXT NOT NULL,
        phase TEXT NOT NULL,
        at TEXT NOT NULL,
        data TEXT NOT NULL
    )
    """,
    "CREATE INDEX journal_of_install ON journal (install, seq)",
    """
    CREATE TABLE events (
        seq INTEGER NOT NULL PRIMARY KEY,
        at TEXT NOT NULL,
        who TEXT NOT NULL,
        kind TEXT NOT NULL,
        text TEXT NOT NULL,
        device TEXT,
        name TEXT NOT NULL,
        hash TEXT NOT NULL
    )
    """,
    "CREATE INDEX events_of_device ON events (device, seq)",
    """
    CREATE TRIGGER events_never_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
    """
    CREATE TRIGGER events_never_go BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
    # An INSERT OR REPLACE deletes without the trigger above.
    """
    CREATE TRIGGER events_come_last BEFORE INSERT ON events
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events)
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END
    """,
)

# Why a technician accepted a certificate.
_VERSION_2 = (
    "ALTER TABLE devices ADD COLUMN pin_reason TEXT",
    "ALTER TABLE pins ADD COLUMN reason TEXT NOT NULL DEFAULT ''",
)

# A device is known by its MAC address too, and may be blocked by what it shows at another address.
_VERSION_3 = (
    "ALTER TABLE devices ADD COLUMN mac TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE devices ADD COLUMN presented_host TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE devices ADD COLUMN presented_port INTEGER",
)

# Which way video can take.
_VERSION_4 = ("ALTER TABLE devices ADD COLUMN video TEXT NOT NULL DEFAULT 'unknown'",)

# Many devices are brought to HTTPS in one go, with a login that was typed once.
_VERSION_5 = (
    """
    CREATE TABLE rollouts (
        id TEXT NOT NULL PRIMARY KEY,
        record TEXT NOT NULL,
        sealed BLOB
    )
    """,
    """
    CREATE TABLE rollout_members (
        rollout TEXT NOT NULL REFERENCES rollouts ON DELETE CASCADE,
        number INTEGER NOT NULL,
        member TEXT NOT NULL,
        PRIMARY KEY (rollout, number)
    )
    """,
)

# Which devices refuse today's TLS.
_VERSION_6 = ("ALTER TABLE devices ADD COLUMN weak_tls INTEGER NOT NULL DEFAULT 0",)

# Number n, from 1, makes version n out of version n - 1. One that was released is never edited.
MIGRATIONS: tuple[Sequence[str], ...] = (_VERSION_1, _VERSION_2, _VERSION_3, _VERSION_4, _VERSION_5, _VERSION_6)


def version(connection: sqlite3.Connection) -> int:
    """Return the number of the newest migration that the database has been through; 0 for an empty one."""
    [number] = connection.execute("PRAGMA user_version").fetchone()
    return int(number)


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the database at `path` to the newest version, after a copy of it was made beside it.

    Raises `StoreError` for a database that a newer camtrust or another program made.
    """
    old = version(connection)
    _refuse_foreign(connection, path, old)
    if old > len(migrations):
        raise StoreError(
            f"{path} was made by a newer camtrust (version {old} of it, this one knows {len(migrations)})",
            "Install that version again, or put back the copy that was made before the update.",
        )
    if 0 < old < len(migrations):
        _copy(connection, path, old)
    for number in range(old, len(migrations)):
        transact(connection, partial(_apply, statements=migrations[number], number=number + 1))


def _refuse_foreign(connection: sqlite3.Connection, path: Path, old: int) -> None:
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    expected = (APPLICATION, True) if old else (0, False)
    if (application, tables > 0) != expected:
        raise StoreError(f"{path} is not a database of camtrust", "Move it away, or name another state folder.")


def _apply(connection: sqlite3.Connection, statements: Sequence[str], number: int) -> None:
    for statement in statements:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {number}")


def _copy(connection: sqlite3.Connection, path: Path, old: int) -> None:
    """An older copy is kept: the technician may have gone back to it, and on again."""
    for number in itertools.count(1):
        name = f"{path.name}.version-{old}.copy-{number}"
        try:
            create_private(path.parent, name, b"")
        except FileExistsError:
            continue
        break
    with closing(sqlite3.connect(path.with_name(name))) as copy:
        connection.backup(copy)
