"""`camtrust rollout`: many devices are brought to HTTPS in one go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.model.errors import CamtrustError, ExitCode, UsageError
from tui.attach import Options, Place, ask, attach, note, run
from tui.commands.options import as_json, complete_device, pass_options
from tui.prompts import consent, interactive, read_password

if TYPE_CHECKING:
    from core.model.rollout import RolloutDevice, RolloutView, StartRollout

_AGAIN = "The rollout itself is not concerned: camtrust rollout --status --csv FILE writes it to another one."
_GOES_ON = "The rollout goes on in the engine: camtrust rollout --status shows how far it is, --cancel ends it."


@click.command("rollout")
@click.argument("devices", nargs=-1, metavar="[DEVICE...]", shell_complete=complete_device)
@click.option("--all", "everything", is_flag=True, help="All cameras, found and added, instead of a DEVICE each.")
@click.option("--reissue", is_flag=True, help="Also give a new certificate to those that have ours.")
@click.option("--user", default="", help="User name on the cameras.  [default: the stored logins]")
@click.option("--password-file", metavar="FILE", help="File with the password in its first line; '-' is stdin.")
@click.option("--enable-https", is_flag=True, help="Switch HTTPS on where it is off, by one login over plain HTTP.")
@click.option("--allow-http-login", is_flag=True, help="Log in even where there is no HTTPS: others could read it.")
@click.option("--at-once", type=click.IntRange(min=1), metavar="N", help="So many at a time.  [default: as configured]")
@click.option("--csv", "csv_file", metavar="FILE", help="Write the summary as CSV, too; '-' is standard output.")
@click.option("--force", is_flag=True, help="Let the CSV file replace one of that name without asking.")
@click.option("--status", is_flag=True, help="Show how far the rollout is, or how the last one ended.")
@click.option("--cancel", is_flag=True, help="Begin with no more devices; those under way are brought to their end.")
@as_json
@pass_options
def rollout(
    options: Options,
    devices: tuple[str, ...],
    everything: bool,
    reissue: bool,
    user: str,
    password_file: str | None,
    enable_https: bool,
    allow_http_login: bool,
    at_once: int | None,
    csv_file: str | None,
    force: bool,
    status: bool,
    cancel: bool,
    as_json: bool,
) -> ExitCode:
    """Bring many devices to HTTPS in one go.

    A found device is added, one on HTTP replaced, one with its own certificate gets ours. One device of each model goes
    ahead, and the others follow when it has succeeded; a login that was refused once is not tried again anywhere. The
    work goes on when the command is interrupted.

    DEVICE is an id, a name or an address. Returns 4 if a device was not reached, else 3 if one needs a person, else 1
    if one failed or was not started, else 0.
    """
    from core.model.rollout import StartRollout

    _check((bool(devices), everything, status, cancel), into_stdout=(csv_file == "-", as_json))
    _check_file(csv_file, force=force)
    place = options.place()
    if status or cancel:
        return _look(place, cancel=cancel, csv_file=csv_file, as_json=as_json)
    command = StartRollout(
        devices=devices,
        everything=everything,
        reissue=reissue,
        user=user,
        password=read_password(user, password_file),
        enable_https=enable_https,
        allow_http_login=allow_http_login,
        at_once=at_once,
    )
    view = run(_carried_out(place, command))
    _tell(view, csv_file, as_json)
    return _exit_code(view.devices)


def _check(asked: Sequence[bool], *, into_stdout: Sequence[bool]) -> None:
    if sum(asked) != 1:
        raise UsageError("A rollout needs devices.", "Give each DEVICE, or --all, or only --status or --cancel.")
    if all(into_stdout):
        raise UsageError("Standard output cannot take both CSV and JSON.", "Give --csv FILE, or leave --json.")


def _check_file(file: str | None, *, force: bool) -> None:
    """Ask before anything is begun whether a file may be replaced. Raises `CamtrustError` where it may not."""
    if file in (None, "-") or force or not os.path.lexists(file):
        return
    if not interactive():
        raise CamtrustError(f"{file} exists already.", "Give another name with --csv, or --force to replace it.")
    consent(f"{file} exists already. Replace it?")


def _look(place: Place, *, cancel: bool, csv_file: str | None, as_json: bool) -> ExitCode:
    from core.model.rollout import CancelRollout, ReadRollout, RolloutView

    view = run(ask(place, CancelRollout() if cancel else ReadRollout(), RolloutView))
    _tell(view, csv_file, as_json)
    return ExitCode.DONE


async def _carried_out(place: Place, command: StartRollout) -> RolloutView:
    import asyncio

    from core.model.records import Purpose
    from core.model.rollout import RolloutView
    from tui.words import first_contact

    view = await ask(place, command, RolloutView)
    if new := sum(device.task is Purpose.ADD for device in view.devices):
        note(click.wrap_text(first_contact(new), 80))
    try:
        return await _followed(place, view)
    except asyncio.CancelledError:
        note(_GOES_ON)
        raise


async def _followed(place: Place, view: RolloutView) -> RolloutView:
    """Tell of each device as it ends, and return the rollout at its end. Raises `EngineGoneError`."""
    from core.model.messages import Role
    from core.model.rollout import RolloutState

    told: set[int] = set()
    client, _ = await attach(place, Role.VIEWER, watch=True)
    async with client:
        async for update in client.updates():
            if update.rollout is None:
                continue
            if update.rollout.id != view.id:
                raise CamtrustError(
                    "The rollout is over, and another one has begun: how it ended is not kept.",
                    "camtrust list shows the devices, camtrust events what was done.",
                )
            view = update.rollout
            _tell_ended(view, told)
            if view.state is not RolloutState.RUNNING:
                break
    return view


def _tell_ended(view: RolloutView, told: set[int]) -> None:
    from tui.words import took

    fresh = [number for number, device in enumerate(view.devices) if number not in told and _is_over(device)]
    told.update(fresh)
    for number in fresh:
        left = f"; about {took(view.remaining)} left" if view.remaining else ""
        note(f"{view.done}/{view.total}  {_line(view.devices[number])}{left}")


def _is_over(device: RolloutDevice) -> bool:
    from core.model.rollout import MemberState

    return device.state not in (MemberState.WAITING, MemberState.RUNNING)


def _line(device: RolloutDevice, *, under_its_state: bool = False) -> str:
    from core.model.rollout import MemberState
    from tui.words import took

    has_succeeded = device.state is MemberState.SUCCEEDED
    became = device.certificate if has_succeeded else "" if under_its_state else device.state
    told = ": ".join(filter(None, (became, device.reason)))
    time = f" ({took(device.seconds)})" if device.seconds is not None else ""
    return f"{device.name} ({device.address}){': ' if told else ''}{told}{time}"


def _tell(view: RolloutView, csv_file: str | None, as_json: bool) -> None:
    from tui.output import json_text
    from tui.rollouts import json_value

    if csv_file is not None:
        _write_csv(view, csv_file)
    if as_json:
        click.echo(json_text(json_value(view)))
    elif csv_file != "-":
        click.echo(_summary(view))


def _summary(view: RolloutView) -> str:
    from core.model.rollout import MemberState

    groups = ((state, [device for device in view.devices if device.state is state]) for state in MemberState)
    parts = [_head(view), *(_group(state, devices) for state, devices in groups if devices)]
    return "\n\n".join(parts)


def _head(view: RolloutView) -> str:
    from core.model.rollout import RolloutState
    from tui.words import plural, took

    told = f"Rollout {view.state}: {view.done} of {plural(view.total, 'device')} done, begun by {view.by}."
    if view.note:
        told += f"\n{view.note}."
    if view.state is RolloutState.RUNNING and view.cancelled_by:
        told += f"\nCancelled by {view.cancelled_by}: no more are begun, those under way are brought to their end."
    return told + (f"\nAbout {took(view.remaining)} left." if view.remaining else "")


def _group(title: str, devices: Iterable[RolloutDevice]) -> str:
    listed = tuple(devices)
    lines = [f"{title.capitalize()}: {len(listed)}"]
    for device in listed:
        lines.append(f"  {_line(device, under_its_state=True)}")
        lines += [f"    {device.hint}"] if device.hint else []
    return "\n".join(lines)


def _write_csv(view: RolloutView, file: str) -> None:
    """Write a line for each device, never through a link (rule R39). Raises `CamtrustError` where that cannot be."""
    from tui.export import replace, write_new
    from tui.rollouts import csv_text

    data, path = csv_text(view).encode(), Path(file)
    if file == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        if path.exists():
            replace(path, data)
        else:
            write_new(path, data)
    except CamtrustError as error:
        raise CamtrustError(error.title, _AGAIN) from error
    except FileExistsError:
        raise CamtrustError(f"{file} is a link that leads nowhere.", _AGAIN) from None


def _exit_code(devices: Iterable[RolloutDevice]) -> ExitCode:
    return max(map(_code_of, devices), default=ExitCode.DONE)


def _code_of(device: RolloutDevice) -> ExitCode:
    from core.model.device import CertificateField
    from core.model.rollout import MemberState, Trouble

    if device.trouble is Trouble.UNREACHABLE:
        return ExitCode.UNREACHABLE
    if device.trouble in (None, Trouble.CANCELLED):
        if device.state is MemberState.SUCCEEDED and device.certificate is not CertificateField.ARCULES:
            return ExitCode.REVIEW
        is_fine = device.state in (MemberState.SUCCEEDED, MemberState.SKIPPED)
        return ExitCode.DONE if is_fine else ExitCode.FAILED
    return ExitCode.REVIEW
