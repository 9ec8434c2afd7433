"""A rollout in words: its lines on the screen, and its summary as a file. Pure."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from core.model.device import CertificateField, InstallView, StepState
from core.model.messages import to_builtins
from core.model.rollout import MemberState, RolloutDevice, RolloutState, RolloutView
from tui.paragraphs import Line, fit, paragraph
from tui.summary import sentences
from tui.words import Tone, bar, day, elapsed, listed, pace, parse_time, plural, took

_COLUMNS = ("name", "address", "model", "state", "certificate", "reason", "hint", "seconds", "device")
_FORMULA = ("=", "+", "-", "@")

Row = tuple[str, Line]
"""A line, and the number of its device in the rollout; empty where it is about no single one."""

Installs = Callable[[str], InstallView | None]


def counts(view: RolloutView) -> dict[str, int]:
    """Return how many devices there are in each state, and with how many of how many it is over."""
    of_state = {state: sum(device.state is state for device in view.devices) for state in MemberState}
    return {"total": view.total, "done": view.done, **{state.replace(" ", "_"): of_state[state] for state in of_state}}


def json_value(view: RolloutView) -> dict[str, Any]:
    """Return the rollout for a JSON file, the counts first."""
    return {**counts(view), "rollout": to_builtins(view)}


def csv_text(view: RolloutView) -> str:
    """Return a line for each device, and a heading."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for device in view.devices:
        values = to_builtins(device)
        writer.writerow([_cell(values[column]) for column in _COLUMNS])
    return text.getvalue()


