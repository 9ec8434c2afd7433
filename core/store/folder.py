"""The state folder: private, and of one engine at a time."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from core.files import check_private_folder, open_private, remove_unfinished
from core.model.errors import CamtrustError, StateBusyError

_LOCK = "engine.lock"


class StateFolder:
    """A checked folder whose lock this process holds until `close`. The kernel frees it however the process ends."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock: int | None = lock

    @classmethod
    def open(cls, path: Path) -> "StateFolder":
        """Make the folder with mode 0700, or check the one that is there (rule R38), and lock it.

        Raises `UnsafeStateError` with the command that puts it right, and `StateBusyError` naming the engine's pid.
        """
        path = path.absolute()
        _make(path)
        check_private_folder(path)
        lock = open_private(path / _LOCK)
        try:
            _take(lock, path)
            remove_unfinished(path)
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock)

    def close(self) -> None:
        """Let another engine have the folder."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _make(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
    except OSError as error:
        raise CamtrustError(
            f"The state folder {path} cannot be made: {error.strerror}",
            "Make it with mode 0700, or name another one with --state-dir.",
        ) from error


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        raise StateBusyError(
            f"Another engine (process {pid}) is using {path}",
            f"Attach to it instead, or end it with: kill {pid}",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
