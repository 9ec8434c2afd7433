"""Where the state folder and the engine's socket are."""

import os
from pathlib import Path

LONGEST_SOCKET_PATH = 107
"""Bytes that `sun_path` of a Linux socket address holds, without the final zero (unix(7))."""


def default_state_dir() -> Path:
    """Return this account's data folder for camtrust, also where the account is root."""
    # Only here: a command that is told its folder need not load it.
    from platformdirs import user_data_path

    return user_data_path("camtrust")


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
