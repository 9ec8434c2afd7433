"""What `add`, `replace` and `reissue` share: they put installs under way, follow them, and tell how they ended."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, UsageError
from tui.attach import Place, ask, note
from tui.commands.options import local_now

if TYPE_CHECKING:
    from core.model.device import DeviceView
    from core.model.messages import AddDevices, Look, ReissueCertificate, ReplaceDevice

_GOES_ON = "The work goes on in the engine: camtrust list shows how far it is."


def fingerprint_of(typed: str | None, option: str) -> str | None:
    """Return a fingerprint as it is compared. Colons, dashes, spaces and capitals are as other programs print it."""
    if typed is None:
        return None
    plain = re.sub(r"[\s:-]", "", typed).lower().removeprefix("sha256")
    if not re.fullmatch(r"[0-9a-f]{64}", plain):
        raise UsageError(f"{option} is no SHA-256 fingerprint.", "It has 64 hexadecimal digits.")
    return plain


async def installed(
    place: Place,
    command: AddDevices | ReplaceDevice | ReissueCertificate,
    first_contact: tuple[str, ...] = (),
    *,
    consequence: str = "",
    wait: bool,
) -> Sequence[DeviceView]:
    """Give a command that begins installs, and with `wait` return the devices when these are finished.

    `first_contact` are the addresses of devices that nobody vouches for yet: what they show is told. A `consequence` is
    told, too.
    """
    import asyncio

    from core.model.messages import Added, LookAt, Looks
    from tui.follow import follow, no_lines, progress_lines

    # Before, as the device shows another certificate after; told after, as a command that is refused says only why.
    looks = (await ask(place, LookAt(addresses=first_contact), Looks)).looks if wait and first_contact else ()
    added = await ask(place, command, Added)
    if consequence:
        note(click.wrap_text(consequence, 80))
    _tell_first_contact(looks, unseen=0 if wait else len(first_contact))
    if not wait:
        return added.devices
    try:
        return await follow(place, added.devices, progress_lines if sys.stderr.isatty() else no_lines)
    except asyncio.CancelledError:
        note(_GOES_ON)
        raise


def _tell_first_contact(looks: Sequence[Look], *, unseen: int) -> None:
    from tui.words import first_contact

    for line in map(look_line, looks):
        note(line)
    if unseen or any(look.certificate for look in looks):
        note(click.wrap_text(first_contact(unseen or len(looks)), 80))


def look_line(look: Look) -> str:
    """Return what an address presents at first contact, in a line."""
    from tui.words import grouped

    if look.certificate is not None:
        return f"{look.address} shows SHA-256 {' '.join(grouped(look.certificate.fingerprint))}"
    told = look.problem or look.way
    return told if told.startswith(look.address) else f"{look.address}: {told}"


def tell(devices: Sequence[DeviceView], *, single: bool, finished: bool, as_json: bool) -> ExitCode:
    """Print what became of devices, as one object where only a `single` one was meant; return what the shell is told.

    Not `finished` are those whose installs still go on.
    """
    from tui.follow import exit_code
    from tui.output import devices_text, json_text

    shown = devices[0] if single and devices else devices
    click.echo(json_text(shown) if as_json else devices_text(devices, local_now()))
    return exit_code(devices) if finished else ExitCode.DONE
