"""The line of keys at the bottom: what can be done here, at most six verbs on a narrow terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui.paragraphs import Line, Span, length
from tui.words import Tone

if TYPE_CHECKING:
    from tui.screens.frame import Frame

_NAMES = {
    "up": "Up",
    "down": "Down",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "asterisk": "*",
    "slash": "/",
    "question_mark": "?",
}
_NARROW = 100
_MOST = 6
_GAP = 2


def key_name(key: str) -> str:
    """Return a key as it is written on the screen: `Ctrl+Q` for `ctrl+q`, `/` for `slash`."""
    *modifiers, last = key.split("+")
    return "+".join([*(modifier.capitalize() for modifier in modifiers), _NAMES.get(last, last)])


def key_line(screen: "Frame", verbs: Iterable[str], width: int) -> Line:
    """Return the verbs that are bound now, in this order, as many as fit; those not possible now are dimmed."""
    bound = {active.binding.id: active.binding for active in reversed(screen.active_bindings.values())}
    spans: list[Span] = [(" ", Tone.PLAIN)]
    shown = [bound[verb] for verb in verbs if verb in bound][: _MOST if width < _NARROW else None]
    for binding in shown:
        possible = not screen.why_not(binding.id or "")
        verb: Line = (
            (" " * (_GAP if len(spans) > 1 else 0), Tone.PLAIN),
            (key_name(binding.key), Tone.STRONG if possible else Tone.QUIET),
            (f" {binding.description}", Tone.PLAIN if possible else Tone.QUIET),
        )
        if length((*spans, *verb)) > width:
            break
        spans += verb
    return tuple(spans)
