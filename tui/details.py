"""A device, an install and events as lines: what the drawer and the full screens show. Pure."""

from collections.abc import Iterable
from datetime import datetime

from core.model.device import (
    CertificateField,
    Connection,
    DeviceView,
    InstallView,
    StepState,
    StepView,
)
from core.model.messages import DeviceDetail, Event
from tui.certificate import fingerprint_lines, issuer, short_facts
from tui.keys import key_of
from tui.paragraphs import Line, field, fields, fit, length, paragraph, plain, two_ends, wrapped
from tui.summary import sentences
from tui.words import (
    ADDING,
    BLOCKED_TEXT,
    ORIGINS,
    STEP_MARKS,
    VIDEO,
    Tone,
    bar,
    certificate,
    day,
    elapsed,
    full_standing,
    history,
    listed,
    moment,
    pace,
    state,
    took,
)

_NOT_ENCRYPTED = "Not encrypted. To change that: enable HTTPS on the camera, then"
_HISTORY = 8
_ROOMY = 80


def device_lines(
    device: DeviceView, detail: DeviceDetail | None, now: datetime, width: int, doing: str = ADDING
) -> list[Line]:
    """Return the drawer: all that is known of a device. `detail` comes a moment later than the device.

    `doing` is what its install is called.
    """
    where = state(device, now)
    lines = field("Status", f"{where.mark} {full_standing(device, now, doing)}", width, where.tone)
    lines = [*_certificate_field(device, width), *lines, *_to_do(device, width)]
    if detail is not None:
        lines += _certificates(detail, now, width)
    lines += fields(_facts(device, now), width)
    if detail is not None and detail.events:
        lines += _history_lines(detail.events, now, width)
    return lines


def _certificate_field(device: DeviceView, width: int) -> list[Line]:
    if device.connection is Connection.DISCOVERED:
        return []
    word = certificate(device) or ("not known yet" if device.connection is Connection.ADDING else "none stored")
    origin = ORIGINS[device.origin] if device.origin and device.certificate_field is not CertificateField.HTTP else ""
    lines = field("Certificate", f"{word}, {origin}" if origin else word, width, Tone.STRONG)
    if device.certificate_field is CertificateField.HTTP:
        lines += field("", f"{_NOT_ENCRYPTED} {key_of('replace')} Replace.", width)
    return lines


def _to_do(device: DeviceView, width: int) -> list[Line]:
    if device.attention is None:
        return []
    told = (
        device.attention_hint
        if device.attention == BLOCKED_TEXT
        else sentences(device.attention, device.attention_hint)
    )
    return [*field("To do", told, width), *field("Why", device.change or "", width, Tone.STRONG)]


def _certificates(detail: DeviceDetail, now: datetime, width: int) -> list[Line]:
    if detail.stored is None or detail.device.certificate_field is CertificateField.HTTP:
        return []
    by = f"{day(detail.stored_at, now)} by {detail.stored_by}" if detail.stored_by else ""
    lines = [*fingerprint_lines("SHA-256", detail.stored.fingerprint), *field("Stored", by, width)]
    lines += fields(short_facts(detail.stored, now), width)
    if detail.presented is not None:
        lines += fingerprint_lines("Presented", detail.presented.fingerprint, Tone.ALARM)
        lines += field("", f"issued by {issuer(detail.presented)}", width)
        lines += field("", f"at {detail.device.presented_at}" if detail.device.presented_at else "", width)
    return lines


def _facts(device: DeviceView, now: datetime) -> Iterable[tuple[str, str]]:
    firmware = f"firmware {device.firmware}" if device.firmware else ""
    serial = f"serial {device.serial}" if device.serial else ""
    model = " ".join(filter(None, (device.manufacturer, device.model)))
    yield "Connection", listed(filter(None, (device.tls, f"video {VIDEO[device.video]}" if device.video else "")))
    yield "Model", listed(filter(None, (model, firmware, serial)))
    yield "Address", device.address
    yield "Also at", listed(address for address in device.addresses if address != device.host)
    yield "Found by", listed(device.found_by)
    yield "Last check", moment(device.last_check, now)


def _history_lines(events: Iterable[Event], now: datetime, width: int) -> list[Line]:
    newest = list(events)[-_HISTORY:][::-1]
    told = [("History" if number == 0 else "", history(event, now)) for number, event in enumerate(newest)]
    return fields(told, width)


