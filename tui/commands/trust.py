"""`camtrust review`, `accept` and `check`: what a device shows is compared, and a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, RefusedError, UsageError
from tui.attach import Options, Place, ask, note, run
from tui.commands.installs import fingerprint_of
from tui.commands.options import as_json, complete_device, device_argument, local_now, pass_options
from tui.prompts import agreed, interactive, reason_for

if TYPE_CHECKING:
    from core.model.device import DeviceView
    from core.model.review import Review


@click.command("review")
@click.argument("device", required=False, shell_complete=complete_device)
@as_json
@pass_options
def review_device(options: Options, device: str | None, as_json: bool) -> ExitCode:
    """Compare what a device shows with what is stored.

    It tells why the certificates probably differ, and each field of both. Without DEVICE it lists all devices whose
    certificate has to be decided about, grouped by the reason. DEVICE is an id, a name or an address. Nothing is
    changed. Returns 3 if there is something to decide, else 0.
    """
    return _review_one(options.place(), device, as_json) if device else _review_all(options.place(), as_json)


def _review_all(place: Place, as_json: bool) -> ExitCode:
    from core.model.messages import Devices, ListDevices
    from tui.output import groups_text, groups_value, json_text
    from tui.review import groups, queue

    undecided = groups(queue(run(ask(place, ListDevices(), Devices)).devices))
    click.echo(json_text(groups_value(undecided)) if as_json else groups_text(undecided))
    return ExitCode.REVIEW if undecided else ExitCode.DONE


def _review_one(place: Place, device: str, as_json: bool) -> ExitCode:
    from tui.output import json_text, review_text
    from tui.review import Case, case_of

    review = read_review(place, device)
    click.echo(json_text(review) if as_json else review_text(review, local_now()))
    return ExitCode.DONE if case_of(review) is Case.SETTLED else ExitCode.REVIEW


def read_review(place: Place, device: str) -> Review:
    """Ask the engine for both certificates of a device, and why they differ."""
    from core.model.messages import ReviewDevice
    from core.model.review import Review

    return run(ask(place, ReviewDevice(device=device), Review))


@click.command("accept")
@device_argument
@click.option("--fingerprint", metavar="SHA256", help="The certificate that was reviewed: all 64 digits.")
@click.option("--reason", metavar="TEXT", help="Why, for the history.")
@as_json
@pass_options
def accept(options: Options, device: str, fingerprint: str | None, reason: str | None, as_json: bool) -> ExitCode:
    """Trust the certificate that a device shows now.

    On a terminal both certificates are shown, and typing yes or the last 8 digits of the new one's SHA-256 accepts it;
    anything else keeps what is stored and returns 3. Without a terminal --fingerprint says which one was reviewed. The
    device is looked at again: if it shows another one by then, or does not answer, nothing is changed (1, or 4).

    DEVICE is an id, a name or an address. --json prints the device as it is then.
    """
    wanted = fingerprint_of(fingerprint, "--fingerprint")
    if wanted is None and not interactive():
        raise UsageError(
            "There is no terminal to compare the certificates on.",
            "Compare what camtrust review shows, then give that --fingerprint, all 64 digits.",
        )
    place = options.place()
    review = read_review(place, device)
    if wanted is not None:
        return _tell(_accepted(place, review.device, wanted, reason or ""), as_json)
    wanted = compared(review, "accept it")
    reason = reason_for("accepting it") if reason is None else reason
    try:
        accepted = _accepted(place, review.device, wanted, reason)
    except RefusedError:
        _show_anew(place, review)
        raise
    return _tell(accepted, as_json)


def compared(review: Review, what: str) -> str:
    """Show both certificates to the person at the terminal, and return the fingerprint that they agree to.

    `what` is done then. Raises `KeptError` where they do not, `RefusedError` where there is nothing to decide.
    """
    from tui.output import named, review_text
    from tui.review import Case, case_of

    note(review_text(review, local_now()))
    if review.presented is None or case_of(review) is Case.SETTLED:
        raise RefusedError(
            f"There is nothing to decide about {named(review.device)}.", "camtrust check looks at it now."
        )
    return agreed(review.presented.fingerprint, what, review.device)


def _accepted(place: Place, device: DeviceView, fingerprint: str, reason: str) -> DeviceView:
    from core.model.messages import AcceptCertificate, DeviceDetail, Done, ShowDevice

    run(ask(place, AcceptCertificate(device=device.id, fingerprint=fingerprint, reason=reason), Done))
    return run(ask(place, ShowDevice(device=device.id), DeviceDetail)).device


def _show_anew(place: Place, before: Review) -> None:
    from tui.output import review_text

    now = read_review(place, before.device.id)
    if now.presented != before.presented:
        note(f"\n{review_text(now, local_now())}\n")


def _tell(device: DeviceView, as_json: bool) -> ExitCode:
    from tui.output import accepted_text, json_text

    click.echo(json_text(device) if as_json else accepted_text(device, local_now()))
    return ExitCode.DONE


@click.command("check")
@click.argument("devices", nargs=-1, metavar="[DEVICE]...", shell_complete=complete_device)
@as_json
@pass_options
def check(options: Options, devices: tuple[str, ...], as_json: bool) -> ExitCode:
    """Look at added devices now, and print what each is.

    DEVICE is an id, a name or an address; without any, all devices are looked at. Those that are named are also asked
    which way their video can take.

    \b
    Returns 3 if one is blocked, whatever the others are,
            else 4 if one does not answer,
            else 3 if one needs a person, such as a certificate that is not accepted yet, expired or expires soon,
            else 0.
    """
    from core.model.messages import CheckDevices, Devices
    from tui.follow import check_code
    from tui.order import SORTS
    from tui.output import devices_text, json_text

    answered = run(ask(options.place(), CheckDevices(devices=devices), Devices)).devices
    now = local_now()
    checked = sorted(answered, key=lambda device: SORTS["state"](device, now))
    click.echo(json_text(checked) if as_json else devices_text(checked, now))
    return check_code(checked)
