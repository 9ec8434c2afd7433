"""A question before something that cannot be taken back. Keeping things as they are is the answer at hand."""

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from tui.keys import bind
from tui.paragraphs import Line, paragraph
from tui.screens.dialog import Dialog
from tui.widgets.lines import Lines
from tui.words import Tone


class Confirm(Dialog[bool]):
    """True only where the cursor was moved to the verb that does it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("choose", "choose", "Choose"),
        bind("answer", "answer", "Do"),
    ]

    def __init__(self, question: str, consequence: str, *, keep: str, do: str) -> None:
        super().__init__()
        self._question = question
        self._consequence = consequence
        self._answers = (keep, do)
        self._chosen = 0

    def inside(self) -> Iterable[Widget]:
        """Return the question and the two answers."""
        yield Lines(self._lines)

    def keys(self) -> Iterable[tuple[str, str]]:
        """Return how to answer."""
        return (("Up/Down", "Choose"), ("Enter", "Do"), ("Esc", self._answers[0]))

    def action_choose(self) -> None:
        """Go to the other answer."""
        self._chosen = 1 - self._chosen
        self.redraw()

    def action_answer(self) -> None:
        """Do what is chosen."""
        self.dismiss(self._chosen == 1)

    def _lines(self, width: int) -> list[Line]:
        asked = [*paragraph(self._question, width, Tone.STRONG), (), *paragraph(self._consequence, width), ()]
        for number, answer in enumerate(self._answers):
            chosen = number == self._chosen
            asked.append(((" > " if chosen else "   ", Tone.STRONG), (answer, Tone.STRONG if chosen else Tone.PLAIN)))
        return asked
