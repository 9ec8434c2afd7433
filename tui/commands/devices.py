"""`camtrust list`, `show` and `remove`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tui.attach import Options, Place, ask, attach, expected, note, run, tell_unused
from tui.commands.options import as_json, device_argument, local_now, pass_options
from tui.prompts import consent, interactive

if TYPE_CHECKING:
    from core.model.device import DeviceView

_FIRST_WAIT = 3.0


@click.command("list")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=600),
    metavar="SECONDS",
    help="Listen this long first. Default: 3 where the engine has just been started, else 0.",
)
@click.option("--all", "with_others", is_flag=True, help="Also what says that it is no camera, such as printers.")
@as_json
@pass_options
def list_devices(options: Options, wait: float | None, with_others: bool, as_json: bool) -> None:
    """List all devices, added and discovered; what needs a person comes first."""
    from tui.order import SORTS
    from tui.output import devices_text, json_text
    from tui.words import is_other

    now = local_now()
    told = [device for device in run(_listed(options.place(), wait)) if with_others or not is_other(device)]
    devices = sorted(told, key=lambda device: SORTS["state"](device, now))
    click.echo(json_text(devices) if as_json else devices_text(devices, now))


async def _listed(place: Place, wait: float | None) -> Sequence[DeviceView]:
    import asyncio

    from core.model.messages import Devices, ListDevices, Role

    client, started = await attach(place, Role.VIEWER)
    async with client:
        if started and wait is None:
            note(f"Started the engine; listening for {_FIRST_WAIT:.0f} s.")
            wait = _FIRST_WAIT
        if not started:
            tell_unused(place, client.welcome.status.interfaces)
        await asyncio.sleep(wait or 0)
        return expected(await client.ask(ListDevices()), Devices).devices


@click.command("show")
@device_argument
@as_json
@pass_options
def show_device(options: Options, device: str, as_json: bool) -> None:
    """Show one device: certificates, last install, history. DEVICE is an id, a name or an address."""
    from core.model.messages import DeviceDetail, ShowDevice
    from tui.output import detail_text, detail_value, json_text

    detail = run(ask(options.place(), ShowDevice(device=device), DeviceDetail))
    click.echo(json_text(detail_value(detail)) if as_json else detail_text(detail, local_now()))


@click.command("remove")
@device_argument
@click.option("--yes", is_flag=True, help="Do not ask on a terminal.")
@as_json
@pass_options
def remove_device(options: Options, device: str, yes: bool, as_json: bool) -> None:
    """Forget a device, its stored certificate and its login.

    DEVICE is an id, a name or an address. The history stays, and so does what is on the camera.
    """
    from core.model.messages import DeviceDetail, Done, RemoveDevice, ShowDevice
    from tui.output import json_text, named

    place = options.place()
    view = run(ask(place, ShowDevice(device=device), DeviceDetail)).device
    if not yes and interactive():
        consent(f"Forget {named(view)} and the certificate stored for it?")
    run(ask(place, RemoveDevice(device=view.id), Done))
    click.echo(json_text(view) if as_json else f"Removed {named(view)}.")
