"""Fields to type in and to tick, of characters that every terminal has."""

from typing import ClassVar

from rich.segment import Segment
from textual.binding import BindingType
from textual.strip import Strip
from textual.widgets import Input

from tui.keys import bind
from tui.look import is_plain, shown_in_place
from tui.paragraphs import Line, paragraph
from tui.widgets.lines import Lines
from tui.words import Tone


class Field(Input):
    """A line to type in. It does not blink: a blinking cursor writes to the terminal for ever."""

    def __init__(self, value: str = "", *, name: str, hidden: bool = False, limit: int = 1024) -> None:
        super().__init__(value, id=name, password=hidden, max_length=limit, compact=True, select_on_focus=False)
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        """Return the line in characters that the terminal has: a password is stars where it has no dots."""
        strip = super().render_line(y)
        if not is_plain():
            return strip
        segments = [Segment(shown_in_place(text), style, control) for text, style, control in strip]
        return Strip(segments, strip.cell_length)


class Tick(Lines, can_focus=True):
    """A sentence to agree to with the space bar."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("tick", "tick", "Tick")]

    def __init__(self, sentence: str, *, name: str) -> None:
        super().__init__(self._lines, name=name)
        self._sentence = sentence
        self.is_ticked = False

    def action_tick(self) -> None:
        """Agree, or no longer."""
        self.is_ticked = not self.is_ticked
        self.redraw()

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.redraw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.redraw()

    def _lines(self, width: int) -> list[Line]:
        box = "[x]" if self.is_ticked else "[ ]"
        tone = Tone.STRONG if self.has_focus else Tone.PLAIN
        (_, told), *rest = paragraph(self._sentence, width, tone, indent=len(box) + 1)
        return [((box, Tone.STRONG), (" ", Tone.PLAIN), told), *rest]
