"""One thread that owns the only connection to the database."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from core.store.errors import StoreError, damaged, from_sqlite

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

# FULL: what was committed survives a power cut; in WAL mode NORMAL would lose the newest (sqlite.org, "PRAGMA
# synchronous").
# secure_delete: a login that was removed is overwritten, not only unlinked from its page.
_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA busy_timeout = 5000",
)


class Writer:
    """Does what it is given one after another, in the order given, each piece in a transaction of its own.

    Work that has begun is finished even if its caller is cancelled; work still queued then is not begun.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="camtrust-store")
        self._connection: sqlite3.Connection | None = None
        self._closed = False

    @classmethod
    async def open(cls, path: Path) -> "Writer":
        """Open the database, which must exist. Raises `StoreError`, also where it is damaged."""
        writer = cls(path)
        try:
            await writer._do(writer._connect)
        except BaseException:
            await writer.close()
            raise
        return writer

    async def close(self) -> None:
        """Finish what is queued, then close the database."""
        if self._closed:
            return
        self._closed = True
        closing = self._thread.submit(self._disconnect)
        self._thread.shutdown(wait=False)
        await asyncio.shield(asyncio.wrap_future(closing))

    async def read(self, work: Work[T]) -> T:
        """Return what `work` reads; no writing can come between its statements."""
        return await self._do(lambda: work(self._connected()))

    async def write(self, work: Work[T]) -> T:
        """Return what `work` returns, with all that it wrote on the disk. If it raises, nothing of it is stored."""
        return await self._do(lambda: transact(self._connected(), work))

    async def _do(self, action: Callable[[], T]) -> T:
        if self._closed:
            raise StoreError("The store is closed", "The engine is ending; start it again.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, action)
        except sqlite3.Error as error:
            raise from_sqlite(error, self._path) from error
        except msgspec.DecodeError as error:
            raise damaged(self._path, str(error)) from error

    def _connect(self) -> None:
        # mode=rw: a missing database is not made here. isolation_level None: transactions are begun by hand.
        self._connection = sqlite3.connect(f"{self._path.as_uri()}?mode=rw", uri=True, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            self._connection.execute(pragma)
        [found] = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise damaged(self._path, found)
        [mode] = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            raise StoreError(f"The disk of {self._path} cannot keep a write-ahead log", "Use a local disk.")

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _connected(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection


def transact(connection: sqlite3.Connection, work: Work[T]) -> T:
    """Do `work` in one transaction: all of it is committed, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work(connection)
        connection.execute("COMMIT")
    except BaseException:
        # Where the disk is full or failing SQLite may have rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result
