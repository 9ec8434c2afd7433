"""What the plain commands print: tables and lines for people, JSON for programs. No terminal codes in either.

The words are those of the screens; `now` is a time in the zone to show times in.
"""

import json
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from core.model.device import CertificateView, DeviceView, InstallView, StepView
from core.model.messages import Authority, DeviceDetail, Event, to_builtins
from core.model.review import Difference, Explanation, Review
from tui import words

Group = tuple[str, Sequence[DeviceView]]

_HEADINGS = ("STATE", "NAME", "ADDRESS", "CERTIFICATE", "EXPIRES")
_EVENT_COLUMNS = (20, 10, 20)
_SHA256_DIGITS = 64
# So that a terminal of 80 columns breaks no line of a comparison.
_EXPLAINED, _COMPARED = 78, 48


def json_text(value: Any) -> str:
    """Return structs, or plain values of them, as JSON in ASCII."""
    return json.dumps(to_builtins(value), indent=2)


def json_line(value: Any) -> str:
    """Return a struct as JSON in one line of ASCII."""
    return json.dumps(to_builtins(value))


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


def named(device: DeviceView) -> str:
    """Return a device's name, never without its address, as names can be alike (rule R34)."""
    return f"{device.name} ({device.address})"


def task_text(device: DeviceView) -> str:
    """Return what a person has to do about a device."""
    said = f"{named(device)}: {device.attention}"
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
    yield "Probably", device.change
    yield "Video", words.VIDEO[device.video] if device.video else None
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


def event_line(event: Event) -> str:
    """Return an event as a line that lines up with others without knowing them."""
    columns = zip((event.at, event.who, event.name), _EVENT_COLUMNS, strict=True)
    return "  ".join([*(_padded(text, max(columns, width(text))) for text, columns in columns), event.text])


def groups_value(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """Return what has to be decided for `--json`, one object a reason."""
    return [{"reason": reason, "devices": to_builtins(devices)} for reason, devices in groups]


def groups_text(groups: Sequence[Group]) -> str:
    """Return what has to be decided, under the reason for it."""
    if not groups:
        return "Nothing to review."
    told = [_section(f"{why} ({words.plural(len(group), 'device')})", _group_table(group)) for why, group in groups]
    return "\n\n".join([*told, "camtrust review DEVICE compares, camtrust accept DEVICE decides."])


def _group_table(devices: Iterable[DeviceView]) -> str:
    return table(("", "NAME", "ADDRESS", "STORED", "PRESENTED"), map(_group_row, devices))


def _group_row(device: DeviceView) -> tuple[str, ...]:
    stored = words.short(device.fingerprint) if device.fingerprint else "none"
    presented = words.short(device.presented) if device.presented else "the same" if device.fingerprint else "-"
    return "!!" if device.presented else "?", device.name, device.address, stored, presented


def review_text(review: Review, now: datetime) -> str:
    """Return a comparison as lines: why the certificates probably differ, worst first, then field by field."""
    device = review.device
    parts = [f"{named(device)}: {device.attention or words.standing(device, now)}"]
    if review.explanations:
        parts.append(_section("Probably, worst first", "\n".join(map(_explanation_text, review.explanations))))
    if review.stored is not None:
        parts.append(_section("Stored", facts(_storing(review, now))))
    if review.presented is None:
        parts.append("It has not shown a certificate yet.")
    elif review.differences:
        same = review.stored is not None and review.stored.fingerprint == review.presented.fingerprint
        title = "Certificate, stored and presented" if same else "Certificates"
        parts.append(_section(title, _differences_text(review)))
    return "\n\n".join(parts)


def _explanation_text(explanation: Explanation) -> str:
    hint = textwrap.fill(explanation.hint, _EXPLAINED, initial_indent="  ", subsequent_indent="  ")
    return f"{explanation.text}\n{hint}" if hint else explanation.text


def _storing(review: Review, now: datetime) -> Iterable[tuple[str, str | None]]:
    origin = review.device.origin
    yield "Origin", words.ORIGINS[origin] if origin else None
    yield "By", ", ".join(filter(None, (review.stored_by, words.moment(review.stored_at, now))))
    yield "Reason", review.reason


def _differences_text(review: Review) -> str:
    first, *rest = (row for difference in review.differences for row in _difference_rows(difference, review))
    return table(first, rest)


def _difference_rows(difference: Difference, review: Review) -> list[tuple[str, ...]]:
    """Return a field: equal ones once, others below each other, in place for the eye to compare."""
    told = (("stored", difference.stored), ("presented", difference.presented))
    sides = (("", difference.presented),) if difference.same or review.stored is None else told
    mark = "" if review.stored is None else " =" if difference.same else "!="
    lines = [line for side, value in sides for line in _side_lines(side, value)]
    return [(mark, difference.label, *lines[0]), *(("", "", *line) for line in lines[1:])]


def _side_lines(side: str, value: str) -> list[tuple[str, str]]:
    first, *rest = _value_lines(value) or ["-"]
    return [(side, first), *(("", line) for line in rest)]


def _value_lines(value: str) -> Sequence[str]:
    digits = value.replace(" ", "")
    if len(digits) == _SHA256_DIGITS and digits.isalnum():
        return words.grouped(digits)
    return [line for paragraph in value.splitlines() for line in textwrap.wrap(paragraph, _COMPARED)]


def accepted_text(device: DeviceView, now: datetime) -> str:
    """Return what a device is whose certificate was just accepted."""
    told = f"Accepted. {named(device)} is {words.standing(device, now)}, {words.certificate(device)}."
    return "\n".join([told, f"SHA-256 {' '.join(words.grouped(device.fingerprint))}"] if device.fingerprint else [told])


def authority_value(authority: Authority) -> dict[str, Any]:
    """Return the authority for `--json`: the keys of its certificate, and `protection`."""
    return {**to_builtins(authority.certificate), "protection": authority.protection}


def authority_text(authority: Authority) -> str:
    """Return the authority's certificate, and how its key is protected, as lines."""
    return facts([*_certificate_facts(authority.certificate), ("Private key", authority.protection)])
