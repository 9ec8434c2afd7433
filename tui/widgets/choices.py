"""A list of lines of which some can be chosen: the cursor goes from one to the next of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.events import Click
from textual.geometry import Region
from textual.message import Message

from tui.keys import bind
from tui.paragraphs import Line
from tui.widgets.lines import Lines
from tui.words import Tone


@dataclass(frozen=True, slots=True)
class Item:
    """A line. `key` names what is chosen by it; it is empty for a heading."""

    line: Line
    key: str = ""


class Choices(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Shows items with a mark at the chosen one; the cursor stays on its key while others come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("compare", "choose", "Compare"),
        bind("up", "move(-1)", "Up", show=False),
        bind("down", "move(1)", "Down", show=False),
        bind("page-up", "page(-1)", "Page up", show=False),
        bind("page-down", "page(1)", "Page down", show=False),
        bind("first", "move(-100000)", "First", show=False),
        bind("last", "move(100000)", "Last", show=False),
    ]

    class Chosen(Message):
        """Enter was pressed on an item."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self) -> None:
        super().__init__(id="body")
        self._items: Sequence[Item] = ()
        self._index = 0
        self.key = ""
        self._text = Lines(self._lines, name="text")

    def compose(self) -> ComposeResult:
        """Build the lines."""
        yield self._text

    @property
    def is_at_top(self) -> bool:
        """Whether the first item that can be chosen is."""
        return self._index == 0

    def show(self, items: Sequence[Item]) -> None:
        """Show these items. Where the chosen one is gone, the one that took its place is chosen."""
        self._items = items
        keys = self._keys()
        self._index = keys.index(self.key) if self.key in keys else min(self._index, max(len(keys) - 1, 0))
        self.key = keys[self._index] if keys else ""
        self._text.redraw()

    def go_to(self, key: str) -> None:
        """Choose the item with this key, where it is there."""
        if key in self._keys():
            self.action_move(self._keys().index(key) - self._index)

    def action_move(self, steps: int) -> None:
        """Choose another item."""
        keys = self._keys()
        if not keys:
            return
        self._index = min(max(self._index + steps, 0), len(keys) - 1)
        self.key = keys[self._index]
        self._text.redraw()
        self._scroll()

    def action_page(self, pages: int) -> None:
        """Choose an item a page away."""
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_choose(self) -> None:
        """Tell what is chosen."""
        if self.key:
            self.post_message(self.Chosen(self.key))

    def on_click(self, event: Click) -> None:
        """Choose the item; a click on the chosen one is Enter."""
        line = event.screen_y - self.content_region.y + self.scroll_offset.y
        key = self._items[line].key if 0 <= line < len(self._items) else ""
        if key and key == self.key:
            self.action_choose()
        elif key:
            self.go_to(key)

    def _keys(self) -> list[str]:
        return [item.key for item in self._items if item.key]

    def _scroll(self) -> None:
        # The heading of the first item of a group is shown with it.
        at = next(number for number, item in enumerate(self._items) if item.key == self.key)
        above = 0 if at == 0 or self._items[at - 1].key else min(at, 2)
        self.scroll_to_region(Region(0, at - above, 1, 1 + above), animate=False)

    def _lines(self, _: int) -> list[Line]:
        return [self._line(item) for item in self._items]

    def _line(self, item: Item) -> Line:
        if not item.key:
            return item.line
        if item.key != self.key:
            return (("   ", Tone.PLAIN), *item.line)
        bold = ((text, Tone.STRONG if tone is Tone.PLAIN else tone) for text, tone in item.line)
        return ((" > ", Tone.STRONG), *bold)
