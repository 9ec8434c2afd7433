"""Where the words of a filter are typed."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from tui.keys import bind
from tui.paragraphs import plain
from tui.widgets.inputs import Field
from tui.widgets.lines import Lines
from tui.words import Tone


class Words(Field):
    """The field of a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("keep-filter", "submit", "Keep"),
    ]


class FilterLine(Horizontal):
    """`Typed` at each key; `Left` when it has done its work: Enter keeps the words, Esc drops them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("clear-filter", "clear", "Clear"),
    ]

    class Typed(Message):
        """The words changed."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Left(Message):
        """No more is typed."""

        def __init__(self, line: "FilterLine") -> None:
            super().__init__()
            self.line = line

    def __init__(self, words: str) -> None:
        super().__init__(id="filter")
        self._field = Words(words, name="filter-words", limit=64)

    def compose(self) -> ComposeResult:
        """Build the line."""
        yield Lines(lambda _: [plain(" Filter ", Tone.STRONG)], name="filter-label")
        yield self._field
        yield Lines(lambda _: [plain(" !word: without it · state:word ", Tone.QUIET)], name="filter-hint")

    def on_mount(self) -> None:
        """Begin to type."""
        self._field.focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def leave(self) -> None:
        """Keep the words."""
        self.post_message(self.Left(self))

    def action_clear(self) -> None:
        """Drop the words."""
        self.post_message(self.Typed(""))
        self.post_message(self.Left(self))
