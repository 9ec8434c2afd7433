"""`camtrust doctor`: what is in order here and what is not, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.model.errors import CamtrustError, ExitCode
from tui.attach import Options, run
from tui.commands.options import as_json, pass_options

if TYPE_CHECKING:
    from core.model.config import Config
    from core.service.doctor_rules import Check

_MARKS = {"ok": "ok", "wrong": "!!", "unknown": "--"}
_COLUMNS = 80
_INDENT = " " * 18


@click.command("doctor")
@as_json
@pass_options
def doctor(options: Options, as_json: bool) -> int:
    """Look whether all is in order: engine, rights, files, discovery, clock, terminal.

    It changes nothing and starts no engine. A line each: ok, !! for what to do something about, told below, and -- for
    what cannot be known here. Returns 1 if there is a !!, else 0.
    """
    from tui.output import json_text

    checks = run(_examine(options))
    click.echo(json_text(checks) if as_json else "\n".join(map(check_text, checks)))
    return ExitCode.FAILED if any(check.state == "wrong" for check in checks) else ExitCode.DONE


async def _examine(options: Options) -> list[Check]:
    from core.service.doctor import examine, examine_settings
    from core.service.settings import config_files
    from tui.terminal_check import check_terminal

    place = options.place()
    config, error = _config(options)
    versions, *checks = await examine(place.state_dir, place.socket, config, starts=place.starts)
    return [versions, examine_settings(config_files(place.config), error), *checks, check_terminal(config.screen)]


def _config(options: Options) -> tuple[Config, CamtrustError | None]:
    """Return the settings, or the defaults and the mistake because of which they do not count."""
    from core.model.config import Config
    from tui.preferences import preferences

    try:
        return preferences(options), None
    except CamtrustError as error:
        return Config(interfaces=options.interfaces), error


def check_text(check: Check) -> str:
    """Return a check as a line, and below it what to do where it is not ok; long ones go on below."""
    import textwrap

    first = f"{_MARKS[check.state]}  {check.name:<13} "
    told = [(first, check.text), *([(_INDENT, check.hint)] if check.hint and check.state != "ok" else [])]
    lines = [
        textwrap.wrap(text, _COLUMNS, initial_indent=start, subsequent_indent=_INDENT, break_on_hyphens=False)
        for start, text in told
    ]
    return "\n".join(line for part in lines for line in part)
