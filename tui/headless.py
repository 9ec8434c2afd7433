"""The demo without a screen: adds every camera of the simulated site, compares what became of it, and then some."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import click

from core.model.device import DeviceView
from core.model.errors import CamtrustError, ExitCode
from core.model.messages import AddDevices, Added, Devices, ListDevices, Role, to_builtins
from core.model.secret import Secret
from tui.attach import Place, ask, attach, note
from tui.demo_story import Story
from tui.follow import follow, outcome_lines
from tui.output import json_text, table
from tui.simulation import PASSWORD, USER, SimulatedCamera, SimulatedSite

_LONGEST_SEARCH = 60.0
_LONGEST_INSTALLS = {True: 180.0, False: 900.0}

Outcome = tuple[SimulatedCamera, DeviceView]


async def add_all(place: Place, site: SimulatedSite, *, fast: bool, as_json: bool) -> ExitCode:
    """Add every camera of the site, print what became of each, and tell whether all are as their kinds can be.

    If they are, live through the story. Raises `CamtrustError` where that goes wrong.
    """
    found = await _found(place, site.cameras)
    note(f"All {len(found)} cameras are discovered. Adding them.")
    added = await _add(place, found, _LONGEST_INSTALLS[fast])
    devices = {device.id: device for device in (await ask(place, ListDevices(), Devices)).devices}
    outcomes = [(camera, devices[device]) for camera, device in zip(site.cameras, added, strict=True)]
    click.echo(json_text([outcome_value(outcome) for outcome in outcomes]) if as_json else outcomes_text(outcomes))
    verdict = _verdict(outcomes)
    if verdict is ExitCode.DONE:
        by_name = {camera.name: device for camera, device in outcomes}
        await Story(place, site, by_name, note if as_json else click.echo).live_through()
    return verdict


async def _found(place: Place, cameras: Sequence[SimulatedCamera]) -> tuple[DeviceView, ...]:
    """Wait until every camera is discovered, each by one row with all its addresses; return the rows in order."""
    client, _ = await attach(place, Role.VIEWER, watch=True)
    rows: dict[str, DeviceView] = {}
    missing = [camera.name for camera in cameras]
    try:
        async with client, asyncio.timeout(_LONGEST_SEARCH):
            async for update in client.updates():
                rows |= {device.id: device for device in update.devices}
                for gone in update.gone:
                    rows.pop(gone, None)
                by_addresses = {frozenset(row.addresses): row for row in rows.values()}
                missing = [camera.name for camera in cameras if frozenset(camera.addresses) not in by_addresses]
                if not missing:
                    break
    except TimeoutError:
        raise CamtrustError(f"Not discovered within {_LONGEST_SEARCH:.0f} s: {', '.join(missing)}") from None
    return tuple(by_addresses[frozenset(camera.addresses)] for camera in cameras)


async def _add(place: Place, found: Sequence[DeviceView], patience: float) -> list[str]:
    """Return the ids that the rows became, in order."""
    command = AddDevices(
        addresses=tuple(device.address for device in found),
        user=USER,
        password=Secret(PASSWORD),
        allow_http_login=True,
        enable_https=True,
    )
    added = await ask(place, command, Added)
    try:
        async with asyncio.timeout(patience):
            await follow(place, added.devices, outcome_lines)
    except TimeoutError:
        note(f"Not all installs are finished after {patience:.0f} s.")
    return [device.id for device in added.devices]


def is_reached(outcome: Outcome) -> bool:
    """Tell whether a camera's certificate field is the one that its kind can reach."""
    camera, device = outcome
    return device.certificate_field is not None and device.certificate_field.value == camera.expect


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    """Return a table of what was expected and what came."""
    return table(("NAME", "ADDRESS", "CERTIFICATE", "EXPECTED", "REACHED", "KIND"), map(_row, outcomes))


def _row(outcome: Outcome) -> tuple[str, ...]:
    camera, device = outcome
    field = device.certificate_field.value if device.certificate_field else "-"
    return camera.name, device.address, field, camera.expect, "yes" if is_reached(outcome) else "NO", camera.kind


def outcome_value(outcome: Outcome) -> dict[str, Any]:
    """Return a device for `--json`, with `expected` and `kind`."""
    camera, device = outcome
    return {**to_builtins(device), "expected": camera.expect, "kind": camera.kind}


def _verdict(outcomes: Sequence[Outcome]) -> ExitCode:
    failed = [(camera, device) for camera, device in outcomes if not is_reached((camera, device))]
    for camera, device in failed:
        note(f"{camera.name} ({device.address}) did not reach {camera.expect}: {device.attention or device.connection}")
    return ExitCode.FAILED if failed else ExitCode.DONE
