import asyncio
from pathlib import Path

import msgspec
import pytest

from core.decide.certificates import key_fingerprint
from core.model.records import JournalEntry
from core.store.store import Store, StoreError
from tests.store.samples import (
    AT,
    DEVICE,
    EVENT,
    INSTALL,
    LOGIN,
    OTHER,
    by_hand,
    certificate,
    entry,
    full_device,
    pinned,
)

replace = msgspec.structs.replace


async def test_a_device_comes_back_with_every_field(store: Store) -> None:
    device = full_device(await store.put_certificate(certificate("a")))
    assert all(value not in (None, "", ()) for value in msgspec.structs.asdict(device).values())
    await store.put_device(device)
    await store.put_device(OTHER)
    assert await store.devices() == [device, OTHER]


async def test_a_device_is_updated_in_every_field_and_keeps_its_place_and_login(store: Store) -> None:
    fingerprint = await store.put_certificate(certificate("a"))
    for device in (DEVICE, OTHER):
        await store.put_device(device)
    await store.put_login(DEVICE.id, LOGIN)
    changed = replace(full_device(fingerprint), added_at="2027-01-01T00:00:00Z", added_by="bob")
    await store.put_device(changed)
    assert await store.devices() == [changed, OTHER]
    assert await store.login(DEVICE.id) == LOGIN


async def test_a_removed_device_leaves_its_history(store: Store) -> None:
    der = certificate("a")
    device = pinned(DEVICE, await store.put_certificate(der))
    await store.pin(device, INSTALL, EVENT)
    await store.put_login(DEVICE.id, LOGIN)
    await store.journal(entry(1))
    removed = await store.remove_device(DEVICE.id, replace(EVENT, kind="removed"))
    assert await store.devices() == []
    assert await store.login(DEVICE.id) is None
    assert await store.pins(DEVICE.id) == [device.pin]
    assert await store.installs(DEVICE.id) == [INSTALL]
    assert await store.journal_of(INSTALL.id) == [entry(1)]
    events = await store.events(9)
    assert [event.device for event in events] == [DEVICE.id, DEVICE.id]
    assert events[1] == removed
    assert await store.certificate(device.pin.fingerprint if device.pin else "") == der


@pytest.mark.parametrize("der", [certificate("a"), b"\x30\x03 no certificate", b""])
async def test_a_certificate_is_stored_once_whatever_it_is(store: Store, folder: Path, der: bytes) -> None:
    first, second = await store.put_certificate(der), await store.put_certificate(der)
    assert first == second
    assert await store.certificate(first) == der
    assert await store.certificate("ab" * 32) is None
    with by_hand(folder) as database:
        assert database.execute("SELECT count(*) FROM certificates").fetchone() == (1,)


async def test_a_certificate_that_is_not_stored_is_neither_pinned_nor_handed_out(store: Store) -> None:
    unknown = "ab" * 32
    for refused in (
        store.pin(pinned(DEVICE, unknown), None, EVENT),
        store.put_device(pinned(DEVICE, unknown)),
        store.put_install(replace(INSTALL, candidate=unknown)),
    ):
        with pytest.raises(ValueError, match=unknown):
            await refused
    assert (await store.devices(), await store.installs(DEVICE.id), await store.events(9)) == ([], [], [])


async def test_an_install_comes_back_until_it_is_closed(store: Store) -> None:
    candidate = await store.put_certificate(certificate("a"))
    full = replace(INSTALL, attempt=2, old="cd" * 32, candidate=candidate, outcome="waiting")
    second = replace(INSTALL, id="op-2", request=replace(INSTALL.request, allow_http_login=True, expect="ab" * 32))
    for install in (INSTALL, second, full):
        await store.put_install(install)
    assert await store.open_installs() == [full, second]
    closed = replace(full, closed=True, outcome="done")
    await store.put_install(closed)
    assert await store.open_installs() == [second]
    assert await store.installs(DEVICE.id) == [closed, second]
    assert await store.installs("cam-9") == []


