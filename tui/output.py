"""What the plain commands print: tables and lines for people, JSON for programs. No terminal codes in either.

The words are those of the screens; `now` is a time in the zone to show times in.
"""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core.model.device import CertificateView, DeviceView, InstallView, StepView
from core.model.messages import Authority, DeviceDetail, Event, to_builtins
from tui import words

_HEADINGS = ("STATE", "NAME", "ADDRESS", "CERTIFICATE", "EXPIRES")


def json_text(value: Any) -> str:
    """Return structs, or plain values of them, as JSON in ASCII."""
    return json.dumps(to_builtins(value), indent=2)


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under their headings, each column as wide as its widest cell, two spaces between them."""
    lines = [tuple(headings), *(tuple(row) for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(_padded, line, widths)).rstrip() for line in lines)


def width(text: str) -> int:
    """Return how many columns of a terminal a cleaned text takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - width(text))


def facts(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return `label  value` lines with the values in one column; pairs without a value are left out."""
    kept = [(label, value) for label, value in pairs if value]
    longest = max((len(label) for label, _ in kept), default=0)
    return "\n".join(f"{label:<{longest}}  {value}" for label, value in kept)


def _section(title: str, text: str) -> str:
    return "\n".join([title, *(f"  {line}".rstrip() for line in text.splitlines())])


def devices_text(devices: Sequence[DeviceView], now: datetime) -> str:
    """Return the table of devices and, below it, what a person has to do."""
    if not devices:
        return "No devices yet."
    tasks = [task_text(device) for device in devices if device.attention]
    return "\n".join([table(_HEADINGS, (_row(device, now) for device in devices)), *([""] if tasks else []), *tasks])


def _row(device: DeviceView, now: datetime) -> tuple[str, ...]:
    state = words.state(device, now).word
    return state, device.name, device.address, words.certificate(device) or "-", words.expires(device, now) or "-"


def task_text(device: DeviceView) -> str:
    """Return what a person has to do about a device, with its address, as names can be alike (rule R34)."""
    said = f"{device.name} ({device.address}): {device.attention}"
    return f"{said}\n  {device.attention_hint}" if device.attention_hint else said


def detail_value(detail: DeviceDetail) -> dict[str, Any]:
    """Return a device for `--json`: its own keys on top, the rest under keys of their own."""
    more = {
        "stored_certificate": detail.stored,
        "presented_certificate": detail.presented,
        "stored_by": detail.stored_by,
        "stored_at": detail.stored_at,
        "install": detail.install,
        "events": detail.events,
    }
    return {**to_builtins(detail.device), **to_builtins(more)}


def detail_text(detail: DeviceDetail, now: datetime) -> str:
    """Return all that is known of a device, as lines."""
    parts = [facts(_device_facts(detail.device, now))]
    if detail.stored is not None:
        by = f"{detail.stored_by}, {words.moment(detail.stored_at, now)}" if detail.stored_by else None
        parts.append(_section("Stored certificate", facts([*_certificate_facts(detail.stored), ("Stored by", by)])))
    if detail.presented is not None:
        parts.append(_section("Presented certificate, another one", facts(_certificate_facts(detail.presented))))
    if detail.install is not None:
        parts.append(_section("Install", install_text(detail.install)))
    if detail.events:
        parts.append(_section("History", events_text(detail.events)))
    return "\n\n".join(parts)


def _device_facts(device: DeviceView, now: datetime) -> Iterable[tuple[str, str | None]]:
    yield "Name", device.name
    yield "Id", device.id
    yield "Address", device.address
    yield "State", words.standing(device, now)
    yield "Certificate", words.certificate(device) or "none stored"
    yield "Origin", words.ORIGINS[device.origin] if device.origin else None
    yield "To do", device.attention
    yield "", device.attention_hint
    yield "Video", device.video
    yield "TLS", device.tls
    yield "Model", " ".join(filter(None, (device.manufacturer, device.model, device.firmware)))
    yield "Serial", device.serial
    yield "Found by", ", ".join(device.found_by)
    yield "Last check", words.moment(device.last_check, now)


def _certificate_facts(view: CertificateView) -> Iterable[tuple[str, str | None]]:
    yield from zip(("SHA-256", ""), words.grouped(view.fingerprint), strict=True)
    if not view.readable:
        yield "", f"{view.size} bytes that cannot be read as a certificate"
    yield "Subject", view.subject
    yield "Issuer", f"{view.issuer} (itself)" if view.self_signed else view.issuer
    yield "Names", ", ".join(view.names)
    yield "Valid", f"{view.not_before[:10]} to {view.not_after[:10]}" if view.not_after else None
    yield "Key", view.key
    yield "Signature", view.signature
    yield "Serial", view.serial
    for warning in view.warnings:
        yield "Note", warning


def install_text(install: InstallView) -> str:
    """Return the steps of an install and, where it is finished, its outcome."""
    told = [table(("", "", "STEP", "", "TIME"), map(_step_row, install.steps))]
    return "\n".join(told + [text for text in (install.outcome, install.hint) if text])


def _step_row(step: StepView) -> tuple[str, ...]:
    return words.STEP_MARKS[step.state], str(step.number), step.title, step.detail, words.took(step.seconds)


def events_text(events: Sequence[Event]) -> str:
    """Return events as lines, oldest first, with the times as they are stored: in UTC."""
    if not events:
        return "No events yet."
    return table(("TIME", "WHO", "DEVICE", "WHAT"), ((event.at, event.who, event.name, event.text) for event in events))


def authority_value(authority: Authority) -> dict[str, Any]:
    """Return the authority for `--json`: the keys of its certificate, and `protection`."""
    return {**to_builtins(authority.certificate), "protection": authority.protection}


def authority_text(authority: Authority) -> str:
    """Return the authority's certificate, and how its key is protected, as lines."""
    return facts([*_certificate_facts(authority.certificate), ("Private key", authority.protection)])
