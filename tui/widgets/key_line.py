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
_ALWAYS = frozenset({"back", "help"})
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
    """Return the verbs that are bound now, in this order, as many as fit; those not possible now are dimmed.

    The first one, the way back and the help are always among them.
    """
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
    here = [verb for verb in verbs if verb in bound]
    shown: list[tuple[str, Line]] = []
    for verb in here:
        keys, active = bound[verb]
        possible = not screen.why_not(verb)
        spans: Line = (
            (" " * (_GAP if shown else 1), Tone.PLAIN),
            (keys[0], Tone.STRONG if possible else Tone.QUIET),
            (f" {active.binding.description}", Tone.PLAIN if possible else Tone.QUIET),
        )
        shown.append((verb, spans))
    return _as_many_as_fit(shown, width)


def _as_many_as_fit(shown: list[tuple[str, Line]], width: int) -> list[tuple[str, Line]]:
    """Leave out the last ones, but neither the first one nor the way out and the help."""
    most = _MOST if width < _NARROW else len(shown)
    while len(shown) > most or sum(length(spans) for _, spans in shown) > width:
        others = [number for number, (verb, _) in enumerate(shown) if number and verb not in _ALWAYS]
        if not others:
            break
        del shown[others[-1]]
    return shown
