"""`camtrust engine`: the engine in the foreground, its end, and the unit with which systemd runs it."""

from __future__ import annotations

import click

from tui.attach import Options, Place, note, run
from tui.commands.options import as_json, pass_options
from tui.ending import stop_engine


@click.group("engine", invoke_without_command=True)
@click.pass_context
def engine(context: click.Context) -> None:
    """Run the engine in the foreground, for systemd or to watch it.

    Other commands start one in the background by themselves where none runs, unless this machine has one that systemd
    runs: see camtrust engine unit --help.
    """
    if context.invoked_subcommand is None:
        from core.service.run import main

        context.exit(main(_arguments(context.ensure_object(Options).own_place())))


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

    place = options.place()
    pid = run(stop_engine(place, force=force))
    click.echo(json_text({"ended": pid}) if as_json else f"The engine has ended (process {pid}).")
    if not place.starts:
        note("systemd starts it again in a moment; as root, systemctl stop camtrust ends it for good.")


@engine.command("unit")
def unit() -> None:
    """Print a systemd unit for one engine that all technicians of this gateway share. As root:

    \b
      useradd --system --user-group --home-dir /var/lib/camtrust --shell /usr/sbin/nologin camtrust
      groupadd --system camtrust-operators
      camtrust engine unit > /etc/systemd/system/camtrust.service
      systemctl daemon-reload && systemctl enable --now camtrust

    Then camtrust attaches to that engine for everybody. Who but root may is decided by /etc/camtrust/config.toml, read
    when the engine starts:

    \b
      [access]
      viewers = "camtrust"
      operators = "camtrust-operators"

    The socket is for the first of these groups, so put viewers into it and operators into both:
    usermod -aG camtrust,camtrust-operators NAME.
    """
    from core.service.unit import ACCOUNT, closed_to_others, installed_in
    from core.service.unit import unit as unit_file

    if folder := closed_to_others(installed_in()):
        note(
            f"The account {ACCOUNT} cannot enter {folder}: install camtrust and its Python elsewhere, such as in /opt."
        )
    click.echo(unit_file(), nl=False)
