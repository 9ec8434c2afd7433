import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from core.files import create_private
from core.model.video import Video
from core.store.errors import StoreError
from core.store.schema import APPLICATION, MIGRATIONS, migrate
from core.store.store import Store
from core.store.writer import Writer
from tests.store.samples import EVENT, INSTALL, LOGIN, OTHER, by_hand, entry, full_device

VERSION_1 = Path(__file__).with_name("version1.sql").read_text(encoding="utf-8")
KEY = bytes(range(32))
ONE_MORE = (*MIGRATIONS, ("ALTER TABLE devices ADD COLUMN room TEXT", "UPDATE devices SET room = 'hall'"))
BROKEN = (*MIGRATIONS, ("ALTER TABLE devices ADD COLUMN room TEXT", "DROP TABLE absent"))


def restore(folder: Path, dump: str) -> None:
    create_private(folder, "state.db", b"")
    create_private(folder, "login.key", KEY)
    with by_hand(folder) as database:
        database.executescript(dump)


def facts(path: Path) -> tuple[object, list[str]]:
    """Return the version of a database, and the statements that would make its tables."""
    database = sqlite3.connect(path)
    [number] = database.execute("PRAGMA user_version").fetchone()
    rows = database.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL").fetchall()
    database.close()
    return number, sorted(" ".join(sql.split()) for [sql] in rows)


def copies(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("state.db.*"))


async def migrate_to(folder: Path, migrations: Sequence[Sequence[str]]) -> None:
    path = folder / "state.db"
    writer = await Writer.open(path)
    try:
        await writer.read(lambda connection: migrate(connection, path, migrations))
    finally:
        await writer.close()


async def test_an_empty_folder_becomes_the_newest_version(folder: Path) -> None:
    await (await Store.open(folder)).close()
    assert facts(folder / "state.db")[0] == len(MIGRATIONS)
    with by_hand(folder) as database:
        assert database.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert copies(folder) == []


async def test_what_version_1_stored_is_readable_today(folder: Path) -> None:
    restore(folder, VERSION_1)
    store = await Store.open(folder)
    [device, other] = await store.devices()
    assert device.pin
    later = {"mac": "", "presented_host": "", "presented_port": None, "video": Video.UNKNOWN, "weak_tls": False}
    assert (device, other) == (msgspec.structs.replace(full_device(device.pin.fingerprint), **later), OTHER)
    assert await store.login(device.id) == LOGIN
    assert await store.pins(device.id) == [device.pin]
    assert await store.open_installs() == [msgspec.structs.replace(INSTALL, candidate=device.pin.fingerprint)]
    assert await store.journal_of(INSTALL.id) == [entry(1)]
    assert [event.kind for event in await store.events(9)] == ["added", "seen"]
    assert await store.verify_events() is None
    assert len(await store.certificate(device.pin.fingerprint) or b"") > 200
    assert (await store.add_event(EVENT)).seq == 3
    await store.close()


async def test_an_old_store_and_a_new_one_end_with_the_same_tables(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir(0o700)
    restore(old, VERSION_1)
    for path in (old, folder):
        await (await Store.open(path)).close()
    assert facts(old / "state.db") == facts(folder / "state.db")


async def test_an_older_database_is_brought_up_to_date_and_a_copy_is_kept(folder: Path) -> None:
    restore(folder, VERSION_1)
    await migrate_to(folder, ONE_MORE)
    with by_hand(folder) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS) + 1,)
        assert database.execute("SELECT name, room FROM devices").fetchall()[1:] == [("Back door", "hall")]
    [copy] = copies(folder)
    assert (folder / copy).stat().st_mode & 0o7777 == 0o600
    assert copy == "state.db.version-1.copy-1"
    assert facts(folder / copy)[0] == 1
    await migrate_to(folder, ONE_MORE)
    assert copies(folder) == [copy]


async def test_the_copy_is_a_store_to_go_back_to(folder: Path) -> None:
    restore(folder, VERSION_1)
    await migrate_to(folder, ONE_MORE)
    [copy] = copies(folder)
    (folder / copy).replace(folder / "state.db")
    store = await Store.open(folder)
    assert (await store.devices())[1] == OTHER
    assert await store.login("cam-1") == LOGIN
    await store.close()


async def test_a_copy_never_takes_the_place_of_an_older_one(folder: Path) -> None:
    restore(folder, VERSION_1)
    (folder / "state.db.version-1.copy-1").write_text("precious")
    await migrate_to(folder, ONE_MORE)
    first, second = copies(folder)
    assert (folder / first).read_text() == "precious"
    assert facts(folder / second)[0] == 1


async def test_a_migration_that_fails_leaves_the_version_before_it(folder: Path) -> None:
    await (await Store.open(folder)).close()
    before = facts(folder / "state.db")
    with pytest.raises(StoreError, match="no such table"):
        await migrate_to(folder, BROKEN)
    assert facts(folder / "state.db") == before
    await (await Store.open(folder)).close()


async def test_a_database_of_a_newer_camtrust_is_refused_and_left_as_it_is(folder: Path) -> None:
    await (await Store.open(folder)).close()
    with by_hand(folder) as database:
        database.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (folder / "state.db").read_bytes()
    with pytest.raises(StoreError, match="newer camtrust") as caught:
        await Store.open(folder)
    assert "Install that version" in caught.value.hint
    assert (folder / "state.db").read_bytes() == before
    assert copies(folder) == []


@pytest.mark.parametrize(
    "statements", ["CREATE TABLE notes (text TEXT)", "CREATE TABLE notes (text TEXT); PRAGMA user_version = 1"]
)
async def test_a_database_of_another_program_is_refused(folder: Path, statements: str) -> None:
    create_private(folder, "state.db", b"")
    with by_hand(folder) as database:
        database.executescript(statements)
    with pytest.raises(StoreError, match="not a database of camtrust"):
        await Store.open(folder)
    assert facts(folder / "state.db")[1] == ["CREATE TABLE notes (text TEXT)"]
