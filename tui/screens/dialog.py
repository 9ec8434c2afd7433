"""What every window over a screen has: a box, and a line of keys."""

from collections.abc import Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget

from tui.keys import bind
from tui.paragraphs import Line, length
from tui.widgets.lines import Lines
from tui.widgets.too_small import TooSmall
from tui.words import Tone

Result = TypeVar("Result")


class Dialog(ModalScreen[Result]):
    """Base of the windows. Esc always leaves without doing anything."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("close", "close", "Cancel")]

    def compose(self) -> ComposeResult:
        """Build the box."""
        yield TooSmall()
        with VerticalScroll(id="box", can_focus=False):
            yield from self.inside()
            yield Lines(lambda width: [self._key_line(width)], name="dialog-keys")

    def inside(self) -> Iterable[Widget]:
        """Return what is in the box."""
        return ()

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return keys and what they do."""
        return (("Esc", "Cancel"),)

    def on_resize(self) -> None:
        """Leave what is typed in on the screen."""
        self.call_after_refresh(self._show_focused)

    def _show_focused(self) -> None:
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def redraw(self) -> None:
        """Draw all lines anew."""
        for lines in self.query(Lines):
            lines.redraw()

    def action_close(self) -> None:
        """Leave."""
        self.dismiss(None)

    def _key_line(self, width: int) -> Line:
        """Return the keys, as many as there is room for; the first one and the way out are always told."""
        keys = list(self.keys())
        while length(_written(keys)) > width and (others := [pair for pair in keys[1:] if pair[0] != "Esc"]):
            keys.remove(others[-1])
        return _written(keys)


def _written(keys: Iterable[tuple[str, str]]) -> Line:
    spans = [((key, Tone.STRONG), (f" {verb}   ", Tone.PLAIN)) for key, verb in keys]
    return tuple(span for pair in spans for span in pair)
