"""What things look like: a style for each tone in each theme, and characters for terminals that do not have all."""

import codecs
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from rich.cells import cell_len
from rich.style import Style

from tui.words import Tone

Theme = Literal["ansi", "night", "contrast"]


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """A theme: a style for each tone, and what the row at the cursor has besides.

    `ink` and `ground` are the colours where there is no text of ours, as style sheets name them.
    """

    styles: Mapping[Tone, Style]
    cursor: Style
    ink: str = "ansi_default"
    ground: str = "ansi_default"


_ANSI = Look(
    {
        Tone.PLAIN: Style(),
        Tone.QUIET: Style(dim=True),
        Tone.STRONG: Style(bold=True),
        Tone.ALARM: Style(color="red", bold=True, reverse=True),
        Tone.ASK: Style(color="cyan", bold=True),
        Tone.WORK: Style(color="blue", bold=True),
        Tone.WARN: Style(color="yellow"),
    },
    cursor=Style(reverse=True),
)
"""The terminal's own colours, of the 16 that every terminal with colours has."""


def _on(ground: str, styles: Mapping[Tone, Style]) -> Mapping[Tone, Style]:
    return {tone: Style(bgcolor=ground) + style for tone, style in styles.items()}


_NIGHT = Look(
    _on(
        "#121212",
        {
            Tone.PLAIN: Style(color="#d7d7ff"),
            Tone.QUIET: Style(color="#8a8a8a"),
            Tone.STRONG: Style(color="#ffffff", bold=True),
            Tone.ALARM: Style(color="#ff5f5f", bold=True, reverse=True),
            Tone.ASK: Style(color="#5fd7ff", bold=True),
            Tone.WORK: Style(color="#5f87ff", bold=True),
            Tone.WARN: Style(color="#ffaf00"),
        },
    ),
    cursor=Style(reverse=True),
    ink="#d7d7ff",
    ground="#121212",
)
"""For dark rooms. Each colour is one of the 256, so that it is the same in true colour.

What differs only in hue lies between blue and orange, which people who confuse red and green tell apart; red is for the
alarm alone, which has its mark, its word and a block of its own as well.
"""

_CONTRAST = Look(
    _on(
        "#000000",
        {
            Tone.PLAIN: Style(color="#ffffff"),
            Tone.QUIET: Style(color="#ffffff"),
            Tone.STRONG: Style(color="#ffffff", bold=True),
            Tone.ALARM: Style(color="#ffffff", bold=True, reverse=True, underline=True),
            Tone.ASK: Style(color="#ffffff", bold=True, underline=True),
            Tone.WORK: Style(color="#ffffff", bold=True),
            Tone.WARN: Style(color="#ffffff", underline=True),
        },
    ),
    cursor=Style(reverse=True, bold=True),
    ink="#ffffff",
    ground="#000000",
)
"""White on black, black on white at the cursor; nothing is told by a colour, and nothing is dim."""

LOOKS: Mapping[Theme, Look] = MappingProxyType({"ansi": _ANSI, "night": _NIGHT, "contrast": _CONTRAST})

_FALLBACKS = {"…": "...", "·": "-", "—": "-", "⟨": "<", "⟩": ">", "•": "*"}


class _Drawing:
    """What is drawn with; decided once, at start."""

    encoding = "utf-8"
    look = _ANSI


def use_theme(theme: Theme, colours: str) -> None:
    """Draw with a theme from now on, on a terminal with these colours (`tui.terminal.colours`).

    Where there are too few for a theme, the terminal's own are used.
    """
    can = theme != "night" or colours in ("256", "truecolor")
    _Drawing.look = LOOKS[theme if can else "ansi"]


def look() -> Look:
    """Return the theme in use."""
    return _Drawing.look


def output_encoding(environ: Mapping[str, str] = os.environ) -> str:
    """Return the encoding that the terminal takes: what the locale names, else ASCII.

    Python's own choice says nothing about the terminal: it is UTF-8 too where the locale is C, or not installed.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    _, _, named = locale.partition(".")
    try:
        codec = codecs.lookup(named.partition("@")[0]).name
        return codec if "~A".encode(codec) == b"~A" else "ascii"
    except LookupError:
        return "ascii"


def use_encoding(name: str) -> None:
    """Draw for a terminal with this encoding from now on."""
    _Drawing.encoding = name
    shown.cache_clear()


def encoding() -> str:
    """Return the encoding in use."""
    return _Drawing.encoding


def is_plain() -> bool:
    """Tell whether the terminal cannot draw more than ASCII, or Latin-1: no lines, no blocks."""
    return "utf" not in _Drawing.encoding.lower()


@lru_cache(maxsize=4096)
def shown(text: str) -> str:
    """Return `text` with each character that the terminal's encoding does not have replaced by one that it has."""
    if text.isascii() or not is_plain():
        return text
    return "".join(character if _has(character) else _FALLBACKS.get(character, "?") for character in text)


def shown_in_place(text: str) -> str:
    """Return the same in just as many cells as `text`, for where a cursor is in it."""
    if text.isascii() or not is_plain():
        return text
    return "".join(character if _has(character) else _in_place(character) for character in text)


def _in_place(character: str) -> str:
    cells, fallback = cell_len(character), _FALLBACKS.get(character, "")
    return fallback if len(fallback) == cells else "?" * cells


def _has(character: str) -> bool:
    try:
        character.encode(_Drawing.encoding)
    except UnicodeEncodeError:
        return False
    return True
