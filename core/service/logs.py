"""The engine's log: JSON lines in a rotating file of the state folder, and nothing anywhere else."""

import json
import logging
import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from core.files import check_private_folder, open_private
from core.model.errors import CamtrustError

_LARGEST_FILE = 2 * 1024 * 1024
_OLD_FILES = 4
LARGEST = _LARGEST_FILE * (1 + _OLD_FILES)
"""Bytes that all files of a log have at most."""

_LONGEST_TEXT = 16 * 1024
_TALKATIVE = ("zeep", "httpx", "httpcore", "asyncio")

_log = logging.getLogger(__name__)


def log_path(state_dir: Path) -> Path:
    """Return where the engine of this state folder logs."""
    return state_dir / "log" / "camtrust.jsonl"


def set_up(state_dir: Path) -> Path:
    """Send all logging of this process to the log file alone, and return its path.

    To be called before a library is imported that sets up logging itself. Raises `UnsafeStateError` where another
    account has a hand in the file (rule R38), `CamtrustError` where it cannot be written.
    """
    path = log_path(state_dir)
    handler = _opened(path)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger()
    for other in root.handlers[:]:
        root.removeHandler(other)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    _catch_strays()
    return path


def _opened(path: Path) -> logging.Handler:
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(mode=0o700)
        check_private_folder(path.parent)
        return _PrivateFile(path, maxBytes=_LARGEST_FILE, backupCount=_OLD_FILES)
    except OSError as error:
        raise CamtrustError(
            f"The log {path} cannot be written: {error.strerror}",
            "Look at free space and the folder's permissions, then try again.",
        ) from error


def _catch_strays() -> None:
    """Log what Python would otherwise write to stderr: warnings, and errors that nobody is there to catch."""
    logging.captureWarnings(True)
    threading.excepthook = lambda stray: _log.error("a thread ended", exc_info=stray.exc_value)
    sys.unraisablehook = lambda stray: _log.error("%s", stray.err_msg or "ignored", exc_info=stray.exc_value)


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only this account reads."""

    def _open(self) -> TextIOWrapper:
        return os.fdopen(open_private(Path(self.baseFilename)), "a", encoding="ascii")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the base class's
        """Lose the record: with a full disk there is no better place for it, and stderr is none."""


class _JsonLines(logging.Formatter):
    """One record as one line of ASCII, whatever is in it, so that reading the log is harmless to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage()[:_LONGEST_TEXT],
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)[-_LONGEST_TEXT:]
        return json.dumps(line, ensure_ascii=True)
