"""The table of devices: a list of lines, of which only those that changed are sent to the terminal."""

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize, Show
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from core.model.device import DeviceView
from tui.columns import MARKS, STATE, STATE_SPANS, columns, faded, heading, row
from tui.device_list import DeviceList
from tui.keys import bind, key_of
from tui.paragraphs import EMPTY, Line, plain
from tui.site import Site
from tui.widgets.lines import strip_of
from tui.words import Tone

_WHEEL = 3


class DeviceTable(Widget, can_focus=True):
    """Shows a site's devices. `clock` gives the time; what to show and in which order is the `DeviceList`'s."""

    REST_SECONDS: ClassVar[float] = 2.0
    """How long after the last key the list is put in order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        bind("details", "choose", "Details"),
        bind("mark", "mark", "Mark"),
        bind("mark-all", "mark_all", "Mark all"),
        bind("sort", "sort", "Sort"),
        bind("reverse", "reverse", "Reverse"),
        bind("up", "move(-1)", "Up", show=False),
        bind("down", "move(1)", "Down", show=False),
        bind("page-up", "page(-1)", "Page up", show=False),
        bind("page-down", "page(1)", "Page down", show=False),
        bind("first", "move(-100000)", "First", show=False),
        bind("last", "move(100000)", "Last", show=False),
    ]

    DEFAULT_CSS = """
    DeviceTable { width: 1fr; height: 1fr; }
    """

    class Moved(Message):
        """The cursor is on another device, or the device at the cursor changed."""

    class Chosen(Message):
        """Enter was pressed on a device."""

    def __init__(self, site: Site, clock: Callable[[], datetime]) -> None:
        super().__init__(id="table")
        self._site = site
        self._clock = clock
        self._drawn: list[tuple[Line, bool]] = []
        self._rest: Timer | None = None
        self._told: DeviceView | None = None
        self.list = DeviceList(site)
        self.is_old = False

    @property
    def device(self) -> DeviceView | None:
        """The device at the cursor."""
        return self._site.devices.get(self.list.cursor or "")

    @property
    def marked(self) -> tuple[DeviceView, ...]:
        """The marked devices, those that are not shown too, in the order shown."""
        shown = [row for row in self.list.rows if row in self.list.marked]
        hidden = sorted(self.list.marked.difference(shown))
        return tuple(self._site.devices[row] for row in (*shown, *hidden) if row in self._site.devices)

    def site_changed(self) -> None:
        """Show what changed; rows move only at rest."""
        if self._rest is not None:
            self.list.keep_order(self._clock())
        else:
            self.list.put_in_order(self._clock())
        self.redraw()
        if self.device is not self._told:
            self._tell_moved()

    def filter_by(self, words: str) -> None:
        """Show only rows that match."""
        self.list.filter_by(words, self._clock())
        self._acted()

    def toggle_others(self) -> None:
        """Show what is no camera, or no longer."""
        self.list.toggle_others(self._clock())
        self._acted()

    def go_to(self, device: str) -> bool:
        """Put the cursor on a device; False where it is not shown."""
        is_shown = self.list.go_to(device)
        self._acted()
        return is_shown

    def clear_marks(self) -> None:
        """Unmark all."""
        self.list.marked.clear()
        self.redraw()

    def action_choose(self) -> None:
        """Tell that Enter was pressed."""
        if self.device is not None:
            self.post_message(self.Chosen())

    def action_move(self, rows: int) -> None:
        """Move the cursor by some rows."""
        self.list.move_to(self.list.index + rows)
        self._acted()

    def action_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.action_move(pages * max(self.list.height - 1, 1))

    def action_mark(self) -> None:
        """Mark the device, or no longer, and go on to the next."""
        self.list.toggle_mark()
        self.action_move(1)

    def action_mark_all(self) -> None:
        """Mark all rows shown, or none."""
        self.list.toggle_all()
        self._acted()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.list.sort_by_next(self._clock())
        self._acted()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.list.reverse(self._clock())
        self._acted()

    def on_click(self, event: Click) -> None:
        """Put the cursor on the row; a click where it is already is Enter."""
        index = self.list.top + event.y - 1
        if event.y < 1 or index >= len(self.list.rows):
            return
        if index == self.list.index:
            self.action_choose()
        else:
            self.list.move_to(index)
            self._acted()

    @on(MouseScrollDown)
    @on(MouseScrollUp)
    def _wheel(self, event: MouseScrollDown | MouseScrollUp) -> None:
        event.stop()
        self.action_move(_WHEEL if isinstance(event, MouseScrollDown) else -_WHEEL)

    def _acted(self) -> None:
        """Draw after a key, and leave rows where they are until the keys have rested."""
        if self._rest is None:
            self._rest = self.set_timer(self.REST_SECONDS, self._rested)
        else:
            self._rest.reset()
        self.redraw()
        self._tell_moved()

    def _tell_moved(self) -> None:
        self._told = self.device
        self.post_message(self.Moved())

    def _rested(self) -> None:
        self._rest = None
        self.list.put_in_order(self._clock())
        self.redraw()

    def on_resize(self, _: Resize) -> None:
        """Fit to the new size."""
        self.list.resize(self.size.height - 1)
        self.redraw()

    def on_show(self, _: Show) -> None:
        """Catch up with what changed while hidden."""
        self.redraw()

    def redraw(self) -> None:
        """Draw anew, and send only what differs."""
        if self.display and self.screen.is_current and not self.is_old:
            self.list.notice(self.list.on_screen)
        before, self._drawn = self._drawn, self._lines()
        width = self.size.width
        if len(before) != len(self._drawn):
            self.refresh()
            return
        regions = [_difference(y, *pair, width) for y, pair in enumerate(zip(before, self._drawn, strict=True))]
        changed = [region for region in regions if region]
        if changed:
            self.refresh(*changed)

    def _lines(self) -> list[tuple[Line, bool]]:
        now, widths, rows = self._clock(), columns(self.size.width), self.list
        lines = [(heading(widths, rows.sort, rows.is_reversed), False)]
        for key in rows.on_screen:
            view = self._site.devices.get(key)
            doing = self._site.doing(key)
            line = row(view, widths, now, is_marked=key in rows.marked, doing=doing) if view else EMPTY
            lines.append((faded(line) if self.is_old else line, key == rows.cursor))
        if not rows.rows:
            lines += [(EMPTY, False), (plain(f" {self._why_empty()}", Tone.QUIET), False)]
        lines += [(EMPTY, False)] * (self.size.height - len(lines))
        return lines[: self.size.height]

    def _why_empty(self) -> str:
        if self.list.filter:
            return "No device has these words. Esc ends the filter."
        adds = f"{key_of('add-address')} adds one by its address."
        return "" if self.is_old else f"No devices yet; the network is being listened to. {adds}"

    def render_line(self, y: int) -> Strip:
        """Return one line: the heading, or a row."""
        line, is_cursor = self._drawn[y] if y < len(self._drawn) else (EMPTY, False)
        return strip_of(line, self.size.width, reverse=is_cursor)


def _difference(y: int, before: tuple[Line, bool], after: tuple[Line, bool], width: int) -> Region | None:
    """Return the part of a line to send again: all of it, the state, or nothing."""
    if before == after:
        return None
    (old, was_cursor), (new, is_cursor) = before, after
    only_state = old and new and was_cursor == is_cursor and old[STATE_SPANS:] == new[STATE_SPANS:]
    return Region(0, y, MARKS + STATE if only_state else width, 1)
