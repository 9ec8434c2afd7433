"""The passphrase of the authority's key, from a file that the site provides."""

import os
import shlex
import stat
from pathlib import Path

from core.files import told
from core.model.errors import CamtrustError, UnsafeStateError
from core.model.secret import Secret

_LARGEST = 4096


def read_passphrase(path: Path) -> Secret:
    """Return the text of the file without the end of its line. Raises CamtrustError, UnsafeStateError.

    The file belongs to this account or to root, and nobody else can read it.
    """
    with told(path, "read"):
        descriptor = _open(path)
        try:
            _check(path, os.fstat(descriptor))
            passphrase = Secret(os.read(descriptor, _LARGEST).decode("utf-8", "surrogateescape").rstrip("\r\n"))
        finally:
            os.close(descriptor)
    if not passphrase.reveal():
        raise CamtrustError(f"The passphrase file {path} is empty", "Write the passphrase into it, then start again.")
    return passphrase


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        hint = "Put it back, or correct `passphrase_file` in the section [authority] of the settings."
        raise CamtrustError(f"The passphrase file {path} is missing", hint) from None


def _check(path: Path, found: os.stat_result) -> None:
    quoted = shlex.quote(str(path))
    if not stat.S_ISREG(found.st_mode):
        raise UnsafeStateError(f"The passphrase file {path} is not a regular file", "Put a file in its place.")
    if found.st_uid not in (os.geteuid(), 0):
        owner = f"chown {os.geteuid()} {quoted}"
        raise UnsafeStateError(f"The passphrase file {path} belongs to another account", f"As root: {owner}")
    if stat.S_IMODE(found.st_mode) & _others(found):
        safe = f"chmod 600 {quoted}"
        hint = f"Find out who could have read it, then: {safe}"
        raise UnsafeStateError(f"The passphrase file {path} is open to other accounts", hint)


def _others(found: os.stat_result) -> int:
    """Return the forbidden mode bits. systemd hands credentials out as root:root 0440, opened to one account by ACL."""
    return 0o037 if (found.st_uid, found.st_gid) == (0, 0) else 0o077
