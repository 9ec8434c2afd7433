"""`camtrust monitor`: the wall, and the same once as plain text."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, UsageError
from tui.attach import Options, Place, attach, expected, run
from tui.commands.options import local_now, pass_options

if TYPE_CHECKING:
    from core.model.config import Config
    from core.model.messages import Welcome
    from core.service.client import Client
    from tui.site import Site

_COLUMNS = 80


@click.command("monitor")
@click.option("--once", is_flag=True, help="Print it once as plain text, for mail or a login, and return.")
@pass_options
def monitor(options: Options, once: bool) -> int:
    """Watch the site from across a room: read-only, always on, for an account that may only look.

    It starts no engine, waits where none runs, and attaches again by itself. Leave with q.

    With --once it returns 3 if a device is blocked or needs somebody, 4 if no engine runs, else 0.
    """
    from tui.preferences import preferences
    from tui.terminal import unusable

    if once:
        return _print(options.place(), preferences(options))
    if why := unusable():
        raise UsageError(
            "The monitor cannot be shown here.", f"{why} camtrust monitor --once prints the same as plain text."
        )
    return _show(options.place(), preferences(options))


def _show(place: Place, config: Config) -> int:
    from core.model.messages import Role
    from tui.monitor.app import MonitorApp

    async def connect() -> Client:
        client, _ = await attach(place, Role.VIEWER, watch=True, start=False)
        return client

    app = MonitorApp(connect, screen=config.screen)
    app.run(mouse=False)
    return app.return_code or ExitCode.DONE


def _print(place: Place, config: Config) -> ExitCode:
    from tui.link import LinkState
    from tui.look import output_encoding, use_encoding
    from tui.monitor.once import exit_code, once
    from tui.monitor.rows import troubles

    welcome, site = run(_read(place))
    use_encoding("ascii" if config.screen.ascii else output_encoding())
    now = local_now()
    width, height = _size()
    click.echo(once(site, LinkState(True, welcome), now, width, height))
    return exit_code(troubles(site.devices.values(), now))


async def _read(place: Place) -> tuple[Welcome, Site]:
    """Ask the engine for all that the wall shows. Raises `CamtrustError`."""
    from core.model.messages import Devices, Events, ListDevices, ReadEvents, Role, Update
    from tui.site import EVENTS_KEPT, Site

    site = Site()
    client, _ = await attach(place, Role.VIEWER, start=False)
    async with client:
        site.restart(expected(await client.ask(ListDevices()), Devices).devices)
        events = expected(await client.ask(ReadEvents(limit=EVENTS_KEPT)), Events).events
    site.apply(Update(events=events, status=client.welcome.status), local_now())
    return client.welcome, site


def _size() -> tuple[int, int | None]:
    """Return the terminal's columns, and its lines but the one for the prompt; no lines where it is none."""
    # There is no such stream where a program is started without one.
    if sys.stdout is None or not sys.stdout.isatty():
        return _COLUMNS, None
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    return (columns, lines - 1) if columns and lines else (_COLUMNS, None)
