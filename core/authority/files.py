"""Files that only this account may read or change: checked when read, made in one piece (rules R38, R39).

Contents travel as `Secret`, so that no frame of a failed call shows them. The folder is the engine's own and locked by
it; a temporary file found there was left by a crash.
"""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.model.errors import CamtrustError, UnsafeStateError
from core.model.secret import Secret

LARGEST = 64 * 1024
_OWN_FILE = 0o600
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a FIFO would wait for somebody to write into it.
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read(path: Path) -> Secret | None:
    """Return the text of a file, None where there is none. Raises UnsafeStateError, CamtrustError."""
    with explained(path, "read"):
        try:
            descriptor = os.open(path, _OLD)
        except FileNotFoundError:
            return None
        try:
            _check(path, os.fstat(descriptor))
            return Secret(os.read(descriptor, LARGEST).decode("utf-8", "surrogateescape"))
        finally:
            os.close(descriptor)


def write(path: Path, text: Secret, *, replace: bool = False) -> None:
    """Put a file of mode 0600 in place, on the disk when this returns; after a crash it is there whole or not at all.

    Raises CamtrustError, also where something is there already and `replace` is false.
    """
    with explained(path, "written"), _opened(path.parent) as folder:
        temporary = _temporary(path)
        file = os.open(temporary, _NEW, _OWN_FILE, dir_fd=folder)
        try:
            _fill(file, text)
            _place(temporary, path.name, folder, replace)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder)
        os.fsync(folder)


def clear(path: Path) -> None:
    """Remove what a crash in the midst of `write` left, so that the file has one name again."""
    with explained(path, "tidied up"), _opened(path.parent) as folder, suppress(FileNotFoundError):
        os.unlink(_temporary(path), dir_fd=folder)
        os.fsync(folder)


@contextmanager
def explained(path: Path, done: str) -> Iterator[None]:
    """Tell what could not be done with which file."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _is_link(path) from None
        raise CamtrustError(
            f"{path} cannot be {done}: {error.strerror}", "See to the file, then start again."
        ) from None


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield directory
    finally:
        os.close(directory)


def _temporary(path: Path) -> str:
    return f"{path.name}.new"


def _fill(descriptor: int, text: Secret) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.reveal().encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(descriptor)


def _place(temporary: str, name: str, folder: int, replace: bool) -> None:
    if replace:
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    else:
        # Unlike renaming, linking never puts itself in the place of a file that is there.
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)


def _check(path: Path, found: os.stat_result) -> None:
    quoted = shlex.quote(str(path))
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeStateError(f"{path} is not a regular file", f"Put it away: mv {quoted} {quoted}.old")
    if found.st_uid != os.geteuid():
        owner = f"chown {os.geteuid()} {quoted}"
        raise UnsafeStateError(f"{path} belongs to another account", f"Check where it came from, then as root: {owner}")
    if stat.S_IMODE(found.st_mode) & ~_OWN_FILE:
        safe = f"chmod 600 {quoted}"
        raise UnsafeStateError(f"{path} is open to other accounts", f"Find out who could have used it, then: {safe}")
    if found.st_nlink != 1:
        alone = f"cp -p {quoted} {quoted}.own && mv {quoted}.own {quoted}"
        raise UnsafeStateError(f"{path} has a second name elsewhere (hard link)", f"Give it its own copy: {alone}")


def _is_link(path: Path) -> UnsafeStateError:
    quoted = shlex.quote(str(path))
    copy = f'cp -p --remove-destination "$(readlink -f {quoted})" {quoted}'
    return UnsafeStateError(f"{path} is a symbolic link", f"Put the file itself in its place: {copy}")
