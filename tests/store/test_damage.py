from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from core.files import create_private
from core.model.errors import UnsafeStateError
from core.store.store import Store, StoreError
from tests.store.samples import EVENT, certificate

PAGE = 4096


async def used(folder: Path) -> Path:
    """Leave a store of some dozen pages, closed; return its database."""
    store = await Store.open(folder)
    for number in range(50):
        await store.put_certificate(certificate("a") + bytes([number]))
        await store.add_event(msgspec.structs.replace(EVENT, text=f"event {number}"))
    await store.close()
    return folder / "state.db"


def overwrite(path: Path, offset: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "all of it": lambda path: path.write_bytes(b"\xa5" * path.stat().st_size),
    "its first bytes": lambda path: overwrite(path, 0, b"no database"),
    "a page in the middle": lambda path: overwrite(path, 5 * PAGE, b"\xa5" * PAGE),
    "its end is missing": lambda path: path.write_bytes(path.read_bytes()[: 5 * PAGE]),
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_database_is_refused_and_left_as_it_is(folder: Path, damage: str) -> None:
    path = await used(folder)
    DAMAGES[damage](path)
    before = path.read_bytes()
    for _ in range(2):
        with pytest.raises(StoreError, match="damaged") as caught:
            await Store.open(folder)
        assert "backup" in caught.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize(("lose", "what"), [(Path.unlink, "missing"), (lambda path: path.write_bytes(b""), "empty")])
async def test_a_database_that_was_lost_is_not_made_anew(
    folder: Path, lose: Callable[[Path], object], what: str
) -> None:
    lose(await used(folder))
    for _ in range(2):
        with pytest.raises(StoreError, match=f"{what}, though this gateway was used before"):
            await Store.open(folder)


async def test_a_first_start_that_was_cut_short_is_taken_up(folder: Path) -> None:
    create_private(folder, "state.db", b"")
    await (await Store.open(folder)).close()
    (folder / "login.key").unlink()
    store = await Store.open(folder)
    assert await store.devices() == []
    await store.close()
    assert (folder / "login.key").exists()


@pytest.mark.parametrize("name", ["state.db", "state.db-wal", "state.db-shm", "state.db-journal"])
async def test_a_file_of_the_database_that_is_not_private_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    await used(folder)
    path = folder / name
    path.touch(0o600)
    path.chmod(0o644)
    with pytest.raises(UnsafeStateError, match="0644") as caught:
        await Store.open(folder)
    assert caught.value.hint.endswith(f"chmod 600 {path}")
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeStateError, match="symbolic link"):
        await Store.open(folder)
    path.unlink()
    (tmp_path / "elsewhere").chmod(0o600)
    path.hardlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeStateError, match="hard link"):
        await Store.open(folder)
