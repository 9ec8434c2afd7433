"""The line of keys at the bottom: what can be done here, at most six verbs on a narrow terminal."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.events import Click

from tui.paragraphs import Line, length
from tui.widgets.lines import Lines
from tui.words import Tone

if TYPE_CHECKING:
    from tui.screens.frame import Frame

_NARROW = 100
_MOST = 6
_GAP = 2
_NEVER_BY_CLICK = frozenset({"decide"})


class KeyLine(Lines):
    """The line of keys of a screen. A click on a verb does it."""

    def __init__(self, screen: "Frame") -> None:
        super().__init__(lambda width: [key_line(screen, screen.verbs(), width)], name="keys")
        self._frame = screen

    async def on_click(self, event: Click) -> None:
        """Do what was clicked, but give no answer about a certificate: that takes typing (rule R16)."""
        verb = verb_at(event.x, self._frame, self._frame.verbs(), self.size.width)
        if verb and verb not in _NEVER_BY_CLICK:
            await self._frame.do(verb)


def key_line(screen: "Frame", verbs: Iterable[str], width: int) -> Line:
    """Return the verbs that are bound now, in this order, as many as fit; those not possible now are dimmed."""
    return tuple(span for _, spans in _shown(screen, verbs, width) for span in spans)


def verb_at(x: int, screen: "Frame", verbs: Iterable[str], width: int) -> str:
    """Return the verb whose key or name is in a cell of the line, nothing where none is."""
    start = 0
    for verb, spans in _shown(screen, verbs, width):
        end = start + length(spans)
        if start + length(spans[:1]) <= x < end:
            return verb
        start = end
    return ""


def _shown(screen: "Frame", verbs: Iterable[str], width: int) -> list[tuple[str, Line]]:
    """Return each verb that is shown, and how; the first span of each is the gap before it."""
    bound = screen.bound()
    here = [verb for verb in verbs if verb in bound][: _MOST if width < _NARROW else None]
    shown: list[tuple[str, Line]] = []
    room = width
    for verb in here:
        keys, active = bound[verb]
        possible = not screen.why_not(verb)
        spans: Line = (
            (" " * (_GAP if shown else 1), Tone.PLAIN),
            (keys[0], Tone.STRONG if possible else Tone.QUIET),
            (f" {active.binding.description}", Tone.PLAIN if possible else Tone.QUIET),
        )
        room -= length(spans)
        if room < 0:
            break
        shown.append((verb, spans))
    return shown
