import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, FunctionType

import pytest

from core import files
from core.files import (
    LARGEST,
    check_private_file,
    check_private_folder,
    create_private,
    open_private,
    read_private,
    read_secret,
    remove_unfinished,
    replace_private,
)
from core.model.errors import CamtrustError, UnsafeStateError
from core.model.secret import Secret
from core.store.folder import StateFolder
from tests.authority.killed import copies_killed

ROOT = Path(__file__).parents[1]
Obstacle = Callable[[Path, Path], None]
Write = Callable[[Path, str, bytes | Secret], None]
Use = Callable[[Path], object]
USES: list[Use] = [read_private, read_secret, check_private_file, open_private]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One whose name has to be quoted for a shell."""
    path = tmp_path / "the site's state"
    path.mkdir(mode=0o700)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def command_of(error: CamtrustError) -> str:
    """The command that the hint ends with."""
    assert not error.title.endswith(".")
    return error.hint.split(" To go on, run: ")[1]


def run(command: str) -> None:
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=30)


def foreign(path: Path) -> Path:
    """Return what belongs to another account: `path`, given away, where this account may do that."""
    if os.geteuid() == 0:
        os.chown(path, 12345, 12345)
        return path
    return Path("/etc/passwd") if path.is_file() else Path("/etc")


@pytest.mark.parametrize("write", [create_private, replace_private])
@pytest.mark.parametrize("umask", [0, 0o777])
@pytest.mark.parametrize("data", [b"secret", Secret("secret")])
def test_a_private_file_is_complete_mode_0600_and_alone_under_any_umask(
    folder: Path, write: Write, umask: int, data: bytes | Secret
) -> None:
    previous = os.umask(umask)
    try:
        write(folder, "key", data)
    finally:
        os.umask(previous)
    assert names_in(folder) == ["key"]
    assert (folder / "key").stat().st_mode & 0o7777 == 0o600
    assert read_private(folder / "key") == b"secret"
    assert read_secret(folder / "key") == Secret("secret")


def test_a_file_is_replaced_only_on_purpose(folder: Path) -> None:
    create_private(folder, "key", b"plain")
    with pytest.raises(FileExistsError):
        create_private(folder, "key", b"sealed")
    assert read_private(folder / "key") == b"plain"
    replace_private(folder, "key", b"sealed")
    assert read_private(folder / "key") == b"sealed"
    assert names_in(folder) == ["key"]


def test_only_a_name_is_replaced_never_what_a_link_leads_to_nor_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (folder / "key").symlink_to(tmp_path / "victim")
    replace_private(folder, "key", b"secret")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert read_private(folder / "key") == b"secret"
    (folder / "folder").mkdir()
    with pytest.raises(CamtrustError, match="folder cannot be written: Is a directory"):
        replace_private(folder, "folder", b"secret")
    assert names_in(folder) == ["folder", "key"]


def a_file(path: Path, victim: Path) -> None:
    path.write_bytes(b"here already")


def a_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def a_dangling_link(path: Path, victim: Path) -> None:
    path.symlink_to(victim.with_name("nowhere"))


def a_file_for_all(path: Path, victim: Path) -> None:
    path.write_bytes(b"here already")
    path.chmod(0o644)


def a_fifo(path: Path, victim: Path) -> None:
    os.mkfifo(path, 0o600)


def a_folder(path: Path, victim: Path) -> None:
    path.mkdir(0o600)


@pytest.mark.parametrize("place", ["key", ".unfinished-0123"])
@pytest.mark.parametrize("obstacle", [a_file, a_link, a_dangling_link, a_fifo, a_folder])
def test_what_has_the_name_already_is_left_alone(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, obstacle: Obstacle, place: str
) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda _: "0123")
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    obstacle(folder / place, victim)
    before = (folder / place).lstat()
    with pytest.raises(FileExistsError):
        create_private(folder, "key", b"secret")
    after = (folder / place).lstat()
    assert (after.st_ino, after.st_mode, after.st_size) == (before.st_ino, before.st_mode, before.st_size)
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()
    assert names_in(folder) == [place]


@pytest.mark.parametrize("write", [create_private, replace_private])
def test_a_disk_that_refuses_is_told_and_nothing_is_left(folder: Path, tmp_path: Path, write: Write) -> None:
    with pytest.raises(CamtrustError, match="cannot be written: File name too long") as caught:
        write(folder, "n" * 300, b"secret")
    assert caught.value.hint
    assert names_in(folder) == []
    (tmp_path / "link").symlink_to(folder)
    for place in (tmp_path / "nowhere", tmp_path / "link"):
        with pytest.raises(CamtrustError, match=r"cannot be written: (No such file|Not a directory)"):
            write(place, "key", b"secret")
    assert names_in(folder) == []


def test_a_write_that_fails_halfway_leaves_nothing_and_shows_no_secret(folder: Path) -> None:
    """In a process of its own, because the limit on the size of files is for all of a process."""
    program = (
        "import pathlib, resource, signal, sys, traceback\n"
        "from core.files import create_private; from core.model.secret import Secret\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (3, 3))\n"
        "try:\n"
        "    create_private(pathlib.Path(sys.argv[1]), 'key', Secret(sys.stdin.read()))\n"
        "except Exception as error:\n"
        "    print(*traceback.TracebackException.from_exception(error, capture_locals=True).format())\n"
    )
    command = [sys.executable, "-c", program, str(folder)]
    ended = subprocess.run(command, cwd=ROOT, input="pass phrase", capture_output=True, text=True, timeout=30)
    assert "key cannot be written: File too large" in ended.stdout
    assert "data = ***" in ended.stdout
    assert "pass phrase" not in ended.stdout + ended.stderr
    assert names_in(folder) == []


def calls_of(write: Write, folder: Path) -> list[str]:
    """The calls into the operating system that decide what is on the disk, in order."""
    seen: list[str] = []

    def note(frame: FrameType, event: str, function: Callable[..., object]) -> None:
        if event == "c_call" and frame.f_code.co_filename == files.__file__:
            seen.append(function.__name__)

    sys.setprofile(note)
    try:
        write(folder, "key", b"secret")
    finally:
        sys.setprofile(None)
    return [name for name in seen if name in ("flush", "fsync", "link", "replace", "unlink")]


def test_contents_and_name_are_on_the_disk_in_this_order(folder: Path) -> None:
    assert calls_of(create_private, folder) == ["flush", "fsync", "link", "unlink", "fsync"]
    assert calls_of(replace_private, folder) == ["flush", "fsync", "replace", "unlink", "fsync"]


@pytest.mark.parametrize(("action", "before"), [("create", None), ("replace", b"old")])
def test_a_writer_can_be_killed_at_any_moment(folder: Path, action: str, before: bytes | None) -> None:
    if before:
        create_private(folder, "key", before)
    found = set()
    names = set()
    for copy in copies_killed(action, folder):
        key = copy / "key"
        names.add(key.stat().st_nlink if key.exists() else 0)
        StateFolder.open(copy).close()
        found.add(read_private(key) if key.exists() else None)
        assert set(names_in(copy)) <= {"key", "engine.lock"}
    assert found == {before, b"new"}
    # Killed between link and unlink a new file has two names, and could not be read.
    assert names == ({0, 1, 2} if action == "create" else {1})


def test_everything_that_was_left_unfinished_is_removed(folder: Path, tmp_path: Path) -> None:
    create_private(folder, "key", b"secret")
    (folder / ".unfinished-1").hardlink_to(folder / "key")
    (folder / ".unfinished-2").write_bytes(b"-----BEGIN PRIV")
    (folder / ".unfinished-3").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UnsafeStateError, match="hard link"):
        read_private(folder / "key")
    remove_unfinished(folder)
    assert names_in(folder) == ["key"]
    assert read_private(folder / "key") == b"secret"
    (folder / ".unfinished-4").mkdir()
    with pytest.raises(CamtrustError, match="cannot be tidied"):
        remove_unfinished(folder)


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602, 0o644, 0o666, 0o620, 0o601, 0o700, 0o4600])
def test_a_file_with_another_mode_is_refused_and_the_command_in_the_hint_repairs_it(
    folder: Path, use: Use, mode: int
) -> None:
    path = folder / "key"
    create_private(folder, path.name, b"secret")
    path.chmod(mode)
    with pytest.raises(UnsafeStateError, match=f"mode {mode:04o}, not 0600") as caught:
        use(path)
    assert path.stat().st_mode & 0o7777 == mode
    assert command_of(caught.value) == f"chmod 600 {shlex.quote(str(path))}"
    run(command_of(caught.value))
    assert read_private(path) == b"secret"


def a_file_elsewhere(path: Path, other: Path) -> None:
    create_private(other.parent, other.name, b"secret")
    path.symlink_to(other)


def a_second_name(path: Path, other: Path) -> None:
    create_private(path.parent, path.name, b"secret")
    other.hardlink_to(path)


def a_link_to_a_device(path: Path, other: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("obstacle", "problem", "command", "after"),
    [
        (a_file_elsewhere, "symbolic link", 'cp -p --remove-destination "$(readlink -f {0})" {0}', b"secret"),
        (a_second_name, "second name", "cp -p {0} {0}.new && mv {0}.new {0}", b"secret"),
        (a_dangling_link, "symbolic link", "rm {0}", None),
        (a_link_to_a_device, "symbolic link", "rm {0}", None),
        (a_fifo, "not a regular file", "mv {0} {0}.old", None),
        (a_folder, "not a regular file", "mv {0} {0}.old", None),
    ],
)
def test_what_is_no_file_of_its_own_is_refused_at_once_and_the_command_in_the_hint_repairs_it(
    folder: Path, tmp_path: Path, use: Use, obstacle: Obstacle, problem: str, command: str, after: bytes | None
) -> None:
    path = folder / "key"
    obstacle(path, tmp_path / "elsewhere")
    with pytest.raises(UnsafeStateError, match=problem) as caught:
        use(path)
    assert command_of(caught.value) == command.format(shlex.quote(str(path)))
    run(command_of(caught.value))
    assert (read_private(path) if os.path.lexists(path) else None) == after


@pytest.mark.parametrize(
    ("use", "swap", "told"),
    [
        (read_private, a_link, "cannot be read: Too many levels of symbolic links"),
        (read_private, a_fifo, "not a regular file"),
        (read_private, a_file_for_all, "mode 0644, not 0600"),
        (open_private, a_link, "cannot be opened: Too many levels of symbolic links"),
    ],
)
def test_a_file_that_is_swapped_after_it_was_looked_at_is_refused(
    folder: Path, tmp_path: Path, use: FunctionType, swap: Obstacle, told: str
) -> None:
    path, victim = folder / "key", tmp_path / "victim"
    create_private(folder, path.name, b"secret")
    create_private(tmp_path, victim.name, b"precious")

    def meddle(frame: FrameType, event: str, function: object) -> None:
        if event == "c_call" and frame.f_code is use.__code__ and function is os.open:
            path.unlink()
            swap(path, victim)

    sys.setprofile(meddle)
    try:
        with pytest.raises(CamtrustError, match=told):
            use(path)
    finally:
        sys.setprofile(None)


def test_what_belongs_to_another_account_is_refused_with_the_command(folder: Path, tmp_path: Path) -> None:
    create_private(folder, "key", b"secret")
    (tmp_path / "other").mkdir(0o700)
    root = os.geteuid() == 0
    path, other = foreign(folder / "key"), foreign(tmp_path / "other")
    for use, unsafe in [(check_private_folder, other), *((use, path) for use in USES)]:
        with pytest.raises(UnsafeStateError, match="another account") as caught:
            use(unsafe)
        command = f"chown {os.geteuid()} {shlex.quote(str(unsafe))}"
        assert command_of(caught.value) == (command if root else f"sudo {command}")
    if root:
        run(command_of(caught.value))
        assert read_private(path) == b"secret"


def test_what_is_missing_is_not_unsafe(folder: Path) -> None:
    for use in (read_private, read_secret, check_private_file, check_private_folder):
        with pytest.raises(FileNotFoundError):
            use(folder / "nothing")


def test_what_is_missing_is_made_where_it_is_opened_for_writing(folder: Path) -> None:
    os.close(open_private(folder / "log"))
    assert read_private(folder / "log") == b""
    with pytest.raises(CamtrustError, match="cannot be opened: No such file"):
        open_private(folder / "nowhere" / "log")


def test_a_file_that_this_account_made_read_only_is_read(folder: Path) -> None:
    create_private(folder, "key", b"secret")
    (folder / "key").chmod(0o400)
    assert read_private(folder / "key") == b"secret"


def test_a_file_is_read_up_to_a_size(folder: Path) -> None:
    create_private(folder, "key", bytes(LARGEST))
    assert read_private(folder / "key") == bytes(LARGEST)
    replace_private(folder, "key", bytes(LARGEST + 1))
    for read in (read_private, read_secret):
        with pytest.raises(CamtrustError, match=f"too large: {LARGEST + 1} bytes") as caught:
            read(folder / "key")
        assert "backup" in caught.value.hint


def test_bytes_that_are_no_text_survive_being_a_secret(folder: Path) -> None:
    every = bytes(range(256)) + "grüße\ud800".encode("utf-8", "surrogatepass")
    create_private(folder, "key", every)
    create_private(folder, "copy", read_secret(folder / "key"))
    assert read_private(folder / "copy") == every


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o720, 0o701, 0o777, 0o600])
def test_a_folder_with_another_mode_is_refused_and_the_command_in_the_hint_repairs_it(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(UnsafeStateError, match=f"mode {mode:04o}, not 0700") as caught:
        check_private_folder(folder)
    assert command_of(caught.value) == f"chmod 700 {shlex.quote(str(folder))}"
    run(command_of(caught.value))
    check_private_folder(folder)


def test_a_link_to_a_folder_and_a_file_are_no_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "file").touch(0o700)
    for name, problem in (("link", "symbolic link"), ("file", "not a folder")):
        with pytest.raises(UnsafeStateError, match=problem) as caught:
            check_private_folder(tmp_path / name)
        run(command_of(caught.value))
        with pytest.raises(FileNotFoundError):
            check_private_folder(tmp_path / name)
    assert folder.is_dir()


def test_nothing_of_core_is_needed_but_the_model() -> None:
    program = "import sys, core.files; print(*(name for name in sys.modules if name.startswith('core.')))"
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    others = {name for name in ended.stdout.split() if name.split(".")[1] != "model"}
    assert others == {"core.files"}
