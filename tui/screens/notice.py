"""A window that tells something which is too long for the status line."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.keys import bind
from tui.paragraphs import Line, paragraph
from tui.screens.dialog import Dialog
from tui.widgets.lines import Lines
from tui.words import Tone


class Notice(Dialog[None]):
    """Shows what happened and what can be done about it."""

    BINDINGS: ClassVar[list[BindingType]] = [bind("close-notice", "close", "Close"), bind("leave", "close", "Close")]

    def __init__(self, title: str, hint: str) -> None:
        super().__init__()
        self._text = (title, hint)

    def inside(self) -> Iterable[Widget]:
        """Return the two texts."""
        title, hint = self._text
        yield Lines(lambda width: [*paragraph(title, width, Tone.STRONG), (), *_lines(hint, width)])

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return how to leave."""
        return (("Enter", "Close"),)


def _lines(text: str, width: int) -> list[Line]:
    return [line for one in text.splitlines() for line in paragraph(one, width)]
