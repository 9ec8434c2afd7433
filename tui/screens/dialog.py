"""What every window over a screen has: a box, and a line of keys."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.paragraphs import Line
from tui.widgets.lines import Lines
from tui.widgets.too_small import TooSmall
from tui.words import Tone

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Base of the windows. Esc always leaves without doing anything."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", "Cancel", id="close")]

    def compose(self) -> ComposeResult:
        """Build the box."""
        yield TooSmall()
        with VerticalScroll(id="box", can_focus=False):
            yield from self.inside()
            yield Lines(lambda _: [(), self._key_line()], name="dialog-keys")

    def inside(self) -> Iterable[Widget]:
        """Return what is in the box."""
        return ()

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return keys and what they do."""
        return (("Esc", "Cancel"),)

    def redraw(self) -> None:
        """Draw all lines anew."""
        for lines in self.query(Lines):
            lines.redraw()

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    def _key_line(self) -> Line:
        spans = [((key, Tone.STRONG), (f" {verb}   ", Tone.PLAIN)) for key, verb in self.keys()]
        return tuple(span for pair in spans for span in pair)
