"""`camtrust add`: devices are added and brought to HTTPS as far as they can go."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, UsageError
from tui.attach import Options, Place, ask, note, run
from tui.commands.options import as_json, local_now, pass_options
from tui.prompts import read_password

if TYPE_CHECKING:
    from core.model.device import DeviceView
    from core.model.messages import AddDevices, Look

_GOES_ON = "The work goes on in the engine: camtrust list shows how far it is."


@click.command("add")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--user", default="", help="User name on the camera, the same for all ADDRESSes.")
@click.option("--password-file", metavar="FILE", help="File with the password in its first line; '-' is stdin.")
@click.option("--name", help="Name of the device; one ADDRESS only.")
@click.option("--allow-http-login", is_flag=True, help="Log in even where there is no HTTPS: others could read it.")
@click.option("--expect-fingerprint", metavar="SHA256", help="What the first certificate must be; one ADDRESS only.")
@click.option(
    "--patience",
    type=click.FloatRange(min=0, max=86_400),
    metavar="SECONDS",
    help="How long to wait for a device that does not answer yet.  [default: as configured, 300]",
)
@click.option("--no-wait", is_flag=True, help="Return at once; the work goes on in the engine.")
@as_json
@pass_options
def add(
    options: Options,
    addresses: tuple[str, ...],
    user: str,
    password_file: str | None,
    name: str | None,
    allow_http_login: bool,
    expect_fingerprint: str | None,
    patience: float | None,
    no_wait: bool,
    as_json: bool,
) -> ExitCode:
    """Add devices and bring each to HTTPS as far as it can go.

    ADDRESS is such as 192.168.20.1, 192.168.20.1:4443 or cam-7.local; http://192.168.20.1 adds it over plain HTTP.
    Without --password-file the password is asked for on the terminal. --json prints one object for one ADDRESS, an
    array for several.
    """
    from core.model.messages import AddDevices

    _check_single(addresses, name=name, expect=expect_fingerprint)
    command = AddDevices(
        addresses=addresses,
        expect=_fingerprint(expect_fingerprint),
        user=user,
        password=read_password(user, password_file),
        name=name,
        allow_http_login=allow_http_login,
        patience=patience,
    )
    devices = run(_added(options.place(), command, wait=not no_wait))
    return _tell(devices, single=len(addresses) == 1, finished=not no_wait, as_json=as_json)


def _check_single(addresses: Sequence[str], *, name: str | None, expect: str | None) -> None:
    if len(addresses) > 1 and (name or expect):
        option = "--name" if name else "--expect-fingerprint"
        raise UsageError(f"{option} is for one ADDRESS, not for {len(addresses)}.", "Add that device on its own.")


def _fingerprint(typed: str | None) -> str | None:
    """Return a fingerprint as it is compared. Colons, spaces and capitals are as other programs print it."""
    if typed is None:
        return None
    plain = re.sub(r"[\s:]", "", typed).lower().removeprefix("sha256")
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise UsageError("--expect-fingerprint is no SHA-256 fingerprint.", "It has 64 hexadecimal digits.")
    return plain


async def _added(place: Place, command: AddDevices, *, wait: bool) -> Sequence[DeviceView]:
    import asyncio

    from core.model.messages import Added, LookAt, Looks
    from tui.follow import follow, no_lines, progress_lines
    from tui.words import FIRST_CONTACT

    # Before, as the device shows another certificate after; told after, as a command that is refused says only why.
    looks = (await ask(place, LookAt(addresses=command.addresses), Looks)).looks if wait else ()
    added = await ask(place, command, Added)
    for line in map(look_line, looks):
        note(line)
    if not wait or any(look.certificate for look in looks):
        note(click.wrap_text(FIRST_CONTACT, 80))
    if not wait:
        return added.devices
    try:
        return await follow(place, added.devices, progress_lines if sys.stderr.isatty() else no_lines)
    except asyncio.CancelledError:
        note(_GOES_ON)
        raise


def look_line(look: Look) -> str:
    """Return what an address presents at first contact, in a line."""
    from tui.words import grouped

    if look.certificate is not None:
        return f"{look.address} shows SHA-256 {' '.join(grouped(look.certificate.fingerprint))}"
    told = look.problem or look.way
    return told if told.startswith(look.address) else f"{look.address}: {told}"


def _tell(devices: Sequence[DeviceView], *, single: bool, finished: bool, as_json: bool) -> ExitCode:
    from tui.follow import exit_code
    from tui.output import devices_text, json_text

    shown = devices[0] if single and devices else devices
    click.echo(json_text(shown) if as_json else devices_text(devices, local_now()))
    return exit_code(devices) if finished else ExitCode.DONE
