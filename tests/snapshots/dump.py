"""A frame as text: its lines, and what stands out in them by more than its characters. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.color import Color
from rich.style import Style
from textual.strip import Strip

Frame = Sequence[Strip]


def lines(frame: Frame) -> list[str]:
    """Return the characters."""
    return [strip.text.rstrip() for strip in frame]


def styles(frame: Frame) -> list[str]:
    """Return for each line that has any its runs of attributes: `2: 1-8 bold, 60-69 bold red reverse`.

    Lines and cells are counted from 1.
    """
    told = ((number, ", ".join(_runs(strip))) for number, strip in enumerate(frame, 1))
    return [f"{number}: {runs}" for number, runs in told if runs]


def _runs(strip: Strip) -> Iterator[str]:
    cell = 1
    for attributes, segments in groupby(strip, key=lambda segment: attributes_of(segment.style)):
        cells = sum(segment.cell_length for segment in segments)
        if attributes:
            yield f"{cell}-{cell + cells - 1} {attributes}"
        cell += cells


def attributes_of(style: Style | None) -> str:
    """Return `bold red reverse`, in this order; nothing for a style that changes nothing."""
    if style is None:
        return ""
    named = (("bold", style.bold), ("dim", style.dim), ("underline", style.underline), ("reverse", style.reverse))
    words = [word for word, is_set in named if is_set]
    return " ".join((*_colour("", style.color), *_colour("on ", style.bgcolor), *words))


def _colour(before: str, colour: Color | None) -> Iterable[str]:
    return () if colour is None or colour.is_default else (f"{before}{colour.name}",)
