from pathlib import Path

import msgspec
import pytest

from core.model.errors import UnsafeStateError
from core.model.records import DeviceRecord, Login
from core.model.secret import Secret
from core.store.store import SealError, Store, StoreError
from tests.store.samples import DEVICE, EVENT, LOGIN, OTHER, PASSWORD, by_hand, certificate, pinned

replace = msgspec.structs.replace


async def stored(store: Store) -> DeviceRecord:
    """Store two devices, both pinned, the first with a login; return the first."""
    device = pinned(DEVICE, await store.put_certificate(certificate("a")))
    await store.put_device(device)
    await store.put_device(pinned(OTHER, await store.put_certificate(certificate("b"))))
    await store.put_login(DEVICE.id, LOGIN)
    return device


def sealed(folder: Path, device: str = DEVICE.id) -> bytes:
    with by_hand(folder) as database:
        [found] = database.execute("SELECT sealed FROM logins WHERE device = ?", (device,)).fetchone()
    assert isinstance(found, bytes)
    return found


def files_holding(folder: Path, text: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if text in path.read_bytes()]


async def test_a_login_comes_back_is_replaced_and_removed(store: Store) -> None:
    await stored(store)
    assert await store.login(DEVICE.id) == LOGIN
    assert await store.login(OTHER.id) is None
    assert await store.login("cam-9") is None
    other = Login("", Secret('ünïcode " \\ \x00'))
    await store.put_login(DEVICE.id, other)
    assert await store.login(DEVICE.id) == other
    await store.put_login(DEVICE.id, None)
    assert await store.login(DEVICE.id) is None


async def test_a_login_needs_its_device(store: Store) -> None:
    with pytest.raises(ValueError, match="cam-1"):
        await store.put_login(DEVICE.id, LOGIN)


async def test_no_file_of_the_folder_ever_holds_the_login_in_clear(folder: Path) -> None:
    store = await Store.open(folder)
    device = await stored(store)
    await store.put_device(replace(device, port=8443))
    assert (folder / "state.db-wal").exists()
    assert files_holding(folder, b"Front door") != []
    for text in (PASSWORD, LOGIN.user):
        assert files_holding(folder, text.encode()) == []
    await store.close()
    for text in (PASSWORD, LOGIN.user):
        assert files_holding(folder, text.encode()) == []


async def test_a_removed_login_is_no_longer_in_the_file_even_sealed(folder: Path) -> None:
    store = await Store.open(folder)
    await stored(store)
    old = sealed(folder)
    await store.close()
    assert files_holding(folder, old) == ["state.db"]
    store = await Store.open(folder)
    await store.remove_device(DEVICE.id, EVENT)
    await store.close()
    assert files_holding(folder, old) == []


async def test_the_same_login_never_looks_the_same(store: Store, folder: Path) -> None:
    await stored(store)
    before = sealed(folder)
    await store.put_login(DEVICE.id, LOGIN)
    assert sealed(folder) != before


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE devices SET host = '10.0.0.66' WHERE id = 'cam-1'",
        "UPDATE devices SET port = 4443 WHERE id = 'cam-1'",
        "UPDATE devices SET port = NULL WHERE id = 'cam-1'",
        "UPDATE devices SET pin = (SELECT pin FROM devices WHERE id = 'cam-2') WHERE id = 'cam-1'",
        "UPDATE devices SET pin = NULL WHERE id = 'cam-1'",
        "UPDATE devices SET id = 'cam-3' WHERE id = 'cam-1'; UPDATE logins SET device = 'cam-3'",
        "UPDATE logins SET sealed = substr(sealed, 1, 20)",
        "UPDATE logins SET sealed = x''",
    ],
)
async def test_after_an_edit_past_the_store_the_login_stays_shut(store: Store, folder: Path, edit: str) -> None:
    await stored(store)
    with by_hand(folder) as database:
        database.executescript(edit)
    [device] = [device.id for device in await store.devices() if device.id != OTHER.id]
    with pytest.raises(SealError, match="does not belong") as caught:
        await store.login(device)
    assert "type the login again" in caught.value.hint
    assert PASSWORD not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.hint}"


async def test_a_login_moved_to_another_row_stays_shut(store: Store, folder: Path) -> None:
    device = await stored(store)
    # All that differs is the device.
    await store.put_device(replace(device, id=OTHER.id))
    with by_hand(folder) as database:
        database.execute("UPDATE logins SET device = 'cam-2'")
    with pytest.raises(SealError, match="does not belong"):
        await store.login(OTHER.id)


@pytest.mark.parametrize("field", ["host", "port", "pin"])
async def test_the_login_goes_on_belonging_to_a_device_that_changes(store: Store, folder: Path, field: str) -> None:
    device = await stored(store)
    second = pinned(device, await store.put_certificate(certificate("b")))
    changed = {"host": replace(device, host="cam.local"), "port": replace(device, port=None), "pin": second}[field]
    before = sealed(folder)
    await store.put_device(changed)
    assert await store.login(DEVICE.id) == LOGIN
    with by_hand(folder) as database:
        database.execute("UPDATE logins SET sealed = ?", (before,))
    with pytest.raises(SealError):
        await store.login(DEVICE.id)


async def test_a_change_through_the_store_does_not_wash_an_edit_past_it(store: Store, folder: Path) -> None:
    device = await stored(store)
    with by_hand(folder) as database:
        database.execute("UPDATE devices SET host = '10.0.0.66' WHERE id = 'cam-1'")
    await store.put_device(replace(device, host="10.0.0.66", port=4443))
    with pytest.raises(SealError):
        await store.login(DEVICE.id)
    await store.put_login(DEVICE.id, LOGIN)
    assert await store.login(DEVICE.id) == LOGIN


async def test_other_changes_leave_the_seal_as_it_is(store: Store, folder: Path) -> None:
    device = await stored(store)
    before = sealed(folder)
    await store.put_device(replace(device, name="New name", tls="TLS 1.2"))
    assert sealed(folder) == before


async def test_with_another_key_the_login_stays_shut(folder: Path) -> None:
    store = await Store.open(folder)
    await stored(store)
    await store.close()
    (folder / "login.key").write_bytes(bytes(32))
    store = await Store.open(folder)
    with pytest.raises(SealError):
        await store.login(DEVICE.id)
    await store.close()


async def test_a_lost_key_is_reported_and_not_made_anew(folder: Path) -> None:
    store = await Store.open(folder)
    await stored(store)
    await store.close()
    (folder / "login.key").unlink()
    with pytest.raises(StoreError, match=r"login\.key.* is missing") as caught:
        await Store.open(folder)
    forget = "DELETE FROM logins; UPDATE rollouts SET sealed = NULL"
    assert f"sqlite3 {folder}/state.db '{forget}'" in caught.value.hint
    assert not (folder / "login.key").exists()
    with by_hand(folder) as database:
        database.executescript(forget)
    store = await Store.open(folder)
    assert await store.login(DEVICE.id) is None
    await store.close()


async def test_a_key_file_that_is_damaged_or_open_to_others_is_refused(folder: Path) -> None:
    await (await Store.open(folder)).close()
    key = folder / "login.key"
    assert (key.stat().st_mode & 0o777, key.stat().st_size) == (0o600, 32)
    key.chmod(0o640)
    with pytest.raises(UnsafeStateError, match="0640") as caught:
        await Store.open(folder)
    assert caught.value.hint.endswith(f"chmod 600 {key}")
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(StoreError, match="damaged"):
        await Store.open(folder)
