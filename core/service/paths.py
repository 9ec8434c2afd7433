"""Where the state folder and the engine's socket are."""

import os
from pathlib import Path

from core.model.errors import UsageError

LONGEST_SOCKET_PATH = 107
"""Bytes that `sun_path` of a Linux socket address holds, without the final zero (unix(7))."""

SYSTEM_SOCKET = Path("/run/camtrust/engine.sock")
"""Where the engine of the whole machine listens, the one that the init system runs."""
SYSTEM_STATE = Path("/var/lib/camtrust")
"""Its state folder."""
SYSTEM_CONFIG = Path("/etc/camtrust/config.toml")
"""Its settings, which may be missing."""


def has_system_engine(root: Path = Path("/")) -> bool:
    """Tell whether this machine is set up for an engine of its own, whether that runs or not.

    `root` is where the machine's files begin.
    """
    return any(os.path.exists(under(root, mark)) for mark in (SYSTEM_SOCKET.parent, SYSTEM_CONFIG, SYSTEM_STATE))  # noqa: PTH110 - what may not be looked at is no error


def under(root: Path, path: Path) -> Path:
    """Return an absolute path as it is where the machine's files begin at `root`."""
    return root / path.relative_to("/")


def default_state_dir() -> Path:
    """Return this account's data folder for camtrust, also where the account is root. Raises `UsageError`."""
    # Only here: a command that is told its folder need not load it.
    from platformdirs import user_data_path

    try:
        return user_data_path("camtrust")
    except RuntimeError:
        raise UsageError("This account has no home folder", "Set HOME, or give --state-dir.") from None


def socket_path(state_dir: Path) -> Path:
    """Return `engine.sock` in the state folder, or, where that is too long, a path that only this folder leads to.

    The latter is in a private folder among the temporary files, made if need be. Raises `UnsafeStateError` where
    another account has a hand in that folder.
    """
    real = Path(os.path.realpath(state_dir))
    path = real / "engine.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    # Only here, as below: seldom needed, and a client starts quicker without.
    import hashlib

    name = hashlib.sha256(os.fsencode(real)).hexdigest()[:32]
    return _private_folder() / f"{name}.sock"


def _private_folder() -> Path:
    import tempfile
    from contextlib import suppress

    from core.files import check_private_folder

    folder = Path(tempfile.gettempdir()) / f"camtrust-{os.geteuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    check_private_folder(folder)
    return folder