_SECONDS = 9
_BAR = 12
_NUMBER, _TITLE = 6, 26


def install_lines(install: InstallView, device: DeviceView | None, now: datetime, width: int) -> list[Line]:
    """Return the install screen: one line a step, what it says below it where that is long, and how it ended."""
    lines: list[Line] = []
    for step in install.steps:
        lines += _step_lines(step, width)
    lines.append(())
    if not install.finished:
        lines += paragraph("Do not change the camera's settings before it is finished.", width, Tone.STRONG, 1)
        lines += paragraph("You may leave this screen, and camtrust: the work goes on.", width, indent=1)
        until = f"x cancels until step {install.binding_from}; from there on it is carried to its end."
        return lines + (paragraph(until, width, indent=1) if install.binding_from else [])
    lines += paragraph(install.outcome, width, Tone.STRONG, 1)
    lines += paragraph(install.hint, width, indent=1) if install.hint else []
    if device is not None:
        now_it_is = listed(filter(None, (certificate(device), full_standing(device, now))))
        lines += [(), *paragraph(f"Now: {state(device, now).mark} {now_it_is}", width, indent=1)]
    return lines


_STEP_TONES = {
    StepState.WAITING: Tone.PLAIN,
    StepState.DOING: Tone.WORK,
    StepState.DONE: Tone.PLAIN,
    StepState.FAILED: Tone.ALARM,
    StepState.SKIPPED: Tone.QUIET,
}


def _step_lines(step: StepView, width: int) -> list[Line]:
    tone = _STEP_TONES[step.state]
    words = Tone.PLAIN if step.state is StepState.FAILED else tone
    left: Line = (
        (f" {STEP_MARKS[step.state]}", tone),
        (f" {step.number:>2} {step.title:<{_TITLE}}  ", words),
    )
    beside = width - length(plain(step.title)) - _NUMBER - 3
    right = next((end for end in _step_ends(step) if length(end) <= beside), ())
    room = width - length(left) - max(length(right), _SECONDS) - 2
    detail = wrapped(step.detail, room) if step.detail else [""]
    if len(detail) == 1:
        return [two_ends((*left, (detail[0], Tone.PLAIN)), (*right, (" ", Tone.PLAIN)), width)]
    first = two_ends(left, (*right, (" ", Tone.PLAIN)), width)
    return [first, *paragraph(step.detail, width - 1, words, _NUMBER)]


def _step_ends(step: StepView) -> tuple[Line, ...]:
    """Return what stands at the right of a step: the longest first, for as long as there is room for it."""
    if step.state is StepState.WAITING:
        return (plain(f"usually about {round(step.usual)} s", Tone.QUIET),) if step.usual else ()
    if step.state is StepState.DOING and step.usual and step.seconds is not None:
        told = pace(step.seconds, step.usual)
        return plain(f"{bar(step.seconds / step.usual, _BAR)}  {told}", Tone.WORK), plain(told, Tone.WORK)
    return () if step.state is StepState.SKIPPED else (plain(took(step.seconds), Tone.PLAIN),)


def install_heading(install: InstallView) -> str:
    """Return how far an install is, for the right end of its title."""
    if install.finished:
        return f"finished after {elapsed(install.seconds)} "
    return f"{install.doing}, step {install.step} of {len(install.steps)} · {elapsed(install.seconds)} "


_WHEN, _WHO, _NAME = 12, 11, 18
_NARROW_WHO, _NARROW_NAME = 9, 14


def event_lines(events: Iterable[Event], now: datetime, width: int) -> list[Line]:
    """Return events, newest first: when, who, which device, what."""
    who, name = (_WHO, _NAME) if width >= _ROOMY else (_NARROW_WHO, _NARROW_NAME)
    lines: list[Line] = []
    for event in sorted(events, key=lambda event: -event.seq):
        columns = fit(moment(event.at, now), _WHEN) + fit(event.who, who - 1) + " " + fit(event.name, name - 1) + " "
        indent = length(plain(columns))
        first, *rest = wrapped(event.text, width - indent - 1)
        lines.append(((f" {columns}", Tone.QUIET), (first, Tone.PLAIN)))
        lines += [((" " * (indent + 1), Tone.PLAIN), (text, Tone.PLAIN)) for text in rest]
    return lines
