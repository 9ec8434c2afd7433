"""The terminal before anything is drawn on it: whether it can be used, what it can do, and what Textual is told."""

import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

_SETTINGS = {
    # The one that the screens have: any other would be read first, and then thrown away.
    "TEXTUAL_THEME": ("ansi-dark", "(?!)"),
    "TEXTUAL_ANIMATIONS": ("none", "none|basic|full"),
    "TEXTUAL_FPS": ("120", "[1-9][0-9]{0,2}"),
    "TEXTUAL_SMOOTH_SCROLL": ("0", "[01]"),
    "TEXTUAL_COLOR_SYSTEM": ("", "auto|standard|256|truecolor"),
    "TEXTUAL_DISABLE_KITTY_KEY": ("", "[01]"),
}
_NO_CURSOR = frozenset({"", "dumb", "unknown", "vt52"})


@dataclass(frozen=True, slots=True)
class Family:
    """What terminals of a kind can do. `colours` is Textual's word for how many, empty for none; None: TERM tells.

    `is_ascii`: they have no other characters that could be relied on. `skips`: they read over what they do not know.
    """

    colours: str | None = None
    is_ascii: bool = False
    skips: bool = True


_FAMILIES = (
    # Before Linux 5.1 the console ends a control sequence at `<`, `>` or `$` and prints the rest of it; before it knew
    # of OSC it printed those too. Its font has 256 or 512 characters, which ones is not known.
    (r"linux", Family("standard", is_ascii=True, skips=False)),
    # A VT100 to VT420 has no colours, and no sequences but DEC's. Most that say so are serial lines, of any encoding.
    (r"vt\d", Family("", is_ascii=True, skips=False)),
    # A PC terminal: the characters are of code page 437, and `CSI u` puts the cursor where it was saved.
    (r"(pc)?ansi", Family("standard", is_ascii=True, skips=False)),
    # GNU screen reads over what it does not know, but before 5.0 takes the numbers of a true colour for attributes.
    # COLORTERM is of the terminal around it.
    (r"screen.*256color", Family("256")),
    (r"screen", Family("standard")),
)
_OTHERS = Family()
"""xterm, tmux, and all that behave like xterm: they skip what they do not know, as ECMA-48 has it."""

_NEEDS_SKIPPING = re.compile(r"\x1b(\[[<>]|\[\?\d+\$p|\])")
"""Keyboard protocols (`CSI >`, `CSI <`), questions about modes (`CSI ? $ p`), OSC: clipboard and mouse pointer."""

_FOCUS = re.compile(r"\x1b\[\?1004[hl]")
"""Reports of which window has the focus: nothing here depends on it, and each would be drawn."""


def family(environ: Mapping[str, str] = os.environ) -> Family:
    """Return what kind the terminal is of."""
    term = environ.get("TERM", "")
    return next((kind for pattern, kind in _FAMILIES if re.match(pattern, term)), _OTHERS)


def is_for(kind: Family, written: str) -> bool:
    """Tell whether a terminal gets a control sequence: none that it would print, none that serves nothing."""
    return not _FOCUS.match(written) and (kind.skips or not _NEEDS_SKIPPING.match(written))


def colours(environ: Mapping[str, str] = os.environ) -> str:
    """Return how many colours there are: `standard` (16), `256` or `truecolor`; nothing for none."""
    chosen = environ.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if "NO_COLOR" in environ:
        return ""
    if chosen != "auto":
        return chosen
    known = family(environ).colours
    if known is not None:
        return known
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "truecolor"
    return "256" if "256color" in environ.get("TERM", "") else "standard"


def prepare_environment(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set what Textual reads when it is imported: call this before that.

    A person's own choice of colours, speed or keyboard stays. Every other variable of Textual's goes: some load code,
    press keys or write files (rule R42).
    """
    for name in [name for name in environ if name.upper() == "TEXTUAL" or name.upper().startswith("TEXTUAL_")]:
        _, allowed = _SETTINGS.get(name, ("", "(?!)"))
        if not re.fullmatch(allowed, environ[name]):
            del environ[name]
    for name, (value, _) in _SETTINGS.items():
        if value:
            environ.setdefault(name, value)
    if number := colours(environ):
        environ["TEXTUAL_COLOR_SYSTEM"] = number
    else:
        environ["NO_COLOR"] = "1"
    if not family(environ).skips:
        environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"


def unusable() -> str | None:
    """Return why no screen can be shown here, None where one can. The plain commands work everywhere."""
    term = os.environ.get("TERM", "")
    if term in _NO_CURSOR:
        return f"The terminal cannot move its cursor (TERM is {term or 'not set'})."
    for stream, name in ((sys.__stdin__, "Input"), (sys.__stderr__, "The error output, which screens are drawn on,")):
        if stream is None or not stream.isatty():
            return f"{name} is not a terminal."
    return None
