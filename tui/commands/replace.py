"""`camtrust replace` and `reissue`: a device that is added already gets another certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, NotReachedError, NotTlsError, UsageError
from tui.attach import Options, Place, ask, note, run
from tui.commands.installs import fingerprint_of, installed, look_line, tell
from tui.commands.options import as_json, contact_options, device_argument, no_wait, pass_options
from tui.commands.trust import compared, read_review
from tui.prompts import agreed, interactive, read_password

if TYPE_CHECKING:
    from core.model.device import DeviceView
    from core.model.messages import ReissueCertificate, ReplaceDevice


@click.command("replace")
@device_argument
@click.argument("address", required=False)
@contact_options
@as_json
@pass_options
def replace_device(
    options: Options,
    device: str,
    address: str | None,
    user: str,
    password_file: str | None,
    allow_http_login: bool,
    enable_https: bool,
    expect_fingerprint: str | None,
    patience: float | None,
    no_wait: bool,
    as_json: bool,
) -> ExitCode:
    """Onboard a device again, or new hardware in its place.

    It brings a device from HTTP to HTTPS that could not do that when it was added. DEVICE is an id, a name or an
    address; it keeps id, name and history. ADDRESS is where it is now, if that is another place. Without --user the
    stored login is used. The stored certificate stays until the new one stands.

    A blocked device is only talked to if it shows what was reviewed: on a terminal that is compared as with accept,
    without one --expect-fingerprint says it.
    """
    from core.model.messages import DeviceDetail, ReplaceDevice, ShowDevice

    expect = fingerprint_of(expect_fingerprint, "--expect-fingerprint")
    password = read_password(user, password_file)
    place = options.place()
    view = run(ask(place, ShowDevice(device=device), DeviceDetail)).device
    command = ReplaceDevice(
        device=view.id,
        address=address,
        user=user,
        password=password,
        allow_http_login=allow_http_login,
        enable_https=enable_https,
        expect=expect or _expected(place, view, address),
        patience=patience,
    )
    return _carry_out(place, command, view, _first_contact(view, address), wait=not no_wait, as_json=as_json)


def _expected(place: Place, device: DeviceView, address: str | None) -> str | None:
    """Return what a device must show before it gets a login, None where nobody can know that."""
    from core.model.device import Connection

    if device.connection is Connection.BLOCKED:
        return _agreed_to(place, device, address)
    # What answers in the old place is taken for the device only if it shows what is stored; else it blocks it.
    return device.fingerprint if address is None else None


def _agreed_to(place: Place, device: DeviceView, address: str | None) -> str:
    """Return the fingerprint that the person at the terminal agrees to send a login to. Raises `KeptError`."""
    if not interactive():
        raise UsageError(
            f"{device.name} is blocked, and there is no terminal to compare its certificates on.",
            "Compare what camtrust review shows, then give that with --expect-fingerprint.",
        )
    what = "log in to it and install a certificate"
    if address is None:
        return compared(read_review(place, device.id), what)
    return agreed(_shown_at(place, address), what, device)


def _shown_at(place: Place, address: str) -> str:
    """Tell what another address shows, and return its fingerprint. Raises `DeviceError` where there is none."""
    from core.model.messages import LookAt, Looks

    look = run(ask(place, LookAt(addresses=(address,)), Looks)).looks[0]
    if look.problem:
        raise NotReachedError(look_line(look), "Nothing was changed.")
    if look.certificate is None:
        raise NotTlsError(look_line(look), "A device that had a certificate stays on HTTPS. Remove it to add that one.")
    note(look_line(look))
    return look.certificate.fingerprint


def _first_contact(device: DeviceView, address: str | None) -> tuple[str, ...]:
    """Return where something is met that nobody vouches for: another place, or a device without a certificate."""
    if address is not None:
        return (address,)
    return () if device.fingerprint else (device.host,)


@click.command("reissue")
@device_argument
@no_wait
@as_json
@pass_options
def reissue(options: Options, device: str, no_wait: bool, as_json: bool) -> ExitCode:
    """Give a device a new key and certificate.

    The device makes the key, and the gateway's authority signs the certificate.

    DEVICE is an id, a name or an address. The stored certificate stays valid until the device shows the new one.
    """
    from core.model.messages import DeviceDetail, ReissueCertificate, ShowDevice

    place = options.place()
    view = run(ask(place, ShowDevice(device=device), DeviceDetail)).device
    return _carry_out(place, ReissueCertificate(device=view.id), view, (), wait=not no_wait, as_json=as_json)


def _carry_out(
    place: Place,
    command: ReplaceDevice | ReissueCertificate,
    device: DeviceView,
    first_contact: tuple[str, ...],
    *,
    wait: bool,
    as_json: bool,
) -> ExitCode:
    devices = run(installed(place, command, first_contact, consequence=_consequence(device), wait=wait))
    code = tell(devices, single=True, finished=wait, as_json=as_json)
    why = _why_failed(place, devices[0]) if wait and devices else ""
    if why:
        note(why)
    # The device is as good as it was before, but that is not what was asked for.
    return ExitCode.FAILED if why and code is ExitCode.DONE else code


def _consequence(device: DeviceView) -> str:
    """Return what becomes of a certificate that a person chose, where the device has one."""
    from core.model.device import Origin
    from tui.words import IF_IT_CAN, TAKEN_OUT_OF_USE

    return f"{TAKEN_OUT_OF_USE} {IF_IT_CAN}" if device.origin is Origin.ACCEPTED else ""


def _why_failed(place: Place, device: DeviceView) -> str:
    from core.model.device import StepState
    from core.model.messages import DeviceDetail, ShowDevice

    install = run(ask(place, ShowDevice(device=device.id), DeviceDetail)).install
    if install is None or not any(step.state is StepState.FAILED for step in install.steps):
        return ""
    return f"{install.outcome}\n  {install.hint}" if install.hint else install.outcome
