import asyncio
import resource
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.files import create_private
from core.store.errors import StoreError
from core.store.store import Store
from core.store.writer import Writer
from tests.store.samples import EVENT, by_hand

MEGABYTE = 1024 * 1024


@pytest.fixture
async def writer(folder: Path) -> AsyncIterator[Writer]:
    create_private(folder, "state.db", b"")
    opened = await Writer.open(folder / "state.db")
    await opened.write(lambda c: c.execute("CREATE TABLE numbers (number INTEGER)"))
    yield opened
    await opened.close()


def put(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))


async def numbers(writer: Writer) -> list[int]:
    return await writer.read(lambda c: [row[0] for row in c.execute("SELECT number FROM numbers ORDER BY rowid")])


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the operating system refuse to write files beyond `size`, as a failing disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_what_is_committed_survives_a_power_cut(writer: Writer, folder: Path) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("synchronous", "journal_mode", "foreign_keys", "secure_delete")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    full = 2
    assert await writer.read(settings) == [full, "wal", 1, 1]


async def test_the_files_of_the_database_are_private(writer: Writer, folder: Path) -> None:
    modes = {path.name: path.stat().st_mode & 0o7777 for path in folder.iterdir()}
    assert modes == {"state.db": 0o600, "state.db-wal": 0o600, "state.db-shm": 0o600}


async def test_a_missing_database_is_not_made(folder: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        await Writer.open(folder / "state.db")
    assert list(folder.iterdir()) == []


async def test_work_that_raises_stores_nothing(writer: Writer) -> None:
    def work(connection: sqlite3.Connection) -> None:
        put(connection, 1)
        raise KeyError("of the caller")

    with pytest.raises(KeyError, match="of the caller"):
        await writer.write(work)
    await writer.write(lambda c: put(c, 2))
    assert await numbers(writer) == [2]


async def test_a_cancelled_caller_leaves_no_half_transaction(writer: Writer) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(connection: sqlite3.Connection) -> None:
        put(connection, 1)
        begun.set()
        assert go_on.wait(30)
        put(connection, 2)

    running = asyncio.create_task(writer.write(work))
    queued = asyncio.create_task(writer.write(lambda c: put(c, 3)))
    await asyncio.to_thread(begun.wait, 30)
    for task in (running, queued):
        task.cancel()
    results = await asyncio.gather(running, queued, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    go_on.set()
    await writer.write(lambda c: put(c, 4))
    assert await numbers(writer) == [1, 2, 4]


async def test_another_connection_never_sees_half_a_transaction(writer: Writer, folder: Path) -> None:
    seen: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        put(connection, 1)
        with by_hand(folder) as other:
            seen.extend(other.execute("SELECT count(*) FROM numbers").fetchone())
        put(connection, 2)

    await writer.write(work)
    assert seen == [0]
    with by_hand(folder) as other:
        assert other.execute("SELECT count(*) FROM numbers").fetchone() == (2,)


async def test_a_transaction_holds_the_write_lock_from_its_beginning(writer: Writer, folder: Path) -> None:
    def work(connection: sqlite3.Connection) -> str:
        with by_hand(folder) as other:
            other.execute("PRAGMA busy_timeout = 0")
            try:
                other.execute("INSERT INTO numbers VALUES (9)")
            except sqlite3.OperationalError as error:
                return str(error)
        return "written"

    assert await writer.write(work) == "database is locked"


async def test_a_full_disk_is_told_and_nothing_of_it_is_stored(writer: Writer) -> None:
    await writer.write(lambda c: put(c, 1))
    await writer.read(lambda c: c.execute("PRAGMA max_page_count = 2").fetchone())

    def work(connection: sqlite3.Connection) -> None:
        for number in range(10_000):
            put(connection, number)

    with pytest.raises(StoreError, match="disk is full") as caught:
        await writer.write(work)
    assert "Make room" in caught.value.hint
    await writer.read(lambda c: c.execute("PRAGMA max_page_count = 1000").fetchone())
    await writer.write(lambda c: put(c, 2))
    assert await numbers(writer) == [1, 2]


async def test_a_failing_disk_is_told_and_nothing_of_it_is_stored(store: Store) -> None:
    await store.add_event(EVENT)
    with largest_file(4 * MEGABYTE), pytest.raises(StoreError, match="disk failed") as caught:
        await store.put_certificate(bytes(8 * MEGABYTE))
    assert "health" in caught.value.hint
    await store.add_event(EVENT)
    assert [event.seq for event in await store.events(9)] == [1, 2]
    assert await store.verify_events() is None


async def test_a_database_that_another_program_holds_is_told(writer: Writer, folder: Path) -> None:
    await writer.read(lambda c: c.execute("PRAGMA busy_timeout = 1").fetchone())
    with by_hand(folder) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program"):
            await writer.write(lambda c: put(c, 1))
    await writer.write(lambda c: put(c, 2))
    assert await numbers(writer) == [2]