async def test_the_journal_keeps_the_order_in_which_it_was_written(store: Store) -> None:
    await store.put_install(INSTALL)
    await store.put_install(replace(INSTALL, id="op-2"))
    entries = [JournalEntry(INSTALL.id, "key", phase, AT, {"key": "K 1"}) for phase in ("begin", "failed", "begin")]
    for line in (entries[0], entry(7, "op-2"), *entries[1:]):
        await store.journal(line)
    assert await store.journal_of(INSTALL.id) == entries
    assert await store.journal_of("op-2") == [entry(7, "op-2")]


async def test_a_journal_line_that_recovery_would_never_find_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        await store.journal(entry(1, "op-9"))


async def test_the_keys_of_the_other_devices_pins_are_known(store: Store) -> None:
    mine, theirs, former = certificate("a"), certificate("b"), certificate("c")
    for device, der in ((OTHER, former), (OTHER, theirs), (DEVICE, mine)):
        await store.pin(pinned(device, await store.put_certificate(der)), None, EVENT)
    unreadable = await store.put_certificate(b"no certificate")
    await store.pin(pinned(replace(OTHER, id="cam-3"), unreadable), None, EVENT)
    assert await store.known_keys(DEVICE.id) == {key_fingerprint(theirs): OTHER.name}
    assert await store.known_keys(OTHER.id) == {key_fingerprint(mine): DEVICE.name}


async def test_everything_is_there_after_closing_and_opening(folder: Path) -> None:
    store = await Store.open(folder)
    device = pinned(DEVICE, await store.put_certificate(certificate("a")))
    event = await store.pin(device, INSTALL, EVENT)
    await store.put_login(DEVICE.id, LOGIN)
    await store.journal(entry(1))
    await store.close()
    assert sorted(path.name for path in folder.iterdir()) == ["login.key", "state.db"]
    store = await Store.open(folder)
    assert await store.devices() == [device]
    assert await store.login(DEVICE.id) == LOGIN
    assert await store.pins(DEVICE.id) == [device.pin]
    assert await store.open_installs() == [INSTALL]
    assert await store.journal_of(INSTALL.id) == [entry(1)]
    assert await store.events(9) == [event]
    await store.close()


async def test_fifty_writers_at_once_each_keep_their_order(store: Store) -> None:
    async def write(install: str) -> None:
        await store.put_install(replace(INSTALL, id=install))
        for number in range(5):
            await store.journal(entry(number, install))
            await store.add_event(replace(EVENT, device=install, text=str(number)))

    names = [f"op-{number}" for number in range(50)]
    await asyncio.gather(*map(write, names))
    for name in names:
        assert await store.journal_of(name) == [entry(number, name) for number in range(5)]
        assert [event.text for event in await store.events(9, name)] == ["0", "1", "2", "3", "4"]
    assert await store.verify_events() is None


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE devices SET attention = '[{'",
        'UPDATE devices SET attention = \'[{"kind": "never heard of", "text": ""}]\'',
        "UPDATE devices SET port = 'https'",
        "UPDATE devices SET pin_origin = 'trust me'",
    ],
)
async def test_a_row_that_nobody_could_have_written_is_reported_and_not_guessed_at(
    store: Store, folder: Path, edit: str
) -> None:
    await store.put_device(full_device(await store.put_certificate(certificate("a"))))
    with by_hand(folder) as database:
        database.execute(edit)
    with pytest.raises(StoreError, match="damaged") as caught:
        await store.devices()
    assert "backup" in caught.value.hint


async def test_closing_finishes_what_was_begun_and_then_refuses(folder: Path) -> None:
    store = await Store.open(folder)
    queued = asyncio.gather(*(store.add_event(replace(EVENT, text=str(number))) for number in range(20)))
    await asyncio.sleep(0)
    await store.close()
    await store.close()
    assert [event.text for event in await queued] == [str(number) for number in range(20)]
    with pytest.raises(StoreError, match="closed"):
        await store.add_event(EVENT)
