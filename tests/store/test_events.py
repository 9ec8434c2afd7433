import sqlite3
from pathlib import Path

import msgspec
import pytest

from core.model.messages import Event
from core.store.events import chained
from core.store.store import Head, Store
from tests.store.samples import AT, EVENT, by_hand

replace = msgspec.structs.replace
MEDDLING = "DROP TRIGGER events_never_change; DROP TRIGGER events_never_go; DROP TRIGGER events_come_last;"


async def fill(store: Store, count: int = 9) -> list[Event]:
    return [
        await store.add_event(replace(EVENT, text=f"text {number}", device=("cam-1", "cam-2", None)[number % 3]))
        for number in range(count)
    ]


def recompute(database: sqlite3.Connection) -> None:
    previous = "0" * 64
    for row in database.execute("SELECT seq, at, who, kind, text, device, name FROM events ORDER BY seq").fetchall():
        previous = chained(previous, Event(*row))
        database.execute("UPDATE events SET hash = ? WHERE seq = ?", (previous, row[0]))


async def test_events_are_numbered_and_come_back_newest_last(store: Store) -> None:
    events = await fill(store)
    assert events[0] == Event(1, AT, "ann", "added", "text 0", "cam-1", "Front door")
    assert [event.seq for event in events] == list(range(1, 10))
    assert await store.events(100) == events
    assert await store.events(2) == events[-2:]
    assert await store.events(2, "cam-1") == [events[3], events[6]]
    assert await store.events(2, "cam-9") == []
    assert (await store.events(0), await store.events(-1)) == ([], [])


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE events SET text = 'nothing happened' WHERE seq = 5",
        "UPDATE events SET seq = 100 WHERE seq = 5",
        "DELETE FROM events WHERE seq = 5",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT seq, at, 'bob', kind, text, device, name, hash FROM events WHERE seq = 5",
        "INSERT INTO events SELECT seq + 100, at, who, kind, text, device, name, hash FROM events WHERE seq = 5",
    ],
)
async def test_events_are_never_changed_nor_removed(store: Store, folder: Path, edit: str) -> None:
    events = await fill(store)
    with by_hand(folder) as database, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(edit)
    assert await store.events(100) == events


async def test_an_untouched_history_verifies_against_every_earlier_head(store: Store) -> None:
    assert await store.events_head() == Head(0, "0" * 64)
    heads = [await store.events_head()]
    for _ in range(3):
        await fill(store, 1)
        heads.append(await store.events_head())
    assert [head.seq for head in heads] == [0, 1, 2, 3]
    assert await store.verify_events() is None
    for head in heads:
        assert await store.verify_events(head) is None
        assert await store.verify_events(Head(head.seq, head.hash[:12])) is None


@pytest.mark.parametrize(
    ("edit", "broken"),
    [
        *((f"UPDATE events SET {field} = 'x' WHERE seq = 5", 5) for field in ("at", "who", "kind", "text", "name")),
        ("UPDATE events SET device = 'cam-2' WHERE seq = 4", 4),
        ("UPDATE events SET device = NULL WHERE seq = 4", 4),
        ("UPDATE events SET hash = 'x' WHERE seq = 9", 9),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("DELETE FROM events WHERE seq BETWEEN 4 AND 6", 4),
        ("DELETE FROM events WHERE seq = 5; UPDATE events SET seq = seq - 1 WHERE seq > 5", 5),
        ("UPDATE events SET seq = 50 WHERE seq = 5; UPDATE events SET seq = 5 WHERE seq = 6", 5),
        ("UPDATE events SET text = who, who = text WHERE seq = 7", 7),
    ],
)
async def test_an_edit_with_the_triggers_gone_is_found_at_its_row(
    store: Store, folder: Path, edit: str, broken: int
) -> None:
    await fill(store)
    with by_hand(folder) as database:
        database.executescript(MEDDLING + edit)
    assert await store.verify_events() == broken


async def test_a_history_cut_off_at_its_end_shows_against_a_noted_head(store: Store, folder: Path) -> None:
    await fill(store)
    noted = await store.events_head()
    with by_hand(folder) as database:
        database.executescript(MEDDLING + "DELETE FROM events WHERE seq > 6")
    assert await store.verify_events() is None
    assert await store.verify_events(noted) == 7
    await fill(store, 5)
    assert await store.verify_events() is None
    assert await store.verify_events(noted) == 9


async def test_a_chain_computed_anew_shows_against_a_noted_head(store: Store, folder: Path) -> None:
    await fill(store)
    noted = await store.events_head()
    with by_hand(folder) as database:
        database.executescript(MEDDLING + "UPDATE events SET who = 'bob' WHERE seq = 3")
        recompute(database)
    assert await store.verify_events() is None
    assert await store.verify_events(Head(noted.seq, noted.hash[:12])) == 9


async def test_a_gap_shows_even_in_a_chain_computed_anew(store: Store, folder: Path) -> None:
    await fill(store)
    with by_hand(folder) as database:
        database.executescript(MEDDLING + "DELETE FROM events WHERE seq IN (4, 5)")
        recompute(database)
    assert await store.verify_events() == 4
