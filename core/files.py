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
from core.model.secret import Secret

LARGEST = 64 * 1024
_UNFINISHED = ".unfinished-"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK is for a FIFO, which would not open before somebody writes into it.
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


def create_private(folder: Path, name: str, data: bytes | Secret) -> None:
    """Make the file `name` in `folder`, mode 0600, complete and on the disk, or not at all.

    Raises `FileExistsError` if anything, even a dangling link, has that name; `CamtrustError` if the disk refuses.
    """
    with told(folder / name, "written", FileExistsError), _unfinished(folder, data) as (unfinished, descriptor):
        # Unlike renaming, linking never puts itself in the place of what is there.
        os.link(unfinished, name, src_dir_fd=descriptor, dst_dir_fd=descriptor, follow_symlinks=False)


def replace_private(folder: Path, name: str, data: bytes | Secret) -> None:
    """Do as `create_private`, in the place of the file that has the name: there is always the old one or the new."""
    with told(folder / name, "written"), _unfinished(folder, data) as (unfinished, descriptor):
        os.replace(unfinished, name, src_dir_fd=descriptor, dst_dir_fd=descriptor)


def remove_unfinished(folder: Path) -> None:
    """Remove what writers that were killed left in `folder`; files that they made have one name again.

    Only for the one process that writes there.
    """
    with told(folder, "tidied"):
        for path in folder.glob(_UNFINISHED + "*"):
            path.unlink()


def read_private(path: Path) -> bytes:
    """Return what is in the file, at most `LARGEST` bytes; more of them are a `CamtrustError`.

    Raises `FileNotFoundError`, and `UnsafeStateError` as `check_private_file` does.
    """
    with told(path, "read", FileNotFoundError):
        check_private_file(path)
        descriptor = os.open(path, _OLD)
        try:
            # What was looked at may be another file by now.
            found = os.fstat(descriptor)
            _refuse(path, _file_fault(path, found))
            _refuse_large(path, found.st_size)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(LARGEST)
        finally:
            os.close(descriptor)


def read_secret(path: Path) -> Secret:
    """Return what `read_private` does, in no frame of a failed call (rule R40).

    Bytes that are not UTF-8 become lone surrogates, and themselves again when the secret is written.
    """
    return Secret(read_private(path).decode("utf-8", "surrogateescape"))


def open_private(path: Path) -> int:
    """Return a descriptor for reading and writing; an empty file is made where there is none."""
    with told(path, "opened"):
        with suppress(FileNotFoundError):
            check_private_file(path)
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)


def check_private_file(path: Path) -> None:
    """Raise `UnsafeStateError` unless it is a regular file of this account with mode 0600 and no second name.

    Raises `FileNotFoundError` if there is nothing.
    """
    with told(path, "read", FileNotFoundError):
        _refuse(path, _file_fault(path, path.lstat()))


def check_private_folder(path: Path) -> None:
    """Raise `UnsafeStateError` unless it is a folder of this account with mode 0700, and no link to one.

    Raises `FileNotFoundError` if there is nothing.
    """
    with told(path, "read", FileNotFoundError):
        _refuse(path, _folder_fault(path, path.lstat()))


@contextmanager
def told(path: Path, what: str, *judged: type[OSError]) -> Iterator[None]:
    """Tell a person what the operating system refused, but for the errors that are the caller's to judge."""
    try:
        yield
    except judged:
        raise
    except OSError as error:
        raise CamtrustError(
            f"{path} cannot be {what}: {error.strerror}",
            "Look at free space, the disk's health and the folder's permissions, then try again.",
        ) from error


def _file_fault(path: Path, found: os.stat_result) -> tuple[str, str] | None:
    """Return what is wrong with it and the command that puts it right."""
    name = shlex.quote(str(path))
    if stat.S_ISLNK(found.st_mode):
        return "is a symbolic link", _unlinking(path, name)
    if not stat.S_ISREG(found.st_mode):
        return "is not a regular file", f"mv {name} {name}.old"
    if found.st_uid != os.geteuid():
        return "belongs to another account", _taking(name)
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
        return "belongs to another account", _taking(name)
    if found.st_mode & 0o777 != 0o700:
        return f"has mode {stat.S_IMODE(found.st_mode):04o}, not 0700", f"chmod 700 {name}"
    return None


def _unlinking(path: Path, name: str) -> str:
    """Put the file in the place of the link: without it, a key that was moved elsewhere would be made anew."""
    return f'cp -p --remove-destination "$(readlink -f {name})" {name}' if path.is_file() else f"rm {name}"


def _taking(name: str) -> str:
    return f"{'sudo ' if os.geteuid() else ''}chown {os.geteuid()} {name}"


def _refuse(path: Path, fault: tuple[str, str] | None) -> None:
    if fault is not None:
        problem, command = fault
        raise UnsafeStateError(
            f"{path} {problem}",
            f"Others may have read or changed it. Find out why first. To go on, run: {command}",
        )


def _refuse_large(path: Path, size: int) -> None:
    if size > LARGEST:
        raise CamtrustError(f"{path} is too large: {size} bytes", "camtrust did not write it. Put back a backup.")


@contextmanager
def _unfinished(folder: Path, data: bytes | Secret) -> Iterator[tuple[str, int]]:
    """Yield the name of a complete file and the descriptor of its folder, for it to be given the name it is for."""
    name = _UNFINISHED + secrets.token_hex(8)
    with _opened_folder(folder) as descriptor:
        file = os.open(name, _NEW, 0o600, dir_fd=descriptor)
        try:
            _fill(file, data)
            yield name, descriptor
        finally:
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=descriptor)
        os.fsync(descriptor)


@contextmanager
def _opened_folder(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _fill(descriptor: int, data: bytes | Secret) -> None:
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(data.reveal().encode("utf-8", "surrogateescape") if isinstance(data, Secret) else data)
        file.flush()
        os.fsync(descriptor)
