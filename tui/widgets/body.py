"""The scrolling part of a screen, with the keys that every list has. No scroll bar: the status line says the place."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message


class Body(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Scrolls by lines and pages; tells `Scrolled`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", id="scroll-up", show=False),
        Binding("down,j", "scroll_down", "Down", id="scroll-down", show=False),
        Binding("pageup,ctrl+b", "page_up", "Page up", id="scroll-page-up", show=False),
        Binding("pagedown,ctrl+f", "page_down", "Page down", id="scroll-page-down", show=False),
        Binding("home,g", "scroll_home", "Top", id="scroll-home", show=False),
        Binding("end,G", "scroll_end", "End", id="scroll-end", show=False),
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
