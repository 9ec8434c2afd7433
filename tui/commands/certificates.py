"""`camtrust export` and `camtrust authority`: certificates, shown and written to files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.model.errors import CamtrustError, UsageError
from tui.attach import Options, Place, ask, run
from tui.commands.options import as_json, device_argument, file_options, pass_options
from tui.export import file_name, replace, to_pem, write_new
from tui.prompts import consent, interactive

if TYPE_CHECKING:
    from core.model.messages import Authority


@click.command("export")
@device_argument
@click.option(
    "--which",
    type=click.Choice(["stored", "presented"]),
    default="stored",
    show_default=True,
    help="The certificate that the gateway expects, or the other one that the device shows now.",
)
@file_options
@as_json
@pass_options
def export(
    options: Options, device: str, which: str, output: str | None, pem: bool, force: bool, as_json: bool
) -> None:
    """Write a device's certificate to a file, raw (DER) unless --pem.

    DEVICE is an id, a name or an address. Without -o the file is <id>-<first 8 of the fingerprint>.cer in this folder.
    """
    from core.model.messages import Certificate, ReadCertificate

    _check_output(output, pem=pem, as_json=as_json)
    read = run(ask(options.place(), ReadCertificate(device=device, which=which), Certificate))
    target = output or file_name(read.device, read.fingerprint, pem=pem)
    _write(target, read.der, pem=pem, force=force)
    _tell(target, read.fingerprint, {"device": read.device, "which": which}, as_json=as_json)


@click.group("authority")
def authority() -> None:
    """Show or write the certificate of the authority that signs the cameras' certificates."""


@authority.command("show")
@as_json
@pass_options
def show_authority(options: Options, as_json: bool) -> None:
    """Show the authority's certificate and how its private key is protected."""
    from tui.output import authority_text, authority_value, json_text

    read = _read_authority(options.place())
    click.echo(json_text(authority_value(read)) if as_json else authority_text(read))


@authority.command("export")
@file_options
@as_json
@pass_options
def export_authority(options: Options, output: str | None, pem: bool, force: bool, as_json: bool) -> None:
    """Write the authority's certificate to a file, raw (DER) unless --pem. Its private key never leaves the engine."""
    _check_output(output, pem=pem, as_json=as_json)
    read = _read_authority(options.place())
    fingerprint = read.certificate.fingerprint
    target = output or file_name("camtrust-authority", fingerprint, pem=pem)
    _write(target, read.der, pem=pem, force=force)
    _tell(target, fingerprint, {}, as_json=as_json)


def _read_authority(place: Place) -> Authority:
    from core.model.messages import Authority, ReadAuthority

    return run(ask(place, ReadAuthority(), Authority))


def _check_output(output: str | None, *, pem: bool, as_json: bool) -> None:
    if output == "-" and as_json:
        raise UsageError("Standard output cannot take both the certificate and JSON.", "Give -o FILE, or leave --json.")
    if output == "-" and not pem and sys.stdout.isatty():
        raise UsageError("A raw certificate is not for a terminal.", "Give -o FILE, or --pem for text.")


def _write(target: str, der: bytes, *, pem: bool, force: bool) -> None:
    data = to_pem(der) if pem else der
    if target == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    path = Path(target)
    try:
        write_new(path, data)
    except FileExistsError:
        _consent_to_replace(path, force=force)
        replace(path, data)


def _consent_to_replace(path: Path, *, force: bool) -> None:
    if force:
        return
    if not interactive():
        raise CamtrustError(f"{path} exists already.", "Give another name with -o, or --force to replace it.")
    consent(f"{path} exists already. Replace it?")


def _tell(target: str, fingerprint: str, more: dict[str, str], *, as_json: bool) -> None:
    from tui.output import json_text
    from tui.words import grouped

    if target == "-":
        return
    path = Path(target).absolute()
    if as_json:
        click.echo(json_text({**more, "fingerprint": fingerprint, "file": str(path)}))
    else:
        click.echo(f"{path}\nSHA-256 {' '.join(grouped(fingerprint))}")
