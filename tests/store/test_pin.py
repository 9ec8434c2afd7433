from pathlib import Path

import msgspec
import pytest

from core.model.device import Origin
from core.model.messages import Event
from core.model.records import DeviceRecord, InstallRecord, Pin
from core.store.store import Store, StoreError
from tests.store.samples import AT, DEVICE, EVENT, INSTALL, LOGIN, by_hand, certificate, pinned

replace = msgspec.structs.replace
DONE = replace(INSTALL, closed=True, outcome="installed")

State = tuple[list[DeviceRecord], list[InstallRecord], list[object], list[Event], object]


async def state_of(store: Store) -> State:
    return (
        await store.devices(),
        await store.installs(DEVICE.id),
        list(await store.pins(DEVICE.id)),
        await store.events(9),
        await store.login(DEVICE.id),
    )


async def before_and_after(store: Store) -> tuple[DeviceRecord, DeviceRecord]:
    """Store a device with a first pin, a login and an open install. Return it, and how it shall be."""
    old, new = [await store.put_certificate(certificate(name)) for name in ("old", "new")]
    device = pinned(DEVICE, old)
    await store.pin(device, INSTALL, EVENT)
    await store.put_login(DEVICE.id, LOGIN)
    return device, replace(pinned(device, new), presented=None, tls="TLS 1.3")


async def test_a_pin_stores_device_history_install_and_event(store: Store, folder: Path) -> None:
    device, changed = await before_and_after(store)
    event = await store.pin(changed, DONE, replace(EVENT, kind="pinned"))
    assert (event.seq, event.kind) == (2, "pinned")
    devices, installs, pins, events, login = await state_of(store)
    assert (devices, installs, pins) == ([changed], [DONE], [device.pin, changed.pin])
    assert events[-1] == event
    assert login == LOGIN
    with by_hand(folder) as database:
        steps = database.execute("SELECT previous, fingerprint FROM pins ORDER BY seq").fetchall()
    assert device.pin and changed.pin
    assert steps == [(None, device.pin.fingerprint), (device.pin.fingerprint, changed.pin.fingerprint)]


@pytest.mark.parametrize("table", ["events", "installs", "pins", "logins"])
async def test_if_one_part_of_a_pin_fails_nothing_of_it_is_stored(store: Store, folder: Path, table: str) -> None:
    _, changed = await before_and_after(store)
    before = await state_of(store)
    with by_hand(folder) as database:
        for moment in ("INSERT", "UPDATE"):
            database.execute(
                f"CREATE TRIGGER no_{moment} BEFORE {moment} ON {table} BEGIN SELECT RAISE(ABORT, 'no more'); END"
            )
    with pytest.raises(StoreError, match="no more"):
        await store.pin(changed, DONE, EVENT)
    assert await state_of(store) == before
    with by_hand(folder) as database:
        for moment in ("INSERT", "UPDATE"):
            database.execute(f"DROP TRIGGER no_{moment}")
    await store.pin(changed, DONE, EVENT)
    assert (await store.devices(), await store.login(DEVICE.id)) == ([changed], LOGIN)


async def test_a_pin_without_an_install_leaves_the_installs_alone(store: Store) -> None:
    _, changed = await before_and_after(store)
    await store.pin(changed, None, EVENT)
    assert await store.installs(DEVICE.id) == [INSTALL]


async def test_a_device_without_a_pin_is_not_pinned(store: Store) -> None:
    with pytest.raises(ValueError, match="no pin"):
        await store.pin(DEVICE, None, EVENT)
    assert await store.devices() == []


async def test_the_history_tells_origin_and_person(store: Store) -> None:
    fingerprint = await store.put_certificate(certificate("old"))
    history = [
        Pin(fingerprint, Origin.DEVICE, AT, "ann"),
        Pin(fingerprint, Origin.ACCEPTED, "2027-01-01T00:00:00Z", "bob"),
        Pin(fingerprint, Origin.ISSUED, "2028-01-01T00:00:00Z", "camtrust"),
    ]
    for pin in history:
        await store.pin(replace(DEVICE, pin=pin), None, EVENT)
    assert await store.pins(DEVICE.id) == history
