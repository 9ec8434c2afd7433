"""How many devices are in which state, in large figures side by side. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.model.device import Connection
from tui.monitor.figures import Size, sizes
from tui.paragraphs import Line, cut, longest, plain
from tui.site import Site
from tui.words import Tone, listed

_PADDING = 1


@dataclass(frozen=True, slots=True)
class Tile:
    """A count and the state that it is of: mark, word and tone, which is for a count above zero."""

    mark: str
    word: str
    count: int
    tone: Tone

    @property
    def shown_tone(self) -> Tone:
        """How it is meant: a zero says nothing."""
        return self.tone if self.count else Tone.QUIET

    @property
    def is_alarm(self) -> bool:
        """Whether it must not be missed."""
        return self.shown_tone is Tone.ALARM


def tiles(site: Site, now: datetime) -> tuple[Tile, ...]:
    """Return what is counted, in order; `ADDING` only while any is."""
    counts = site.counts(now)
    online = sum(view.connection is Connection.ONLINE for view in site.devices.values())
    told = (
        Tile("=", "ONLINE", online, Tone.PLAIN),
        Tile("!!", "BLOCKED", counts.blocked, Tone.ALARM),
        Tile("?", "REVIEW", counts.review, Tone.ASK),
        Tile(".", "OFFLINE", counts.offline, Tone.STRONG),
        Tile("~", "EXPIRING", counts.expiring + counts.expired, Tone.WARN),
    )
    return (*told, Tile(">", "ADDING", counts.adding, Tone.WORK)) if counts.adding else told


def tile_lines(counted: Sequence[Tile], width: int, lines: int, gap: int = 0) -> list[Line]:
    """Return counts above their words, in `lines` lines and one more for the words.

    Above are `gap` lines more, empty but for the block that an alarm is.
    """
    labels = _labels(counted, width)
    size = _size(counted, labels, width, lines)
    columns = [_column(tile, label, size) for tile, label in zip(counted, labels, strict=True)]
    widths = [len(column[0]) for column in columns]
    between = max(0, width - sum(widths)) // len(columns)
    above = lines + 1 - len(columns[0])
    rows = [*[[" " * cells for cells in widths]] * gap, *zip(*columns, strict=True)]
    return [*[()] * above, *(cut(_row(counted, row, between), width) for row in rows)]


def _row(counted: Sequence[Tile], texts: Sequence[str], cells: int) -> Line:
    between = (" " * cells, Tone.PLAIN)
    spans = [span for tile, text in zip(counted, texts, strict=True) for span in ((text, tile.shown_tone), between)]
    return tuple(spans[:-1])


def _labels(counted: Sequence[Tile], width: int) -> list[str]:
    """Return the words with their marks where these fit; that of an alarm always has it."""
    full = [f"{tile.mark} {tile.word}" for tile in counted]
    if sum(len(label) + 2 * _PADDING for label in full) <= width:
        return full
    return [label if tile.is_alarm else tile.word for tile, label in zip(counted, full, strict=True)]


def _size(counted: Sequence[Tile], labels: Sequence[str], width: int, lines: int) -> Size | None:
    for size in sizes(lines):
        inner = (max(size.width(str(tile.count)), len(label)) for tile, label in zip(counted, labels, strict=True))
        if sum(cells + 2 * _PADDING for cells in inner) <= width:
            return size
    return None


def _column(tile: Tile, label: str, size: Size | None) -> list[str]:
    """Return a count above its word, as lines of one width."""
    figures = size.draw(str(tile.count)) if size else [str(tile.count)]
    inner = max(len(figures[0]), len(label))
    # Figures keep their shape: all lines of one are moved alike.
    return [" " * _PADDING + text.center(inner) + " " * _PADDING for text in (*figures, label)]


def counted_line(counted: Sequence[Tile], width: int) -> Line:
    """Return the counts in one quiet line, of a time that has passed; those that need somebody come first, and stay."""
    well, *others = counted
    told = [f"{tile.count} {tile.word}" for tile in (*others, well) if tile.count] or ["no devices"]
    return plain(longest((f"then: {listed(told[:count])}" for count in range(len(told), 0, -1)), width), Tone.QUIET)
