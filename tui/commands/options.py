"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.attach import Options

if TYPE_CHECKING:
    from datetime import datetime

_Command = TypeVar("_Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_argument = click.argument("device")
pass_options = click.make_pass_decorator(Options)


def file_options(command: _Command) -> _Command:
    """Add the options of a command that writes a certificate to a file."""
    for option in (
        click.option("--force", is_flag=True, help="Replace a file of that name without asking."),
        click.option("--pem", is_flag=True, help="Write PEM (text) instead of DER."),
        click.option("-o", "--output", metavar="FILE", help="File to write; '-' is standard output."),
    ):
        command = option(command)
    return command


def local_now() -> datetime:
    """Return the time of day in this machine's zone."""
    from datetime import datetime

    return datetime.now().astimezone()
