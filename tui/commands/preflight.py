"""`camtrust preflight`: how an install would go, told before anything is done."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from core.model.errors import ExitCode
from tui.attach import Options, ask, run
from tui.commands.options import as_json, complete_device, pass_options
from tui.prompts import read_password

if TYPE_CHECKING:
    from core.model.preflight import Finding, PreflightReport

_WIDTH = 60


@click.command("preflight")
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...", shell_complete=complete_device)
@click.option("--user", default="", help="User name on the camera.  [default: the stored login]")
@click.option("--password-file", metavar="FILE", help="File with the password in its first line; '-' is stdin.")
@click.option("--allow-http-login", is_flag=True, help="Log in even where there is no HTTPS: others could read it.")
@as_json
@pass_options
def preflight(
    options: Options,
    devices: tuple[str, ...],
    user: str,
    password_file: str | None,
    allow_http_login: bool,
    as_json: bool,
) -> ExitCode:
    """Tell how installing a certificate would go, and change nothing on the device.

    It logs in once and asks: by which way it takes a certificate, which key it would make, whether there is room, what
    its clock says, how long it will take and what stops meanwhile. DEVICE is an id, a name or an address, of a device
    that is added, found, or neither. Without --password-file the password of --user is asked for on the terminal.

    Returns 0 if all are ready, 1 if one is not, 3 if one shows another certificate than it should, 4 if one does not
    answer.
    """
    from core.model.preflight import Preflight, PreflightReports
    from tui.output import json_text

    command = Preflight(
        devices=devices,
        user=user,
        password=read_password(user, password_file),
        allow_http_login=allow_http_login,
    )
    reports = run(ask(options.place(), command, PreflightReports)).reports
    shown = reports[0] if len(reports) == 1 else reports
    click.echo(json_text(shown) if as_json else "\n\n".join(map(report_text, reports)))
    return exit_code(reports)


def report_text(report: PreflightReport) -> str:
    """Return a report as lines, what weighs marked as on the screens."""
    from tui.output import table
    from tui.preflights import named

    head = f"{named(report)}: {report.readiness}"
    return "\n".join([head, table(*_with_headings(report.findings))])


def _with_headings(findings: Sequence[Finding]) -> tuple[Sequence[str], list[Sequence[str]]]:
    first, *rest = (row for finding in findings for row in _rows(finding))
    return first, rest


def _rows(finding: Finding) -> Iterator[Sequence[str]]:
    """A finding with its mark, and below it what it means or what to do about it."""
    from tui.preflights import MARKS

    text = textwrap.wrap(finding.text, _WIDTH, break_on_hyphens=False)
    hint = textwrap.wrap(finding.hint, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    for number, line in enumerate((*text, *hint)):
        yield (MARKS[finding.weight], finding.label, line) if number == 0 else ("", "", line)


def exit_code(reports: Sequence[PreflightReport]) -> ExitCode:
    """Return what the shell is told; what does not answer weighs most."""
    return max(map(_exit_code, reports), default=ExitCode.FAILED)


def _exit_code(report: PreflightReport) -> ExitCode:
    from core.model.preflight import Readiness, Topic

    if report.readiness in (Readiness.READY, Readiness.NOTES):
        return ExitCode.DONE
    if not report.scheme:
        return ExitCode.UNREACHABLE
    other = any(one.topic is Topic.CERTIFICATE and one.weight is Readiness.CANNOT for one in report.findings)
    return ExitCode.REVIEW if other else ExitCode.FAILED
