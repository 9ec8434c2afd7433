"""`camtrust add`: devices are added and brought to HTTPS as far as they can go."""

from __future__ import annotations

from collections.abc import Sequence

import click

from core.model.errors import ExitCode, UsageError
from tui.attach import Options, run
from tui.commands.installs import fingerprint_of, installed, tell
from tui.commands.options import as_json, contact_options, pass_options
from tui.prompts import read_password


@click.command("add")
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--name", help="Name of the device; one ADDRESS only.")
@contact_options
@as_json
@pass_options
def add(
    options: Options,
    addresses: tuple[str, ...],
    name: str | None,
    user: str,
    password_file: str | None,
    allow_http_login: bool,
    expect_fingerprint: str | None,
    patience: float | None,
    no_wait: bool,
    as_json: bool,
) -> ExitCode:
    """Add devices and bring each to HTTPS as far as it can go.

    ADDRESS is such as 192.168.20.1, 192.168.20.1:4443 or cam-7.local; http://192.168.20.1 adds it over plain HTTP.
    The login is the same for all of them; without --password-file the password is asked for on the terminal. --json
    prints one object for one ADDRESS, an array for several.
    """
    from core.model.messages import AddDevices

    _check_single(addresses, name=name, expect=expect_fingerprint)
    command = AddDevices(
        addresses=addresses,
        expect=fingerprint_of(expect_fingerprint, "--expect-fingerprint"),
        user=user,
        password=read_password(user, password_file),
        names=(name,) if name else (),
        allow_http_login=allow_http_login,
        patience=patience,
    )
    devices = run(installed(options.place(), command, addresses, wait=not no_wait))
    return tell(devices, single=len(addresses) == 1, finished=not no_wait, as_json=as_json)


def _check_single(addresses: Sequence[str], *, name: str | None, expect: str | None) -> None:
    if len(addresses) > 1 and (name or expect):
        option = "--name" if name else "--expect-fingerprint"
        raise UsageError(f"{option} is for one ADDRESS, not for {len(addresses)}.", "Add that device on its own.")
