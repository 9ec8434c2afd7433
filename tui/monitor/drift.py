"""Where on the screen the wall stands: it wanders by a cell or a line each minute, so that nothing burns in. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tui.paragraphs import EMPTY, Line
from tui.words import Tone

_WIDE, _HIGH = 120, 40


class Margin(NamedTuple):
    """Cells and lines within which the frame wanders."""

    columns: int
    lines: int


def margin(width: int, height: int) -> Margin:
    """Return what is left round the frame on a terminal of this size."""
    return Margin(6 if width >= _WIDE else 2, 2 if height >= _HIGH else 1)


def offset(room: Margin, now: datetime) -> Margin:
    """Return where the frame stands: along each line of the margin and back again, one step a minute."""
    places = (room.columns + 1) * (room.lines + 1)
    step = int(now.timestamp() // 60) % (2 * max(places - 1, 1))
    step = min(step, 2 * (places - 1) - step)
    line, column = divmod(step, room.columns + 1)
    return Margin(room.columns - column if line % 2 else column, line)


def placed(lines: Sequence[Line], room: Margin, now: datetime, height: int) -> list[Line]:
    """Return lines as they stand in a screen of this height."""
    right, down = offset(room, now)
    moved = [((" " * right, Tone.PLAIN), *line) if line and right else line for line in lines]
    return [*[EMPTY] * down, *moved, *[EMPTY] * height][:height]
