"""Private files: made, checked and read so that no other account can have had a hand in them (rules R38 and R39).

What is not as it should be is refused and never repaired: the command to run is told to the technician, who can find
out first what happened.
"""

import os
import secrets
import shlex
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.model.errors import CamtrustError, UnsafeStateError

_UNFINISHED = ".unfinished-"


def create_private(folder: Path, name: str, data: bytes) -> None:
    """Make the file `name` in `folder`, mode 0600, complete and on the disk, or not at all.

    Raises `FileExistsError` if anything, even a dangling link, has that name; `CamtrustError` if the disk refuses.
    """
    unfinished = _UNFINISHED + secrets.token_hex(8)
    with _told(folder / name, "written"), _opened_folder(folder) as descriptor:
        try:
            _write(unfinished, data, descriptor)
            os.link(unfinished, name, src_dir_fd=descriptor, dst_dir_fd=descriptor, follow_symlinks=False)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(unfinished, dir_fd=descriptor)
        os.fsync(descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed `create_private` left in `folder`. Only for the one process that writes there."""
    with _told(folder, "tidied"):
        for path in folder.glob(_UNFINISHED + "*"):
            path.unlink()


def read_private(path: Path) -> bytes:
    """Return what is in the file. Raises `FileNotFoundError`, or `UnsafeStateError` as `check_private_file` does."""
    with _told(path, "read"):
        check_private_file(path)
        # What was looked at may be another file by now. O_NONBLOCK is for a FIFO in its place, which would never open.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            _refuse(path, _file_fault(path, os.fstat(descriptor)))
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read()
        finally:
            os.close(descriptor)


def open_private(path: Path) -> int:
    """Return a descriptor for reading and writing; an empty file is made where there is none."""
    with _told(path, "opened"):
        with suppress(FileNotFoundError):
            check_private_file(path)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def check_private_file(path: Path) -> None:
    """Raise `UnsafeStateError` unless it is a regular file of this account with mode 0600 and no second name.

    Raises `FileNotFoundError` if there is nothing.
    """
    with _told(path, "read"):
        _refuse(path, _file_fault(path, path.lstat()))


def check_private_folder(path: Path) -> None:
    """Raise `UnsafeStateError` unless it is a folder of this account with mode 0700, and no link to one.

    Raises `FileNotFoundError` if there is nothing.
    """
    with _told(path, "read"):
        _refuse(path, _folder_fault(path, path.lstat()))


def _file_fault(path: Path, found: os.stat_result) -> tuple[str, str] | None:
    """Return what is wrong with it and the command that puts it right."""
    name = shlex.quote(str(path))
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link", f"rm {name}"
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file", f"mv {name} {name}.old"
    if found.st_uid != os.geteuid():
        return "belongs to another account", f"sudo chown {os.geteuid()} {name}"
    if stat.S_IMODE(found.st_mode) & ~0o600:
        return f"has mode {stat.S_IMODE(found.st_mode):04o}, not 0600", f"chmod 600 {name}"
    if found.st_nlink != 1:
        return "has a second name (hard link)", f"cp -p {name} {name}.new && mv {name}.new {name}"
    return None


def _folder_fault(path: Path, found: os.stat_result) -> tuple[str, str] | None:
    name = shlex.quote(str(path))
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link", f"rm {name}"
    if not stat.S_ISDIR(found.st_mode):
        return "is not a folder", f"mv {name} {name}.old"
    if found.st_uid != os.geteuid():
        return "belongs to another account", f"sudo chown {os.geteuid()} {name}"
    if found.st_mode & 0o777 != 0o700:
        return f"has mode {stat.S_IMODE(found.st_mode):04o}, not 0700", f"chmod 700 {name}"
    return None


def _refuse(path: Path, fault: tuple[str, str] | None) -> None:
    if fault is not None:
        problem, command = fault
        raise UnsafeStateError(
            f"{path} {problem}.",
            f"Others may have read or changed it. Find out why first. To go on, run: {command}",
        )


def _write(name: str, data: bytes, folder: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(name, flags, 0o600, dir_fd=folder)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _told(path: Path, what: str) -> Iterator[None]:
    """Tell a person what the operating system refused. Whether something exists is the caller's to judge."""
    try:
        yield
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:
        raise CamtrustError(
            f"{path} cannot be {what}: {error.strerror}.",
            "Look at free space, the disk's health and the folder's permissions, then try again.",
        ) from error
