"""How often devices went offline or were blocked, hour by hour over the last day. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.model.device import Connection
from core.model.messages import Event
from tui.look import is_plain
from tui.paragraphs import Line, fit, length, plain
from tui.words import Tone, parse_time, plural

HOURS = 24
_TROUBLES = frozenset({Connection.OFFLINE.value, Connection.BLOCKED.value})
_EIGHTHS = " ▁▂▃▄▅▆▇█"
_GAP = 2
_WIDE, _WIDER = 100, 160


@dataclass(frozen=True, slots=True)
class History:
    """Troubles by the hour, oldest first; `start` is the first hour.

    `since` is when the events that are known begin, where that is later, else None.
    """

    hours: tuple[int, ...]
    start: datetime
    since: datetime | None

    @property
    def worst(self) -> tuple[datetime, int]:
        """The latest of the hours with the most troubles, and how many these are."""
        count = max(self.hours)
        index = max(number for number, value in enumerate(self.hours) if value == count)
        return self.start + timedelta(hours=index), count


def history(events: Sequence[Event], now: datetime) -> History:
    """Count troubles in the hours up to the present one."""
    start = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=HOURS - 1)
    times = [(event, at) for event in events if (at := parse_time(event.at))]
    hours = Counter((at - start) // timedelta(hours=1) for event, at in times if event.kind in _TROUBLES)
    oldest = min((at.astimezone(now.tzinfo) for _, at in times), default=now)
    return History(tuple(hours[hour] for hour in range(HOURS)), start, oldest if oldest > start else None)


def chart_lines(told: History, width: int, lines: int) -> list[Line]:
    """Return the chart in `lines` lines, empty ones where there was no trouble; below it the hours, if it is high."""
    if not any(told.hours) or lines < 1:
        return [()] * lines
    across = 1 if width < _WIDE else 2 if width < _WIDER else 3
    label = "" if lines > 1 else "24 h  " if told.since is None else f"from {told.since:%H:%M}  "
    words = fit(_words(told, width - len(label) - HOURS * across - _GAP, is_high=lines > 1), width)
    bars = _bars(told.hours, across, max(lines - 1, 1))
    axis = f"{told.start:%H:%M}" + "now".rjust(HOURS * across - 5)
    first = ((label, Tone.QUIET), (bars[0], Tone.PLAIN), (" " * _GAP + words.rstrip(), Tone.PLAIN))
    below = [plain(text) for text in bars[1:]]
    return [first, *below, *([plain(axis, Tone.QUIET)] if lines > 1 else [])]


def _words(told: History, room: int, *, is_high: bool) -> str:
    hour, most = told.worst
    total = plural(sum(told.hours), "time")
    end = hour + timedelta(hours=1)
    reach = f" since {told.since:%H:%M}" if told.since and is_high else ""
    for text in (
        f"{total} offline or blocked{reach}, worst hour {hour:%H:%M}-{end:%H:%M}: {most}",
        f"{total} offline or blocked{reach}, worst hour: {most}",
        f"offline/blocked {sum(told.hours)}x, worst hour {most}",
    ):
        if length(plain(text)) <= room:
            return text
    return fit(f"worst hour {most}", max(room, 0))


def _bars(hours: Sequence[int], across: int, lines: int) -> list[str]:
    """Return one column an hour; in ASCII the counts themselves, in the last line."""
    if is_plain():
        digits = "".join(_digit(count).ljust(across) for count in hours)
        return [*[" " * len(digits)] * (lines - 1), digits]
    parts = len(_EIGHTHS) - 1
    # Whatever happened is to be seen, be it ever so little.
    heights = [-(-count * lines * parts // max(hours)) for count in hours]
    drawn = across if across == 1 else across - 1
    return [
        "".join((_EIGHTHS[min(max(height - parts * line, 0), parts)] * drawn).ljust(across) for height in heights)
        for line in range(lines - 1, -1, -1)
    ]


def _digit(count: int) -> str:
    return "." if not count else str(count) if count < 10 else "+"
