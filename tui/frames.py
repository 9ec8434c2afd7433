"""What to send to a terminal so that it shows a frame: only the cells that differ from the frame before. Pure."""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Frame = Sequence[Strip]
"""The lines of a screen, all of one width."""

Written = Callable[[Strip], str]
"""Returns a strip as text with escape sequences, at whose end the terminal's style is the default again."""

_CLEAR_SCREEN = "\x1b[2J"
_CLEAR_TO_END = "\x1b[K"
_WORTH_A_JUMP = 8
"""As many equal cells are sent again, because going past them takes about as many bytes."""

_Cell = tuple[str, Style]
_BLANK: _Cell = (" ", Style())


def difference(before: Frame | None, after: Frame, written: Written) -> str:
    """Return what makes a terminal that shows `before` show `after`; nothing where they are equal.

    `before` is None where nobody knows what the terminal shows. After another size nobody does either.
    """
    if before is None or _size(before) != _size(after):
        blank = Strip([])
        return _CLEAR_SCREEN + "".join(_line(y, blank, strip, written) for y, strip in enumerate(after))
    pairs = enumerate(zip(before, after, strict=True))
    return "".join(_line(y, old, new, written) for y, (old, new) in pairs if old != new)


def _size(frame: Frame) -> tuple[int, int]:
    return len(frame), frame[0].cell_length if frame else 0


def _line(y: int, old: Strip, new: Strip, written: Written) -> str:
    old, new = _lean(old), _lean(new)
    if not (_has_single_cells(old) and _has_single_cells(new)):
        # Terminals do not agree how wide such characters are: positions right of them mean nothing.
        return _go_to(0, y) + _CLEAR_TO_END + written(new)
    cells = _cells(new)
    end = _end(cells)
    return "".join(_part(y, first, last, end, new, written) for first, last in _runs(_cells(old), cells))


def _part(y: int, first: int, last: int, end: int, line: Strip, written: Written) -> str:
    """Return cells of a line that is blank from `end` on."""
    if last - end <= len(_CLEAR_TO_END):
        return _go_to(first, y) + written(line.crop(first, last))
    text = written(line.crop(first, end)) if first < end else ""
    return _go_to(first, y) + text + _CLEAR_TO_END


def _runs(old: Sequence[_Cell], new: Sequence[_Cell]) -> Iterator[tuple[int, int]]:
    """Give where the cells differ, from and to; what is nearly adjacent is one run."""
    different = (x for x, (one, other) in enumerate(zip_longest(old, new, fillvalue=_BLANK)) if one != other)
    first = last = -1
    for x in different:
        if first < 0:
            first = x
        elif x - last > _WORTH_A_JUMP:
            yield first, last + 1
            first = x
        last = x
    if first >= 0:
        yield first, last + 1


def _cells(line: Strip) -> list[_Cell]:
    return [
        _BLANK if character == " " and _is_invisible(style) else (character, style)
        for text, style, _ in line
        for character in text
        if style is not None
    ]


def _end(cells: Sequence[_Cell]) -> int:
    """Return the number of cells without the blank ones at the right."""
    return next((x + 1 for x in reversed(range(len(cells))) if cells[x] != _BLANK), 0)


def _lean(line: Strip) -> Strip:
    """Return a line without what cannot be seen of its styles, in as few segments as possible."""
    return Strip([Segment(text, _seen(style or Style())) for text, style, _ in line], line.cell_length).simplify()


@lru_cache(maxsize=1024)
def _seen(style: Style) -> Style:
    color = None if style.color is None or style.color.is_default else style.color
    ground = None if style.bgcolor is None or style.bgcolor.is_default else style.bgcolor
    return style.clear_meta_and_links().without_color + Style.from_color(color, ground)


@lru_cache(maxsize=1024)
def _is_invisible(style: Style) -> bool:
    """Tell whether a space in this style looks like an empty cell."""
    return not (style.bgcolor or style.reverse or style.underline or style.underline2 or style.strike or style.overline)


def _has_single_cells(line: Strip) -> bool:
    return all(text.isascii() or all(cell_len(character) == 1 for character in text) for text, _, _ in line)


def _go_to(x: int, y: int) -> str:
    return f"\x1b[{y + 1};{x + 1}H"
