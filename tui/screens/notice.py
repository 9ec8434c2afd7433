"""A window that tells something which is too long for the status line."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from tui.paragraphs import paragraph
from tui.screens.dialog import Dialog
from tui.widgets.lines import Lines
from tui.words import Tone


class Notice(Dialog[None]):
    """Shows what happened and what can be done about it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,q", "close", "Close", id="close-notice")]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._text = (title, hint)

    def inside(self) -> Iterable[Widget]:
        """Return the two texts."""
        title, hint = self._text
        yield Lines(lambda width: [*paragraph(title, width, Tone.STRONG), (), *paragraph(hint, width)])

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return how to leave."""
        return (("Enter", "Close"),)
