import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from core.authority import files
from core.model.errors import CamtrustError, UnsafeStateError
from core.model.secret import Secret

TEXT = Secret("the key")


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_what_was_written_is_read_back_and_only_this_account_can(folder: Path) -> None:
    old = os.umask(0)
    try:
        files.write(folder / "ca.key", TEXT)
    finally:
        os.umask(old)
    assert files.read(folder / "ca.key") == TEXT
    assert stat.S_IMODE((folder / "ca.key").stat().st_mode) == 0o600
    assert names_in(folder) == ["ca.key"]


def test_what_is_missing_is_none(folder: Path) -> None:
    assert files.read(folder / "ca.key") is None


def test_bytes_that_are_no_text_are_read_back_as_they_were(folder: Path) -> None:
    (folder / "ca.key").write_bytes(b"\xff\x00\xfe")
    (folder / "ca.key").chmod(0o600)
    text = files.read(folder / "ca.key")
    assert text is not None
    files.write(folder / "copy", text)
    assert (folder / "copy").read_bytes() == b"\xff\x00\xfe"


def a_file(path: Path, victim: Path) -> None:
    path.write_text("here already")


def a_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def a_dangling_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim.parent / "elsewhere")


def a_fifo(path: Path, victim: Path) -> None:
    os.mkfifo(path)


def a_folder(path: Path, victim: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("place", ["ca.key", "ca.key.new"])
@pytest.mark.parametrize("obstacle", [a_file, a_link, a_dangling_link, a_fifo, a_folder])
def test_writing_never_touches_what_is_there(
    folder: Path, tmp_path: Path, obstacle: Callable[[Path, Path], None], place: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    obstacle(folder / place, victim)
    before = (folder / place).lstat()
    with pytest.raises(CamtrustError, match=r"ca\.key cannot be written"):
        files.write(folder / "ca.key", TEXT)
    assert victim.read_text() == "untouched"
    assert not (tmp_path / "elsewhere").exists()
    assert (folder / place).lstat() == before
    assert names_in(folder) == [place]


def test_a_file_can_be_replaced_on_purpose(folder: Path) -> None:
    files.write(folder / "ca.key", TEXT)
    files.write(folder / "ca.key", Secret("sealed"), replace=True)
    assert files.read(folder / "ca.key") == Secret("sealed")
    assert names_in(folder) == ["ca.key"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CamtrustError, match="cannot be written: No such file"):
        files.write(tmp_path / "nowhere" / "ca.key", TEXT)


def test_a_write_that_fails_leaves_no_copy_of_the_key(folder: Path) -> None:
    """In a process of its own, because the limit on the size of files is for all of a process."""
    script = (
        "import pathlib, resource, signal, sys\n"
        "from core.authority import files; from core.model.secret import Secret\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (3, 3))\n"
        "files.write(pathlib.Path(sys.argv[1]) / 'ca.key', Secret('the key'))"
    )
    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", script, folder], cwd=root, capture_output=True, text=True)
    assert "ca.key cannot be written: File too large" in ended.stderr
    assert names_in(folder) == []


def calls_of_write(path: Path, *, replace: bool) -> list[str]:
    """The calls into the operating system, in order."""
    seen: list[str] = []

    def note(frame: FrameType, event: str, function: Callable[..., object]) -> None:
        if event == "c_call" and frame.f_code.co_filename == files.__file__:
            seen.append(function.__name__)

    sys.setprofile(note)
    try:
        files.write(path, TEXT, replace=replace)
    finally:
        sys.setprofile(None)
    return [name for name in seen if name in ("flush", "fsync", "link", "replace", "unlink")]


def test_contents_and_name_are_on_the_disk_in_this_order(folder: Path) -> None:
    assert calls_of_write(folder / "a", replace=False) == ["flush", "fsync", "link", "unlink", "fsync"]
    assert calls_of_write(folder / "a", replace=True) == ["flush", "fsync", "replace", "unlink", "fsync"]


def opened_to_all(path: Path) -> None:
    path.chmod(0o644)


def opened_to_the_group(path: Path) -> None:
    path.chmod(0o640)


def writable_by_others(path: Path) -> None:
    path.chmod(0o602)


def set_to_run_as_owner(path: Path) -> None:
    path.chmod(0o4600)


def with_a_second_name(path: Path) -> None:
    os.link(path, path.parent.parent / "second")


def behind_a_link(path: Path) -> None:
    path.rename(path.parent.parent / "moved")
    path.symlink_to(path.parent.parent / "moved")


def of_another_account(path: Path) -> None:
    os.chown(path, 12345, 12345)


AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
UNSAFE = [
    (opened_to_all, "open to other accounts"),
    (opened_to_the_group, "open to other accounts"),
    (writable_by_others, "open to other accounts"),
    (set_to_run_as_owner, "open to other accounts"),
    (with_a_second_name, "second name"),
    (behind_a_link, "symbolic link"),
    pytest.param(of_another_account, "another account", marks=AS_ROOT),
]


@pytest.mark.parametrize(("harm", "told"), UNSAFE)
def test_an_unsafe_file_is_refused_and_the_command_in_the_hint_repairs_it(
    tmp_path: Path, harm: Callable[[Path], None], told: str
) -> None:
    folder = tmp_path / "a folder's name"
    folder.mkdir(mode=0o700)
    files.write(folder / "ca.key", TEXT)
    harm(folder / "ca.key")
    with pytest.raises(UnsafeStateError, match=told) as refusal:
        files.read(folder / "ca.key")
    _, command = refusal.value.hint.split(": ", 1)
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert files.read(folder / "ca.key") == TEXT


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_this_account_alone_is_read(folder: Path, mode: int) -> None:
    files.write(folder / "ca.key", TEXT)
    (folder / "ca.key").chmod(mode)
    assert files.read(folder / "ca.key") == TEXT


@pytest.mark.parametrize("obstacle", [a_fifo, a_folder])
def test_what_is_no_file_is_refused_at_once(folder: Path, obstacle: Callable[[Path, Path], None]) -> None:
    obstacle(folder / "ca.key", folder)
    with pytest.raises(UnsafeStateError, match="not a regular file"):
        files.read(folder / "ca.key")


def test_what_a_crash_left_is_removed_and_the_file_has_one_name_again(folder: Path) -> None:
    files.write(folder / "ca.key", TEXT)
    os.link(folder / "ca.key", folder / "ca.key.new")
    with pytest.raises(UnsafeStateError):
        files.read(folder / "ca.key")
    files.clear(folder / "ca.key")
    assert files.read(folder / "ca.key") == TEXT
    files.clear(folder / "ca.key")
