"""What every `camtrust` process does to itself before anything else (rules R39, R40 and R42)."""

import os
import resource
import sys
from collections.abc import MutableMapping
from io import TextIOWrapper
from pathlib import Path

from tui.terminal import prepare_environment


def harden() -> None:
    """Files for this account only, no core dump, no variable that steers the interpreter, TLS or the screens."""
    os.umask(0o077)
    clear(os.environ)
    forget_coercion(os.environ)
    prepare_environment(os.environ)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def forget_coercion(environment: MutableMapping[str, str], given: Path = Path("/proc/self/environ")) -> None:
    """Remove the UTF-8 that Python puts into an environment whose locale is C (PEP 538): it is not the terminal's."""
    try:
        lines = given.read_bytes().split(b"\0")
    except PermissionError:
        # The kernel keeps it from a process that changed its account.
        return
    if not any(line.startswith(b"LC_CTYPE=") and line != b"LC_CTYPE=" for line in lines):
        environment.pop("LC_CTYPE", None)


def clear(environment: MutableMapping[str, str]) -> None:
    """Remove the variables by which an environment could load code, write keys to a file or redirect traffic."""
    for name in [name for name in environment if _steers(name.upper())]:
        del environment[name]


def _steers(name: str) -> bool:
    return name.startswith("PYTHON") or name.endswith("_PROXY") or name == "SSLKEYLOGFILE"
