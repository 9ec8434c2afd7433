"""The scrolling part of a screen, with the keys that every list has. No scroll bar: the status line says the place."""

from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from tui.keys import bind


class Body(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls by lines and pages; tells `Scrolled`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("up", "scroll_up", "Up", show=False),
        bind("down", "scroll_down", "Down", show=False),
        bind("page-up", "page_up", "Page up", show=False),
        bind("page-down", "page_down", "Page down", show=False),
        bind("first", "scroll_home", "Top", show=False),
        bind("last", "scroll_end", "End", show=False),
    ]

    class Scrolled(Message):
        """Other lines are on the screen."""

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other lines are on the screen."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    def watch_virtual_size(self) -> None:
        """Tell that there are more lines, or fewer."""
        self.post_message(self.Scrolled())

    def on_resize(self) -> None:
        """Tell that other lines are on the screen."""
        self.post_message(self.Scrolled())

    def place(self) -> str:
        """Return which lines are on the screen, nothing where all are."""
        total, height, first = self.virtual_size.height, self.size.height, self.scroll_offset.y
        return f"lines {first + 1}-{min(first + height, total)} of {total}" if total > height else ""
