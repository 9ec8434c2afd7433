"""What an engine does to its own process before anything else (rules R39, R40 and R42)."""

import ctypes
import os
import resource
from collections.abc import Mapping

# From <linux/prctl.h>.
_PR_SET_DUMPABLE = 4

_KEPT = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"})
_KEPT_PREFIXES = ("LC_", "XDG_")


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that an engine may see.

    All others can go: among them are those that load code, redirect traffic or write TLS keys to a file.
    """
    return {name: value for name, value in environment.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}


def harden() -> None:
    """Make new files private, memory unreadable to the account's other processes, and the environment clean."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _forbid_dumps()
    for name in os.environ.keys() - clean_environment(os.environ).keys():
        del os.environ[name]


def _forbid_dumps() -> None:
    # Other systems than Linux have no such call, and nothing in its place.
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
