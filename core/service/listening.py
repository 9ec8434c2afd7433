"""The engine's socket file. Only an engine that holds the lock of its state folder makes one."""

import os
import socket
import stat
from contextlib import closing
from pathlib import Path

from core.model.errors import CamtrustError, StateBusyError

_BACKLOG = 64


class SocketFile:
    """A bound, listening socket, and its name in the file system."""

    def __init__(self, path: Path) -> None:
        """Take the place of a stale socket. Raises `CamtrustError` where the path is taken or cannot be used."""
        self.path = path
        try:
            _make_room(path)
            self.socket = _bound(path)
            self._identity = _identity(path)
        except OSError as error:
            raise CamtrustError(
                f"The socket {path} cannot be made: {error.strerror or error}",
                "Name another path with --socket, in a folder of this account.",
            ) from error

    def remove(self) -> None:
        """Close the socket, and remove the file unless another engine has put its own there."""
        self.socket.close()
        try:
            if _identity(self.path) == self._identity:
                self.path.unlink()
        except FileNotFoundError:
            pass


def _bound(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        # The file gets the mode of the open socket, so that it is private from its first moment.
        os.fchmod(sock.fileno(), 0o600)
        sock.bind(os.fspath(path))
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock


def _make_room(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise CamtrustError(f"{path} is in the way: it is no socket", "Move it away, or name another with --socket.")
    if _is_alive(path):
        raise StateBusyError(f"Another engine listens on {path}", "Name another socket with --socket.")
    path.unlink()


def _is_alive(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as sock:
        sock.setblocking(False)
        try:
            sock.connect(os.fspath(path))
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            return True
        return True


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino
