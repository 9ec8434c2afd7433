"""`camtrust engine`: the engine in the foreground, and its end."""

from __future__ import annotations

import click

from tui.attach import Options, Place, run
from tui.commands.options import as_json, pass_options
from tui.ending import stop_engine


@click.group("engine", invoke_without_command=True)
@click.pass_context
def engine(context: click.Context) -> None:
    """Run the engine in the foreground, for systemd or to watch it.

    Other commands start one in the background by themselves where none runs.
    """
    if context.invoked_subcommand is None:
        from core.service.run import main

        context.exit(main(_arguments(context.ensure_object(Options).place())))


def _arguments(place: Place) -> list[str]:
    config = ["--config", str(place.config)] if place.config else []
    interfaces = [part for interface in place.interfaces for part in ("--interface", interface)]
    return ["--state-dir", str(place.state_dir), "--socket", str(place.socket), *config, *interfaces]


@engine.command("stop")
@click.option("--force", is_flag=True, help="Also while an install is under way; it is taken up at the next start.")
@as_json
@pass_options
def stop(options: Options, force: bool, as_json: bool) -> None:
    """End the engine, and wait until it has ended. Refused while an install is under way, unless --force."""
    from tui.output import json_text

    pid = run(stop_engine(options.place(), force=force))
    click.echo(json_text({"ended": pid}) if as_json else f"The engine has ended (process {pid}).")
