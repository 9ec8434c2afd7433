"""How old what the wall shows is, and what it says of that. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tui.link import LinkState
from tui.monitor.figures import sizes
from tui.paragraphs import Line, fit, plain
from tui.summary import sentences
from tui.words import Tone, moment

SILENT_AFTER = timedelta(seconds=15)
"""After this long without a word from the engine, what it told is old, be there a connection or not."""

_WORD = "OLD"
_GAP = 2


@dataclass(frozen=True, slots=True)
class Freshness:
    """`heard_at` is when the engine was heard last, None where it never was."""

    now: datetime
    link: LinkState
    heard_at: datetime | None

    @property
    def is_old(self) -> bool:
        """Whether what is shown may be so no longer."""
        return not self.link.is_up or self.heard_at is None or self.now - self.heard_at > SILENT_AFTER

    @property
    def as_of(self) -> datetime:
        """The time that what is shown is of."""
        return self.heard_at if self.is_old and self.heard_at else self.now


def ago(span: timedelta) -> str:
    """Return how long something takes, in its largest unit: `3 s`, `2 min`, `5 h`, `3 d`."""
    seconds = max(0, int(span.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def last_word(fresh: Freshness, *, slow: bool) -> Line:
    """Return how old the last word is: coarsely, where few changes are to be sent."""
    if fresh.heard_at is None:
        return plain(" No word from an engine yet ", Tone.ALARM)
    span = fresh.now - fresh.heard_at
    if fresh.is_old:
        return plain(f" OLD: last word {ago(span)} ago, as of {_time(fresh)} ", Tone.ALARM)
    return plain("last word just now" if slow else f"last word {ago(span)} ago", Tone.QUIET)


def _time(fresh: Freshness) -> str:
    at = fresh.as_of
    return f"{at:%H:%M:%S}" if at.date() == fresh.now.date() else f"{moment(at.isoformat(), fresh.now)}:{at:%S}"


def banner(fresh: Freshness, width: int, lines: int) -> list[Line]:
    """Return a block of `lines` lines that cannot be missed: there is no engine, or it is silent."""
    told = _told(fresh)
    large = _large(width, lines) if fresh.heard_at else []
    room = width - (len(large[0]) if large else 0)
    above = max(0, (lines - len(told)) // 2)
    texts = [*[""] * above, *told, *[""] * lines][:lines]
    left = [*large, *[" " * (width - room)] * lines][:lines]
    return [plain(start + fit(f"  {text}", room), Tone.ALARM) for start, text in zip(left, texts, strict=True)]


def _large(width: int, lines: int) -> list[str]:
    """Return the word for it in large letters, where they leave room for the others."""
    for size in sizes(lines - 1 if lines > 5 else lines):
        if size.width(_WORD) + _GAP <= width // 3:
            above = (lines - size.lines + 1) // 2
            drawn = [" " * _GAP + row for row in size.draw(_WORD)]
            return [*[" " * len(drawn[0])] * above, *drawn]
    return []


def _told(fresh: Freshness) -> list[str]:
    why = sentences(fresh.link.title, fresh.link.hint) if not fresh.link.is_up else ""
    if fresh.heard_at is None:
        return ["!! NO ENGINE", why or "Connecting.", "This screen waits for it."]
    head = f"!! NO WORD FOR {ago(fresh.now - fresh.heard_at).upper()}"
    now = why or "The engine is connected, and silent."
    return [head, f"All below is OLD, as of {_time(fresh)}.", now, "This screen comes back by itself."]
