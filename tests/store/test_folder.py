import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.files import create_private, read_private
from core.model.errors import CamtrustError, ExitCode, StateBusyError, UnsafeStateError
from core.store.folder import StateFolder


@contextmanager
def holder(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "tests.store.holder", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "locked\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_missing_folder_is_made_private(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        folder = StateFolder.open(tmp_path / "a" / "state")
    finally:
        os.umask(previous)
    assert folder.path.stat().st_mode & 0o7777 == 0o700
    assert [path.stat().st_mode & 0o7777 for path in folder.path.iterdir()] == [0o600]
    folder.close()
    folder.close()


def test_the_path_of_a_folder_does_not_depend_on_where_the_process_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = StateFolder.open(Path("state"))
    assert folder.path == tmp_path / "state"
    folder.close()


def test_an_unsafe_folder_is_refused_and_left_as_it_is(folder: Path, tmp_path: Path) -> None:
    for mode in (0o755, 0o770):
        folder.chmod(mode)
        with pytest.raises(UnsafeStateError) as caught:
            StateFolder.open(folder)
        assert caught.value.hint.endswith(f"run: chmod 700 {folder}")
        assert folder.stat().st_mode & 0o777 == mode
    folder.chmod(0o700)
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(UnsafeStateError, match="symbolic link"):
        StateFolder.open(tmp_path / "link")
    assert list(folder.iterdir()) == []


def test_a_folder_of_another_account_is_refused(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, 12345, -1)
    with pytest.raises(UnsafeStateError, match="another account"):
        StateFolder.open(folder if os.geteuid() == 0 else Path("/etc"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CamtrustError, match="cannot be made") as caught:
        StateFolder.open(tmp_path / "file" / "state")
    assert "--state-dir" in caught.value.hint


def test_an_unsafe_lock_file_is_refused(folder: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (folder / "engine.lock").symlink_to(victim)
    with pytest.raises(UnsafeStateError, match="symbolic link"):
        StateFolder.open(folder)
    assert victim.read_text() == "precious"
    (folder / "engine.lock").unlink()
    create_private(folder, "engine.lock", b"")
    (folder / "engine.lock").chmod(0o666)
    with pytest.raises(UnsafeStateError, match="0666"):
        StateFolder.open(folder)


def test_the_second_engine_is_told_the_pid_of_the_first(folder: Path) -> None:
    create_private(folder, "engine.lock", b"99999999 of an engine that was killed\n")
    with holder(folder) as first:
        with pytest.raises(StateBusyError) as caught:
            StateFolder.open(folder)
        assert f"(process {first.pid})" in caught.value.title
        assert caught.value.hint.endswith(f"kill {first.pid}")
        assert caught.value.exit_code is ExitCode.OTHER_ENGINE


def test_a_process_is_refused_a_folder_that_this_one_holds_until_it_is_closed(folder: Path) -> None:
    first = StateFolder.open(folder)
    with pytest.raises(StateBusyError, match=f"process {os.getpid()}"):
        StateFolder.open(folder)
    command = [sys.executable, "-m", "tests.store.holder", str(folder)]
    refused = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert (refused.returncode, f"process {os.getpid()}" in refused.stderr) == (1, True)
    first.close()
    StateFolder.open(folder).close()


def test_the_lock_is_free_after_kill_9(folder: Path) -> None:
    with holder(folder) as first:
        first.kill()
        first.wait(30)
        again = StateFolder.open(folder)
    with pytest.raises(StateBusyError, match=f"process {os.getpid()}"):
        StateFolder.open(folder)
    again.close()


def test_leftovers_are_removed_only_by_who_holds_the_lock(folder: Path) -> None:
    first = StateFolder.open(folder)
    create_private(folder, "login.key", b"secret")
    # What is left of a process that was killed between link and unlink.
    (folder / ".unfinished-0123").hardlink_to(folder / "login.key")
    with pytest.raises(StateBusyError):
        StateFolder.open(folder)
    assert (folder / ".unfinished-0123").exists()
    with pytest.raises(UnsafeStateError, match="hard link"):
        read_private(folder / "login.key")
    first.close()
    second = StateFolder.open(folder)
    assert not (folder / ".unfinished-0123").exists()
    assert read_private(folder / "login.key") == b"secret"
    second.close()
