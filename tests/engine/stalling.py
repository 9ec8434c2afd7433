"""A disk that is slow, or full, at the worst moment."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def stalled(folder: Path) -> Iterator[None]:
    """Let nothing be written to the state folder meanwhile: at most for the seconds that the store waits for it."""
    with closing(sqlite3.connect(folder / "state.db", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


@contextmanager
def full(folder: Path, table: str, when: str) -> Iterator[None]:
    """Let a row for which `when` holds, an SQL condition on NEW, not be written to a table meanwhile."""
    with closing(sqlite3.connect(folder / "state.db")) as connection:
        connection.execute(
            f"CREATE TRIGGER no_room BEFORE INSERT ON {table} WHEN {when} BEGIN SELECT RAISE(ABORT, 'no room'); END"
        )
        yield
        connection.execute("DROP TRIGGER no_room")
