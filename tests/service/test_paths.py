import os
from pathlib import Path

import pytest

from core.model.errors import UnsafeStateError
from core.service.paths import LONGEST_SOCKET_PATH, default_state_dir, socket_path
from tests.service.helpers import Lines, serving


def folder_of(tmp_path: Path, length: int) -> Path:
    """Return a folder whose socket's path is `length` bytes long."""
    left = length - len(os.fsencode(tmp_path / "x" / "engine.sock")) + 1
    folder = tmp_path / ("d" * left)
    folder.mkdir()
    return folder


def test_the_default_is_this_accounts_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_state_dir() == tmp_path / "camtrust"


def test_a_short_path_is_in_the_state_folder(tmp_path: Path) -> None:
    assert socket_path(tmp_path) == tmp_path.resolve() / "engine.sock"


def test_the_longest_path_that_fits_is_used_and_works(tmp_path: Path) -> None:
    folder = folder_of(tmp_path.resolve(), LONGEST_SOCKET_PATH)
    path = socket_path(folder)
    assert path == folder / "engine.sock"
    assert len(os.fsencode(path)) == LONGEST_SOCKET_PATH


async def test_a_longer_one_is_replaced_by_a_short_private_one(tmp_path: Path, temporary: Path) -> None:
    folder = folder_of(tmp_path.resolve(), LONGEST_SOCKET_PATH + 1)
    path = socket_path(folder)
    assert path.parent == temporary / f"camtrust-{os.geteuid()}"
    assert path.parent.stat().st_mode & 0o777 == 0o700
    async with serving(path), await Lines.connect(path) as client:
        assert (await client.hello())["type"] == "welcome"


def test_the_short_one_belongs_to_one_folder_by_whatever_name(tmp_path: Path, temporary: Path) -> None:
    one, other = tmp_path / ("a" * 110), tmp_path / ("b" * 110)
    one.mkdir()
    (tmp_path / "link").symlink_to(one)
    assert socket_path(one) == socket_path(tmp_path / "link") != socket_path(other)


def test_bytes_count_and_not_characters(tmp_path: Path, temporary: Path) -> None:
    assert socket_path(Path("/") / ("ä" * 50)).parent.parent == temporary
    assert socket_path(Path("/") / ("a" * 50)).name == "engine.sock"


def test_a_private_folder_in_which_others_have_a_hand_is_refused(tmp_path: Path, temporary: Path) -> None:
    folder = temporary / f"camtrust-{os.geteuid()}"
    folder.symlink_to(tmp_path)
    with pytest.raises(UnsafeStateError, match="symbolic link"):
        socket_path(Path("/") / ("x" * 200))
    folder.unlink()
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(UnsafeStateError, match="0777"):
        socket_path(Path("/") / ("x" * 200))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_private_folder_of_another_account_is_refused(temporary: Path) -> None:
    folder = temporary / f"camtrust-{os.geteuid()}"
    folder.mkdir(mode=0o700)
    os.chown(folder, 54321, 54321)
    with pytest.raises(UnsafeStateError, match="another account"):
        socket_path(Path("/") / ("x" * 200))
