"""What things look like: a style for each tone, from the 16 colours that every terminal has, and characters to fall
back on where the terminal's encoding has no better ones."""

import os
import sys
from collections.abc import Mapping
from functools import lru_cache

from rich.style import Style

from tui.words import Tone

STYLES = {
    Tone.PLAIN: Style(),
    Tone.QUIET: Style(dim=True),
    Tone.STRONG: Style(bold=True),
    Tone.ALARM: Style(color="red", bold=True, reverse=True),
    Tone.ASK: Style(color="cyan", bold=True),
    Tone.WORK: Style(color="blue", bold=True),
    Tone.WARN: Style(color="yellow"),
}
CURSOR = Style(reverse=True)

_FALLBACKS = {"…": "...", "·": "-", "—": "-", "⟨": "<", "⟩": ">"}


def output_encoding(environ: Mapping[str, str] = os.environ) -> str:
    """Return the encoding that the terminal takes: what the locale names, if it names one, and Python agrees.

    Python writes UTF-8 under the C locale too, which says nothing about the terminal.
    """
    locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
    encoding = getattr(sys.__stderr__, "encoding", None) or "ascii"
    _, _, named = locale.partition(".")
    return encoding if named else "ascii"


class _Encoding:
    """The encoding in use; decided once, at start."""

    name = "utf-8"


def use_encoding(name: str) -> None:
    """Draw for a terminal with this encoding from now on."""
    _Encoding.name = name
    shown.cache_clear()


def is_plain() -> bool:
    """Tell whether the terminal cannot draw more than ASCII, or Latin-1: no lines, no blocks."""
    return "utf" not in _Encoding.name.lower()


@lru_cache(maxsize=4096)
def shown(text: str) -> str:
    """Return `text` with each character that the terminal's encoding does not have replaced by one that it has."""
    if text.isascii() or not is_plain():
        return text
    return "".join(map(_fallback, text))


def _fallback(character: str) -> str:
    try:
        character.encode(_Encoding.name)
    except UnicodeEncodeError:
        return _FALLBACKS.get(character, "?")
    return character
