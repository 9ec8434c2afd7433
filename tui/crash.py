"""What is kept of an unexpected exception: where it happened, and nothing that it held (rule R40)."""

import os
import time
import traceback
from contextlib import suppress
from pathlib import Path

_MOST = 20


def crash_folder() -> Path:
    """Return where crash logs of this account are."""
    import platformdirs

    return platformdirs.user_log_path("camtrust")


def write_crash_log(error: BaseException, folder: Path | None = None) -> Path | None:
    """Write `describe(error)` to a new file and return its path; None where none can be written.

    `folder` is the log folder of this account unless given. The oldest logs go, so that at most 20 are there.
    """
    try:
        folder = folder or crash_folder()
        path = folder / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("x", encoding="ascii", errors="backslashreplace") as file:
            file.write(describe(error))
        _remove_old(folder)
    except (OSError, RuntimeError):
        # The latter where this account has no home.
        return None
    return path


def _remove_old(folder: Path) -> None:
    # Their names begin with the time, so that the newest one is the last.
    for old in sorted(folder.glob("crash-*.log"))[:-_MOST]:
        # Another process may remove it too; and one that stays is no reason to tell that nothing was kept.
        with suppress(OSError):
            old.unlink()


def describe(error: BaseException) -> str:
    """Return types, files and line numbers of an exception and of what caused it. Messages may hold secrets: left out.

    The members of a group follow it.
    """
    lines: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        lines += [f"{type(current).__module__}.{type(current).__qualname__}", *_places(current), ""]
        waiting += [current.__context__, current.__cause__]
        waiting += current.exceptions if isinstance(current, BaseExceptionGroup) else []
    return "\n".join(lines)


def _places(error: BaseException) -> list[str]:
    frames = traceback.walk_tb(error.__traceback__)
    return [f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_name}" for frame, line in frames]
