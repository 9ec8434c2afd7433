"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tui.attach import Options

if TYPE_CHECKING:
    from datetime import datetime

    from click.shell_completion import CompletionItem

_Command = TypeVar("_Command", bound=Callable[..., Any])


def complete_device(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Return what a shell offers where DEVICE is typed."""
    from tui.completion import devices

    return devices(context, begun)


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
device_argument = click.argument("device", shell_complete=complete_device)
no_wait = click.option("--no-wait", is_flag=True, help="Return at once; the work goes on in the engine.")
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


def contact_options(command: _Command) -> _Command:
    """Add the options of a command that meets devices and installs certificates on them."""
    for option in (
        no_wait,
        click.option(
            "--patience",
            type=click.FloatRange(min=0, max=86_400),
            metavar="SECONDS",
            help="How long to wait for a device that does not answer yet.  [default: as configured, 300]",
        ),
        click.option("--expect-fingerprint", metavar="SHA256", help="What it must show at first; one device only."),
        click.option(
            "--allow-http-login", is_flag=True, help="Log in even where there is no HTTPS: others could read it."
        ),
        click.option(
            "--enable-https",
            is_flag=True,
            help="Where HTTPS is switched off on it, log in over plain HTTP once and switch it on.",
        ),
        click.option("--password-file", metavar="FILE", help="File with the password in its first line; '-' is stdin."),
        click.option("--user", default="", help="User name on the camera."),
    ):
        command = option(command)
    return command


def screen_options(command: _Command) -> _Command:
    """Add the options that tell what this technician's screens look like. What is not given is None."""
    for option in (
        click.option(
            "--read-only",
            is_flag=True,
            default=None,
            envvar="CAMTRUST_READ_ONLY",
            show_envvar=True,
            help="Only look: change nothing.",
        ),
        click.option(
            "--slow",
            is_flag=True,
            default=None,
            envvar="CAMTRUST_SLOW",
            show_envvar=True,
            help="Draw once a second, for a slow line.",
        ),
        click.option(
            "--mouse/--no-mouse",
            default=None,
            envvar="CAMTRUST_MOUSE",
            show_envvar=True,
            help="Whether the mouse is of use.  [default: no]",
        ),
        click.option(
            "--ascii",
            is_flag=True,
            default=None,
            envvar="CAMTRUST_ASCII",
            show_envvar=True,
            help="Draw with nothing but ASCII.",
        ),
        click.option(
            "--theme",
            type=click.Choice(["ansi", "night", "contrast"]),
            envvar="CAMTRUST_THEME",
            show_envvar=True,
            help="Colours: the terminal's own, dark ones, or the strongest.  [default: ansi]",
        ),
    ):
        command = option(command)
    return command


def local_now() -> datetime:
    """Return the time of day in this machine's zone."""
    from datetime import datetime

    return datetime.now().astimezone()