def _cell(value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: names come from devices (rule R32)."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def summary_name(view: RolloutView, now: datetime) -> str:
    """Return the name of a file for the summary."""
    return f"rollout-{day(view.started_at, now)}.csv"


def summary_file(view: RolloutView, name: str) -> bytes:
    """Return what to write to a file of this name: JSON where that says so, else CSV."""
    is_json = name.casefold().endswith(".json")
    text = json.dumps(json_value(view), indent=2, ensure_ascii=False) + "\n" if is_json else csv_text(view)
    return text.encode()


def how_far(view: RolloutView) -> str:
    """Return with how many devices it is over, and how many of these failed."""
    failed = counts(view)["failed"]
    return f"{view.done} of {view.total}{f', {failed} failed' if failed else ''}"


def how_it_ended(view: RolloutView) -> str:
    """Return a line about the end: the state, and how many devices came to what."""
    told = ((MemberState.SUCCEEDED, "done"), (MemberState.FAILED, "failed"), (MemberState.NOT_STARTED, "not started"))
    many = {state: sum(device.state is state for device in view.devices) for state, _ in told}
    became = ", ".join(f"{many[state]} {word}" for state, word in told if many[state]) or "nothing to do"
    return f"The rollout is {view.state}: {became}."


def left(seconds: float | None) -> str:
    """Return about how long it will take, so coarsely that a screen need not change often."""
    if seconds is None:
        return ""
    tens = max(10, round(seconds / 10) * 10)
    return f"about {tens} s left" if tens < 90 else f"about {round(seconds / 60)} min left"


def top_lines(view: RolloutView, remaining: float | None, width: int) -> list[Line]:
    """Return how far it is as a whole, and what is to be said of it as a whole."""
    if view.state is RolloutState.RUNNING:
        done = view.done / view.total if view.total else 1.0
        told = listed(filter(None, (how_far(view), left(remaining))))
        room = max(width - len(told) - 4, 0)
        lines: list[Line] = [((f" {bar(done, room)}", Tone.WORK), (f"  {told}", Tone.STRONG))]
        return [*lines, *paragraph(_cancelled(view), width, Tone.STRONG, 1)] if view.cancelled_by else lines
    ended, begun = parse_time(view.ended_at), parse_time(view.started_at)
    took_it = f"It took {elapsed((ended - begun).total_seconds())}." if ended and begun else ""
    return paragraph(sentences(how_it_ended(view), view.note, took_it), width, Tone.STRONG, 1)


def _cancelled(view: RolloutView) -> str:
    return f"Cancelled by {view.cancelled_by}: no more are begun, those under way are brought to their end."


def rows(view: RolloutView, installs: Installs, width: int) -> Iterator[Row]:
    """Return all devices, those first that something happens to, by state and by the reason for it."""
    groups: dict[tuple[int, str, str, str], list[int]] = {}
    for number, device in enumerate(view.devices):
        rank, title = _group(device)
        groups.setdefault((rank, title, device.reason, device.hint), []).append(number)
    canaries = {_model(device): device.name for device in view.devices if _is_canary_under_way(device)}
    for (_, title, reason, hint), numbers in sorted(groups.items(), key=lambda group: group[0][0]):
        told = sentences(f"{title}: {len(numbers)}", reason) if reason else f"{title}: {len(numbers)}"
        yield from (("", line) for line in paragraph(told, width - 1, Tone.STRONG, 1))
        yield from (("", line) for line in (paragraph(hint, width - 1, indent=3) if hint else ()))
        for number in numbers:
            device = view.devices[number]
            yield str(number), _row(device, installs(device.device), canaries.get(_model(device), ""), width)


def _group(device: RolloutDevice) -> tuple[int, str]:
    """Return the place of a device's group, and its title."""
    match device.state:
        case MemberState.RUNNING:
            return (0, "Under way, the first of their model") if device.canary else (1, "Under way")
        case MemberState.FAILED:
            return 2, "Failed"
        case MemberState.NOT_STARTED:
            return 3, "Not started"
        case MemberState.WAITING:
            return 4, "Waiting"
        case MemberState.SUCCEEDED:
            return (
                (6, str(device.certificate)) if _has_ours(device) else (5, str(device.certificate or "No certificate"))
            )
        case _:
            return 7, "Nothing to do"


def _has_ours(device: RolloutDevice) -> bool:
    return device.certificate is CertificateField.ARCULES


def _model(device: RolloutDevice) -> str:
    return device.model.casefold()


def _is_canary_under_way(device: RolloutDevice) -> bool:
    return device.state is MemberState.RUNNING and device.canary and bool(device.model)


_MARKS = {
    MemberState.WAITING: (" ", Tone.PLAIN),
    MemberState.RUNNING: (">", Tone.WORK),
    MemberState.FAILED: ("x", Tone.STRONG),
    MemberState.NOT_STARTED: ("-", Tone.PLAIN),
    MemberState.SKIPPED: ("-", Tone.QUIET),
}
_CURSOR, _MARK = 3, 3
_ROOMY, _WIDE = 72, 100


def _row(device: RolloutDevice, install: InstallView | None, canary: str, width: int) -> Line:
    name, address = (24, 22) if width >= _WIDE else (18, 17) if width >= _ROOMY else (18, 0)
    mark, tone = _MARKS.get(device.state, ("=", Tone.PLAIN) if _has_ours(device) else ("?", Tone.ASK))
    where = fit(device.name, name - 1) + " " + (fit(device.address, address - 1) + " " if address else "")
    told = _told(device, install, canary, is_wide=width >= _WIDE)
    room = width - _CURSOR - _MARK - name - address
    return (fit(mark, _MARK), tone), (where, Tone.PLAIN), (fit(told, room).rstrip(), Tone.PLAIN)


def _told(device: RolloutDevice, install: InstallView | None, canary: str, *, is_wide: bool) -> str:
    match device.state:
        case MemberState.RUNNING:
            return _step(install, is_wide=is_wide) if install else "begins"
        case MemberState.WAITING if canary:
            return f"for {canary}, first of its model"
        case MemberState.WAITING:
            usual = f"usually about {round(device.usual)} s" if device.usual else ""
            return usual or device.model or "its model is not known yet"
    first = ("the first" if device.model else "first of its model") if device.canary else ""
    return listed(filter(None, (took(device.seconds), device.model, first)))


def _step(install: InstallView, *, is_wide: bool) -> str:
    doing = next((step for step in install.steps if step.state is StepState.DOING), None)
    at = f"{install.step}/{len(install.steps)}"
    if doing is None:
        return at
    has_pace = is_wide and doing.usual and doing.seconds is not None
    return listed(
        filter(None, (f"{at} {doing.title}", pace(doing.seconds or 0.0, doing.usual or 0.0) if has_pace else ""))
    )


def title(view: RolloutView) -> str:
    """Return which rollout it is."""
    return f"Rollout of {plural(len(view.devices), 'device')}, begun by {view.by}"


def chosen(view: RolloutView, key: str) -> RolloutDevice | None:
    """Return the device whose row has this key."""
    number = int(key) if key.isdecimal() else len(view.devices)
    return view.devices[number] if number < len(view.devices) else None


def kinds(words: Sequence[str]) -> str:
    """Return how many devices there are of each kind: `3 not added · 1 HTTP`."""
    return listed(f"{words.count(word)} {word}" for word in dict.fromkeys(words))
