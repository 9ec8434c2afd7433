"""`camtrust events`: the history, and what is added to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from tui.attach import Options, Place, ask, attach, expected, run
from tui.commands.options import as_json, pass_options

if TYPE_CHECKING:
    from core.model.messages import Event, ReadEvents
    from core.service.client import Client

_MOST_AT_ONCE = 10_000


@click.command("events")
@click.option(
    "--limit", type=click.IntRange(1, _MOST_AT_ONCE), default=100, show_default=True, help="How many at most."
)
@click.option("--device", metavar="DEVICE", help="Only those of one device.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what happens, until interrupted.")
@as_json
@pass_options
def list_events(options: Options, limit: int, device: str | None, follow: bool, as_json: bool) -> None:
    """List what happened and who decided it, oldest first.

    With --follow, --json prints one object a line. It ends by an interrupt (130), or when the engine goes (4).
    """
    from core.model.messages import Events, ReadEvents
    from tui.output import event_line, events_text, json_line, json_text

    wanted = ReadEvents(limit=limit, device=device)
    if follow:
        line = json_line if as_json else event_line
        run(_follow(options.place(), wanted, lambda event: click.echo(line(event))))
        return
    events = run(ask(options.place(), wanted, Events)).events
    click.echo(json_text(events) if as_json else events_text(events))


async def _follow(place: Place, wanted: ReadEvents, tell: Callable[[Event], None]) -> None:
    """Tell what is there, then what happens: each event once, in order. Raises `EngineGoneError` in the end."""
    from core.model.messages import ReadEvents, Role

    client, _ = await attach(place, Role.VIEWER, watch=True)
    async with client:
        device = await _id_of(client, wanted.device) if wanted.device else None
        last: int | None = None
        async for update in client.updates():
            if last is None:
                # The first update says that the engine has begun to tell: what is read now has no gap to what it tells.
                events = await _read(client, wanted)
            elif update.missed:
                events = await _read(client, ReadEvents(limit=min(len(update.events) + update.missed, _MOST_AT_ONCE)))
            else:
                events = update.events
            last = last or 0
            for event in events:
                if event.seq > last and device in (None, event.device):
                    tell(event)
                    last = event.seq


async def _id_of(client: Client, device: str) -> str:
    from core.model.messages import DeviceDetail, ShowDevice

    return expected(await client.ask(ShowDevice(device=device)), DeviceDetail).device.id


async def _read(client: Client, wanted: ReadEvents) -> Sequence[Event]:
    from core.model.messages import Events

    return expected(await client.ask(wanted), Events).events
