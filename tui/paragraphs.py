"""Lines of text with a tone for each part: fitting, wrapping and aligning them by terminal cells."""

from collections.abc import Iterable

from rich.cells import cell_len, set_cell_size

from tui.look import shown
from tui.words import Tone

Span = tuple[str, Tone]
Line = tuple[Span, ...]

EMPTY: Line = ()
LABEL = 14
"""Cells that the label of a field takes, with the space after it."""


def plain(text: str, tone: Tone = Tone.PLAIN) -> Line:
    """Return a line in one tone."""
    return ((text, tone),)


def length(line: Line) -> int:
    """Return the cells that a line takes."""
    return sum(cell_len(shown(text)) for text, _ in line)


def fit(text: str, width: int) -> str:
    """Return `text` in exactly `width` cells: padded, or cut with a mark that says so."""
    text = shown(text)
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    mark = shown("…")
    return set_cell_size(text, max(width - cell_len(mark), 0)) + mark[: max(width, 0)]


def longest(texts: Iterable[str], width: int) -> str:
    """Return the first of these texts, of which each says less than the one before, that fits; else the last one."""
    text = ""
    for text in texts:
        if cell_len(shown(text)) <= width:
            break
    return text


def cut(line: Line, width: int) -> Line:
    """Return the line in at most `width` cells."""
    spans: list[Span] = []
    for text, tone in line:
        cells = cell_len(shown(text))
        if cells > width:
            return (*spans, (fit(text, width), tone)) if width > 0 else tuple(spans)
        spans.append((text, tone))
        width -= cells
    return tuple(spans)


def two_ends(left: Line, right: Line, width: int) -> Line:
    """Return a line with one part at each end. Where both do not fit, the left one is cut."""
    right = cut(right, width)
    room = width - length(right)
    left = cut(left, max(room - 2, 0))
    return (*left, (" " * (room - length(left)), Tone.PLAIN), *right)


def wrapped(text: str, width: int) -> list[str]:
    """Break a text between words into lines of at most `width` cells; a longer word is broken too."""
    width = max(width, 1)
    lines = [""]
    for word in shown(text).split():
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cell_len(joined) <= width:
            lines[-1] = joined
        else:
            lines += _pieces(word, width)
    return [line for line in lines if line] or [""]


def _pieces(word: str, width: int) -> list[str]:
    pieces: list[str] = []
    piece, cells = "", 0
    for character in word:
        wide = cell_len(character)
        if cells + wide > width and piece:
            pieces.append(piece)
            piece, cells = "", 0
        piece, cells = piece + character, cells + wide
    return [*pieces, piece]


def paragraph(text: str, width: int, tone: Tone = Tone.PLAIN, indent: int = 0) -> list[Line]:
    """Return a text as lines, `indent` cells from the left."""
    return [((" " * indent, Tone.PLAIN), (line, tone)) for line in wrapped(text, width - indent)]


def field(label: str, text: str, width: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    """Return `label  text` with the text wrapped beside its label; nothing where there is no text."""
    if not text:
        return []
    lines = wrapped(text, width - LABEL)
    labels = [label, *[""] * (len(lines) - 1)]
    return [((fit(label, LABEL), Tone.QUIET), (line, tone)) for label, line in zip(labels, lines, strict=True)]


def fields(rows: Iterable[tuple[str, str]], width: int) -> list[Line]:
    """Return several fields, without those that have no text."""
    return [line for label, text in rows for line in field(label, text, width)]
