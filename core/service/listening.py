"""The engine's socket file. Only an engine that holds the lock of its state folder makes one."""

import os
import socket
import stat
from contextlib import closing
from pathlib import Path

from core.model.errors import CamtrustError, StateBusyError
from core.service.access import Group, check_folder

_BACKLOG = 64


class SocketFile:
    """A bound, listening socket, and its name in the file system."""

    def __init__(self, path: Path, group: Group | None = None) -> None:
        """Take the place of a stale socket; members of `group` may open it, beside this account.

        Raises `CamtrustError` where the path is taken or cannot be used, also by the group.
        """
        self.path = path
        try:
            _make_room(path)
            if group is not None:
                check_folder(path.parent, group)
            self.socket = _bound(path, group)
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


def _bound(path: Path, group: Group | None) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        # The file gets the mode of the open socket, so that it is private from its first moment.
        os.fchmod(sock.fileno(), 0o600)
        sock.bind(os.fspath(path))
        if group is not None:
            _give(path, group)
        # Nobody can connect before.
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _give(path: Path, group: Group) -> None:
    """Let a group open the socket. Its folder is only this account's to change, so that the path stays what it is."""
    try:
        os.chown(path, -1, group.gid, follow_symlinks=False)
    except PermissionError as error:
        path.unlink()
        raise CamtrustError(
            f"The socket cannot be given to the group {group.name}: this account is not in it",
            f"Run the engine with that group: SupplementaryGroups={group.name} in its unit, or usermod -aG.",
        ) from error
    path.chmod(0o660)


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
