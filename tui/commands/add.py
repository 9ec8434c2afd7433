"""`camtrust add`: devices are added and brought to HTTPS as far as they can go."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode, UsageError
from tui.attach import Options, run
from tui.commands.installs import fingerprint_of, installed, tell
from tui.commands.options import as_json, contact_options, pass_options
from tui.prompts import read_password

if TYPE_CHECKING:
    from core.service.typed import Entry


@click.command("add")
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--name", help="Name of the device; one ADDRESS only.")
@click.option("--from", "list_file", metavar="FILE", help="CSV file of address,name lines; '-' is stdin.")
@contact_options
@as_json
@pass_options
def add(
    options: Options,
    addresses: tuple[str, ...],
    name: str | None,
    list_file: str | None,
    user: str,
    password_file: str | None,
    allow_http_login: bool,
    enable_https: bool,
    expect_fingerprint: str | None,
    patience: float | None,
    no_wait: bool,
    as_json: bool,
) -> ExitCode:
    """Add devices and bring each to HTTPS as far as it can go.

    ADDRESS is such as 192.168.20.1, 192.168.20.1:4443 or cam-7.local; http://192.168.20.1 adds it over plain HTTP.
    One argument may hold several, as pasted from a mail. The FILE of --from may have headings, and comments after #;
    nothing is added where one line of it is wrong. The login is the same for all of them; without --password-file the
    password is asked for on the terminal. --json prints one object for one ADDRESS, an array for several or a FILE.
    """
    from core.model.messages import AddDevices

    _check_stdin(list_file, password_file)
    entries = _entries(addresses, list_file)
    _check_single(entries, name=name, expect=expect_fingerprint)
    command = AddDevices(
        addresses=tuple(entry.address for entry in entries),
        expect=fingerprint_of(expect_fingerprint, "--expect-fingerprint"),
        user=user,
        password=read_password(user, password_file),
        names=(name,) if name else _names(entries),
        allow_http_login=allow_http_login,
        enable_https=enable_https,
        patience=patience,
    )
    devices = run(installed(options.place(), command, command.addresses, wait=not no_wait))
    single = len(entries) == 1 and list_file is None
    return tell(devices, single=single, finished=not no_wait, as_json=as_json)


def _check_stdin(list_file: str | None, password_file: str | None) -> None:
    if list_file == password_file == "-":
        raise UsageError("Standard input cannot be both the list and the password.", "Put one of them into a file.")


def _names(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Return a name for each entry, or none at all where no entry has one."""
    names = tuple(entry.name for entry in entries)
    return names if any(names) else ()


def _entries(addresses: Sequence[str], list_file: str | None) -> tuple[Entry, ...]:
    """Return what is to be added, from the command line and then from the list. Raises `UsageError`."""
    from core.service.typed import parse_list, parse_pasted

    typed = tuple(entry for text in addresses for entry in parse_pasted(text))
    listed = parse_list(_read(list_file), beside=typed) if list_file is not None else ()
    if not (typed or listed):
        raise UsageError("There is nothing to add.", "Give an ADDRESS such as 192.168.20.1, or a list: --from FILE.")
    return (*typed, *listed)


def _read(file: str) -> bytes:
    from core.service.typed import LONGEST_LIST

    try:
        if file == "-":
            return sys.stdin.buffer.read(LONGEST_LIST + 1)
        with Path(file).open("rb") as opened:
            return opened.read(LONGEST_LIST + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}.", "Check --from.") from None


def _check_single(entries: Sequence[Entry], *, name: str | None, expect: str | None) -> None:
    if len(entries) > 1 and (name or expect):
        option = "--name" if name else "--expect-fingerprint"
        raise UsageError(f"{option} is for one ADDRESS, not for {len(entries)}.", "Add that device on its own.")
