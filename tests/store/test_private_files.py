import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.files import (
    check_private_file,
    check_private_folder,
    create_private,
    open_private,
    read_private,
    remove_unfinished,
)
from core.model.errors import CamtrustError, UnsafeStateError


def foreign(path: Path) -> Path:
    """Return what belongs to another account: `path`, given away, where this account may do that."""
    if os.geteuid() == 0:
        os.chown(path, 12345, -1)
        return path
    return Path("/etc/passwd") if path.is_file() else Path("/etc")


def test_a_private_file_is_complete_mode_0600_and_alone(folder: Path) -> None:
    previous = os.umask(0)
    try:
        create_private(folder, "key", b"secret")
    finally:
        os.umask(previous)
    assert [path.name for path in folder.iterdir()] == ["key"]
    assert (folder / "key").stat().st_mode & 0o7777 == 0o600
    assert read_private(folder / "key") == b"secret"


def test_a_private_file_is_0600_under_any_umask(folder: Path) -> None:
    previous = os.umask(0o777)
    try:
        create_private(folder, "key", b"secret")
    finally:
        os.umask(previous)
    assert (folder / "key").stat().st_mode & 0o7777 == 0o600


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "fifo", "folder"])
def test_what_has_the_name_already_is_left_alone(folder: Path, tmp_path: Path, kind: str) -> None:
    victim, target = tmp_path / "victim", folder / "key"
    victim.write_bytes(b"precious")
    makers: dict[str, Callable[[], object]] = {
        "file": lambda: target.write_bytes(b"precious"),
        "link": lambda: target.symlink_to(victim),
        "dangling link": lambda: target.symlink_to(tmp_path / "nowhere"),
        "fifo": lambda: os.mkfifo(target),
        "folder": target.mkdir,
    }
    makers[kind]()
    before = target.lstat()
    with pytest.raises(FileExistsError):
        create_private(folder, "key", b"secret")
    assert (target.lstat().st_ino, target.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_a_disk_that_refuses_is_told_and_nothing_is_left(folder: Path) -> None:
    with pytest.raises(CamtrustError, match="cannot be written") as caught:
        create_private(folder, "n" * 300, b"secret")
    assert caught.value.hint
    assert list(folder.iterdir()) == []


def test_what_a_killed_process_left_is_removed(folder: Path) -> None:
    program = (
        "import os, signal, sys, pathlib, core.files\n"
        "os.unlink = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\n"
        "core.files.create_private(pathlib.Path(sys.argv[1]), 'key', b'secret')\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], timeout=30)
    assert killed.returncode == -9
    assert len(list(folder.iterdir())) == 2
    with pytest.raises(UnsafeStateError, match="hard link"):
        read_private(folder / "key")
    remove_unfinished(folder)
    assert [path.name for path in folder.iterdir()] == ["key"]
    assert read_private(folder / "key") == b"secret"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o620, 0o601, 0o700, 0o4600])
def test_a_file_with_another_mode_is_refused_with_the_command(folder: Path, mode: int) -> None:
    path = folder / "a key"
    create_private(folder, path.name, b"secret")
    path.chmod(mode)
    for use in (read_private, check_private_file, open_private):
        with pytest.raises(UnsafeStateError, match=f"mode {mode:04o}, not 0600") as caught:
            use(path)
        assert caught.value.hint.endswith(f"run: chmod 600 '{path}'")
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("use", [read_private, check_private_file, open_private])
@pytest.mark.parametrize(
    ("kind", "problem", "command"),
    [
        ("link", "symbolic link", "rm {0}"),
        ("dangling link", "symbolic link", "rm {0}"),
        ("hard link", "second name", "cp -p {0} {0}.new && mv {0}.new {0}"),
        ("fifo", "not a regular file", "mv {0} {0}.old"),
        ("folder", "not a regular file", "mv {0} {0}.old"),
    ],
)
def test_what_is_no_file_of_its_own_is_refused_with_the_command(
    folder: Path, use: Callable[[Path], object], kind: str, problem: str, command: str
) -> None:
    path, real = folder / "key", folder / "real"
    create_private(folder, real.name, b"secret")
    makers: dict[str, Callable[[], object]] = {
        "link": lambda: path.symlink_to(real),
        "dangling link": lambda: path.symlink_to(folder / "nowhere"),
        "hard link": lambda: path.hardlink_to(real),
        "fifo": lambda: os.mkfifo(path, 0o600),
        "folder": lambda: path.mkdir(0o600),
    }
    makers[kind]()
    with pytest.raises(UnsafeStateError, match=problem) as caught:
        use(path)
    assert caught.value.hint.endswith("run: " + command.format(path))


def test_the_command_for_a_hard_link_makes_the_file_usable(folder: Path) -> None:
    create_private(folder, "key", b"secret")
    (folder / "second").hardlink_to(folder / "key")
    with pytest.raises(UnsafeStateError) as caught:
        read_private(folder / "key")
    subprocess.run(caught.value.hint.split("run: ")[1], shell=True, check=True)
    assert read_private(folder / "key") == b"secret"


def test_what_belongs_to_another_account_is_refused(folder: Path, tmp_path: Path) -> None:
    create_private(folder, "key", b"secret")
    other = tmp_path / "other"
    other.mkdir(0o700)
    path = foreign(folder / "key")
    for use, unsafe in ((read_private, path), (check_private_file, path), (check_private_folder, foreign(other))):
        with pytest.raises(UnsafeStateError, match="another account") as caught:
            use(unsafe)
        assert caught.value.hint.endswith(f"run: sudo chown {os.geteuid()} {unsafe}")


def test_what_is_missing_is_not_unsafe(folder: Path) -> None:
    for use in (read_private, check_private_file, check_private_folder):
        with pytest.raises(FileNotFoundError):
            use(folder / "nothing")


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o720, 0o701, 0o777, 0o600])
def test_a_folder_with_another_mode_is_refused_with_the_command(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(UnsafeStateError, match=f"mode {mode:04o}, not 0700") as caught:
        check_private_folder(folder)
    assert caught.value.hint.endswith(f"run: chmod 700 {folder}")
    folder.chmod(0o700)
    check_private_folder(folder)


def test_a_link_to_a_folder_and_a_file_are_no_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch(0o700)
    with pytest.raises(UnsafeStateError, match="symbolic link"):
        check_private_folder(tmp_path / "link")
    with pytest.raises(UnsafeStateError, match="not a folder"):
        check_private_folder(tmp_path / "file")
