"""What the plain commands ask a person, and where a password comes from. It is never on the command line."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.model.errors import CamtrustError, ExitCode, UsageError

if TYPE_CHECKING:
    from core.model.device import DeviceView
    from core.model.secret import Secret

_LONGEST_PASSWORD = 1024


def interactive() -> bool:
    """Tell whether there is somebody to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def consent(question: str) -> None:
    """Ask somebody who is there; raise `CamtrustError` unless the answer is yes."""
    if not click.confirm(question, err=True):
        raise CamtrustError("Nothing was changed.")


class KeptError(CamtrustError):
    """Somebody was asked about a certificate and did not agree: the stored one stays."""

    exit_code = ExitCode.REVIEW


def agreed(fingerprint: str, what: str, device: DeviceView) -> str:
    """Have somebody who is there agree to a device's certificate, so that no key does it by reflex (rule R16).

    `what` is done then. Only `yes`, or the last 8 digits of the fingerprint, is agreement: then the fingerprint is
    returned, else `KeptError` is raised.
    """
    from tui.review import is_deliberate

    click.echo(f"To {what}, type yes or the last 8 digits of the SHA-256 that it shows now.", err=True)
    typed = click.prompt("Anything else keeps the stored certificate", default="", show_default=False, err=True)
    if not is_deliberate(typed, fingerprint):
        raise KeptError(f"Nothing was changed: {device.name} ({device.address}) keeps its stored certificate.")
    return fingerprint


def reason_for(what: str) -> str:
    """Ask somebody who is there why; no reason is an answer, too."""
    typed: str = click.prompt(f"Reason for {what}, kept in the history", default="", show_default=False, err=True)
    return typed.strip()


def read_password(user: str, file: str | None) -> Secret | None:
    """Return the password for `user`: the first line of `file` (`-` is standard input), else typed without an echo.

    None where there is no user. Raises `UsageError` where there is nothing to read and nobody to ask.
    """
    from core.model.secret import Secret

    if not user:
        if file is not None:
            raise UsageError("A password without a user name.", "Give --user as well.")
        return None
    if file is not None:
        return Secret(_first_line(file))
    if sys.stdin.isatty():
        return Secret(click.prompt(f"Password for {user}", hide_input=True, err=True))
    raise UsageError(
        f"There is no password for {user}, and no terminal to ask on.",
        "Give --password-file FILE, or --password-file - and the password on standard input.",
    )


def _first_line(file: str) -> str:
    try:
        line = sys.stdin.buffer.readline(_LONGEST_PASSWORD + 2) if file == "-" else _first_line_of(Path(file))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check --password-file.") from None
    source = "Standard input" if file == "-" else file
    if not line:
        raise UsageError(f"{source} is empty.", "The password is its first line.")
    password = line.removesuffix(b"\n").removesuffix(b"\r")
    if len(password) > _LONGEST_PASSWORD:
        raise UsageError(f"The first line of {source} is too long for a password.", "Check --password-file.")
    try:
        return password.decode()
    except UnicodeDecodeError:
        raise UsageError(f"The first line of {source} is not UTF-8 text.", "Check --password-file.") from None


def _first_line_of(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRGRP | stat.S_IROTH):
            click.echo(f"Warning: others may read {path}; chmod 600 keeps it to you.", err=True)
        return file.readline(_LONGEST_PASSWORD + 2)
