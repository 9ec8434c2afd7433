"""The columns of the device table and its rows as lines. What changes most often stands at the left: fewer bytes."""

from datetime import datetime
from typing import NamedTuple

from core.model.device import Connection, DeviceView
from tui.paragraphs import Line, fit
from tui.words import ADDING, VIDEO_COLUMN, Tone, certificate, expires, state

MARKS = 4
"""Cells before the first column: a star where the row is marked, the state's mark, a space."""

STATE = 16
STATE_SPANS = 3
CERTIFICATE = 16
EXPIRES = 7
VIDEO = 9

_VIDEO_FROM = 120


class Columns(NamedTuple):
    """Widths in cells, the gap to the next column included; 0 where there is no room for a column."""

    name: int
    address: int = 0
    certificate: int = 0
    expires: int = 0
    model: int = 0
    serial: int = 0
    video: int = 0


def columns(width: int) -> Columns:
    """Return the columns for a table of `width` cells: 80 hold all that matters, fewer lose columns from the right."""
    room = width - MARKS - STATE
    if room < 27:
        return Columns(max(room, 0))
    if room < 53:
        address = 16 if room < 35 else 21
        return Columns(room - address, address)
    if room < 60:
        return Columns(room - 37, 21, CERTIFICATE)
    video = VIDEO if width >= _VIDEO_FROM else 0
    spare = room - 60 - video
    model = 26 if spare >= 26 else 0
    name = min(spare - model, 16)
    serial = 20 if spare - model - name >= 20 else 0
    return Columns(16 + name, 21, CERTIFICATE, EXPIRES, model, serial, video)


def heading(widths: Columns, sort: str, is_reversed: bool) -> Line:
    """Return the line over the table, with a mark at the column that it is sorted by."""

    def title(column: str) -> str:
        mark = "" if sort != column else "v" if is_reversed else "^"
        return column.capitalize() + mark

    texts = [fit("", MARKS), fit(title("state"), STATE), fit(title("name"), widths.name)]
    texts += [fit(title("address"), widths.address), *_over_both(title("certificate"), title("expires"), widths)]
    texts += [fit("  Video", widths.video), fit("  Model", widths.model), fit("Serial", widths.serial)]
    return (("".join(texts), Tone.STRONG),)


def row(device: DeviceView, widths: Columns, now: datetime, *, is_marked: bool, doing: str = ADDING) -> Line:
    """Return the row of a device. The first `STATE_SPANS` spans are the state, which changes most often.

    `doing` is what its install is called.
    """
    where = state(device, now, doing)
    told = fit(f"{where.mark:<2} {where.word}", MARKS - 2 + STATE).rstrip()
    found = device.connection is Connection.DISCOVERED
    held, ends = _over_both(certificate(device), expires(device, now), widths)
    return (
        ("*", Tone.STRONG) if is_marked else (" ", Tone.PLAIN),
        (told, where.tone),
        (" " * (MARKS - 1 + STATE - len(told)), Tone.PLAIN),
        (fit(device.name, widths.name - 1) + " ", Tone.PLAIN),
        (fit(device.address, widths.address - 1) + " " if widths.address else "", Tone.PLAIN),
        (held, Tone.QUIET if found else Tone.PLAIN),
        (ends, Tone.WARN if where.tone is Tone.WARN else Tone.PLAIN),
        (fit(f"  {_video(device)}", widths.video), Tone.PLAIN),
        (fit(f"  {device.model or ''}", widths.model), Tone.PLAIN),
        (fit(device.serial or "", widths.serial), Tone.PLAIN),
    )


def _video(device: DeviceView) -> str:
    return VIDEO_COLUMN.get(device.video, "") if device.video else ""


def _over_both(left: str, right: str, widths: Columns) -> tuple[str, str]:
    """Return certificate and expiry, the second at the right edge: where the first is short it may reach into it."""
    room = widths.certificate + widths.expires
    if not widths.expires:
        return fit(left, room), ""
    left_room = max(room - len(right), 0)
    return fit(left, left_room), right


def faded(line: Line) -> Line:
    """Return a line as old: nothing of it stands out."""
    return tuple((text, Tone.QUIET) for text, _ in line)
