"""What the plain commands print: tables and lines for people, JSON for programs. No terminal codes in either."""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from core.model.device import AttentionKind, CertificateView, Connection, DeviceView, InstallView, StepState, StepView
from core.model.messages import Authority, DeviceDetail, Event, to_builtins

_BLOCKED = "Error with device certificate"
_REVIEWS = frozenset({AttentionKind.REVIEW_CHANGE, AttentionKind.REVIEW_LEAF, AttentionKind.UNEXPECTED_LEAF})
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


def devices_text(devices: Sequence[DeviceView]) -> str:
    """Return the table of devices and, below it, what a person has to do."""
    if not devices:
        return "No devices yet."
    tasks = [task_text(device) for device in devices if device.attention]
    return "\n".join([table(_HEADINGS, map(_row, devices)), *([""] if tasks else []), *tasks])


def _row(device: DeviceView) -> tuple[str, ...]:
    return state(device), device.name, device.address, certificate(device), day(device.not_after) or "-"


def state(device: DeviceView) -> str:
    """Return where a device stands, in one or two words."""
    if device.connection is Connection.ADDING and device.step and device.steps:
        return f"adding {device.step}/{device.steps}"
    if device.connection is Connection.BLOCKED:
        return "BLOCKED"
    if device.connection is Connection.ONLINE and device.attention_kind in _REVIEWS:
        return "review"
    return "found" if device.connection is Connection.DISCOVERED else device.connection.value


def certificate(device: DeviceView) -> str:
    """Return the certificate field, or why there is none."""
    if device.certificate_field is not None:
        return device.certificate_field.value
    return "not added" if device.connection is Connection.DISCOVERED else "-"


def task_text(device: DeviceView) -> str:
    """Return what a person has to do about a device, with its address, as names can be alike (rule R34)."""
    said = f"{device.name} ({device.address}): {device.attention}"
    return f"{said}\n  {device.attention_hint}" if device.attention_hint else said


def day(moment: str | None) -> str:
    """Return the date of an ISO 8601 time, empty for None."""
    return (moment or "")[:10]


def lines(pairs: Iterable[tuple[str, str | None]]) -> str:
    """Return `label  value` lines with the values in one column; pairs without a value are left out."""
    kept = [(label, value) for label, value in pairs if value]
    longest = max((len(label) for label, _ in kept), default=0)
    return "\n".join(f"{label:<{longest}}  {value}" for label, value in kept)


def detail_value(detail: DeviceDetail) -> dict[str, Any]:
    """Return a device for `--json`: its own keys on top, the rest under keys of their own."""
    return {
        **to_builtins(detail.device),
        "stored_certificate": to_builtins(detail.stored),
        "presented_certificate": to_builtins(detail.presented),
        "stored_by": detail.stored_by,
        "stored_at": detail.stored_at,
        "install": to_builtins(detail.install),
        "events": to_builtins(detail.events),
    }


def detail_text(detail: DeviceDetail) -> str:
    """Return all that is known of a device, as lines."""
    parts = [lines(_facts(detail.device))]
    if detail.stored is not None:
        by = f"stored by {detail.stored_by}, {detail.stored_at}" if detail.stored_by else ""
        parts.append("Stored certificate\n" + _indented(certificate_text(detail.stored, by)))
    if detail.presented is not None:
        parts.append("Presented certificate, another one\n" + _indented(certificate_text(detail.presented)))
    if detail.install is not None:
        parts.append("Install\n" + _indented(install_text(detail.install)))
    if detail.events:
        parts.append("History\n" + _indented(events_text(detail.events)))
    return "\n\n".join(parts)


def _facts(device: DeviceView) -> Iterable[tuple[str, str | None]]:
    yield "Name", device.name
    yield "Id", device.id
    yield "Address", device.address
    yield "State", f"{state(device)}: {_BLOCKED}" if device.connection is Connection.BLOCKED else state(device)
    yield "Certificate", _field(device)
    yield "To do", device.attention
    yield "", device.attention_hint
    yield "Video", device.video
    yield "TLS", device.tls
    yield "Model", " ".join(filter(None, (device.manufacturer, device.model, device.firmware)))
    yield "Serial", device.serial
    yield "Found by", ", ".join(device.found_by)
    yield "Last check", device.last_check


def _field(device: DeviceView) -> str:
    return f"{certificate(device)}, {device.origin.value}" if device.origin else certificate(device)


def certificate_text(view: CertificateView, note: str = "") -> str:
    """Return what can be shown of a certificate, as lines. `note` stands below the fingerprint."""
    readable = None if view.readable else f"{view.size} bytes that are not readable as a certificate"
    return lines(
        [
            ("SHA-256", grouped(view.fingerprint)),
            ("", note),
            ("", readable),
            ("Subject", view.subject),
            ("Issuer", f"{view.issuer} (itself)" if view.self_signed else view.issuer),
            ("Names", ", ".join(view.names)),
            ("Valid", f"{day(view.not_before)} to {day(view.not_after)}" if view.not_after else None),
            ("Key", view.key),
            ("Signature", view.signature),
            ("Serial", view.serial),
            *(("Note", warning) for warning in view.warnings),
        ]
    )


def grouped(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, for eyes to compare."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))


_MARKS = {
    StepState.WAITING: " ",
    StepState.DOING: ">",
    StepState.DONE: "=",
    StepState.FAILED: "x",
    StepState.SKIPPED: "-",
}


def install_text(install: InstallView) -> str:
    """Return the steps of an install and, where it is finished, its outcome."""
    told = [table(("", "", "STEP", "", "TIME"), map(_step_row, install.steps))]
    return "\n".join(told + [text for text in (install.outcome, install.hint) if text])


def _step_row(step: StepView) -> tuple[str, ...]:
    return _MARKS[step.state], str(step.number), step.title, step.detail, seconds(step.seconds)


def seconds(value: float | None) -> str:
    """Return a duration in words, empty for None."""
    return "" if value is None else f"{value:.1f} s"


def events_text(events: Sequence[Event]) -> str:
    """Return events as lines, oldest first."""
    if not events:
        return "No events yet."
    return table(("TIME", "WHO", "DEVICE", "WHAT"), ((event.at, event.who, event.name, event.text) for event in events))


def authority_value(authority: Authority) -> dict[str, Any]:
    """Return the authority for `--json`: the keys of its certificate, and `protection`."""
    return {**to_builtins(authority.certificate), "protection": authority.protection}


def authority_text(authority: Authority) -> str:
    """Return the authority's certificate, and how its key is protected, as lines."""
    return certificate_text(authority.certificate) + "\n" + lines([("Private key", authority.protection)])


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
