"""`camtrust config`: which settings count and why, where files are, and an example of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.attach import Options
from tui.commands.options import as_json, pass_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.attach import Place


@click.group("config")
def config() -> None:
    """Show the settings that count, where each comes from, and where files are."""


@config.command("show")
@as_json
@pass_options
def show(options: Options, as_json: bool) -> None:
    """Print every setting, its value and where it comes from: an option, the environment, a file or a default.

    What is printed is a valid file of settings. A mistake in a file is told with its line.
    """
    from tui.output import json_text
    from tui.preferences import effective
    from tui.settings_text import settings_text, settings_value

    settings = effective(options)
    click.echo(json_text(settings_value(settings)) if as_json else settings_text(settings, Path.home()))


@config.command("path")
@as_json
@pass_options
def path(options: Options, as_json: bool) -> None:
    """Print where settings are looked for, and where the state folder, the socket and the logs are."""
    from core.service.logs import log_path
    from core.service.settings import config_files
    from tui.crash import crash_folder
    from tui.output import json_text

    files = config_files(options.config and options.config.absolute())
    place = options.place()
    places = {
        "state_dir": str(place.state_dir),
        "socket": str(place.socket),
        "log": str(log_path(place.state_dir)),
        "crash_logs": str(crash_folder()),
    }
    settings = [{"path": str(file), "exists": _exists(file)} for file in files]
    click.echo(json_text({"settings": settings, **places}) if as_json else _paths_text(files, places, place))


def _paths_text(files: tuple[Path, ...], places: dict[str, str], place: Place) -> str:
    from tui.output import facts

    whose = "of the whole machine" if not place.starts else "of this account, or as it was named"
    told = [("Settings" if number == 0 else "", _file_text(file)) for number, file in enumerate(files)]
    labels = ("State folder", "Socket", "Log", "Crash logs")
    lines: Iterator[tuple[str, str]] = zip(labels, places.values(), strict=True)
    return facts([*told, ("Engine", whose), *lines])


def _file_text(file: Path) -> str:
    return str(file) if _exists(file) else f"{file} (not there)"


def _exists(file: Path) -> bool:
    try:
        file.stat()
    except OSError:
        # Not to be seen is told when it is read.
        return False
    return True


@config.command("example")
def print_example() -> None:
    """Print a file with every setting as a comment: what it means, and its default."""
    from core.service.paths import SYSTEM_CONFIG
    from tui.keys import known_ids
    from tui.settings_text import example

    click.echo(example(SYSTEM_CONFIG, known_ids()), nl=False)
