"""`camtrust scan`: each address of given networks is tried, for sites where cameras do not announce themselves."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from core.model.errors import UsageError
from tui.attach import Options, Place, ask, attach, expected, note, run, tell_unused
from tui.commands.options import as_json, local_now, pass_options

if TYPE_CHECKING:
    from core.model.messages import Scanned
    from core.service.client import Client

_ENDED = "The scan is ended; what it has found stays in camtrust list for an hour."
_WIDTH = 60


@click.command("scan")
@click.argument("networks", nargs=-1, metavar="NETWORK...")
@click.option("--cancel", is_flag=True, help="End the scan that is under way, whoever began it.")
@as_json
@pass_options
def scan(options: Options, networks: tuple[str, ...], cancel: bool, as_json: bool) -> None:
    """Try each address of networks and list what answers.

    NETWORK is such as 192.168.20.0/24, 192.168.20.10-40 or 192.168.20.7; all of them together may be a /16. A
    connection and a handshake is all that an address gets, and no other address is tried. A /24 takes seconds, a /16
    minutes. Interrupting the command ends the scan; what it has found stays in camtrust list for an hour.

    --json prints one object: total and tried count addresses, devices is an array.
    """
    if cancel == bool(networks):
        raise UsageError(
            "A scan needs a network." if not cancel else "--cancel goes without a network.",
            "Such as camtrust scan 192.168.20.0/24, or camtrust scan --cancel.",
        )
    if cancel:
        _cancel(options.place())
        return
    _tell_notes(networks)
    _tell(run(_scanned(options.place(), networks)), as_json)


def _cancel(place: Place) -> None:
    from core.model.messages import CancelScan, Done

    run(ask(place, CancelScan(), Done))
    note(_ENDED)


def _tell_notes(networks: tuple[str, ...]) -> None:
    """Read the networks as the engine will, which tells a mistake before an engine is started."""
    from core.service.typed import parse_networks

    for network in parse_networks(networks):
        if network.note:
            note(network.note)


def _tell(scanned: Scanned, as_json: bool) -> None:
    from tui.order import SORTS
    from tui.output import devices_text, json_text
    from tui.summary import scanned as in_words

    now = local_now()
    devices = sorted(scanned.devices, key=lambda device: SORTS["state"](device, now))
    note(in_words(scanned))
    if as_json:
        click.echo(json_text({"total": scanned.total, "tried": scanned.tried, "devices": devices}))
    elif devices:
        click.echo(devices_text(devices, now))


async def _scanned(place: Place, networks: tuple[str, ...]) -> Scanned:
    import asyncio

    from core.model.messages import CancelScan, Role, Scanned, ScanNetworks

    client, started = await attach(place, Role.OPERATOR, watch=sys.stderr.isatty())
    async with client:
        if not started:
            tell_unused(place, client.welcome.status.interfaces)
        asking = asyncio.create_task(client.ask(ScanNetworks(networks=networks)))
        watching = asyncio.create_task(_show_progress(client))
        try:
            return expected(await asyncio.shield(asking), Scanned)
        except asyncio.CancelledError:
            if not asking.done():
                await client.ask(CancelScan())
                note(_ENDED)
            raise
        finally:
            watching.cancel()
            asking.cancel()
            await asyncio.gather(watching, asking, return_exceptions=True)


async def _show_progress(client: Client) -> None:
    """Keep one line on a terminal that says how far the scan is."""
    from core.model.errors import EngineGoneError
    from tui.summary import scanning

    if not sys.stderr.isatty():
        return
    try:
        with suppress(EngineGoneError):
            async for update in client.updates():
                if update.status is not None and update.status.scan is not None:
                    click.echo(f"\r{scanning(update.status.scan):<{_WIDTH}}", nl=False, err=True)
    finally:
        click.echo(f"\r{'':{_WIDTH}}\r", nl=False, err=True)
