"""Frames for a terminal whose line may be slow or stand still.

Textual sends whatever was drawn, seen or not, and waits when the terminal takes no more. Here only what looks different
is sent, and no frame is made while the one before has not left: the program goes on, and what is sent when the line is
free again is the present.
"""

import sys
from functools import cached_property
from io import TextIOWrapper
from threading import Lock
from time import monotonic
from typing import Any, TextIO, cast

from rich.console import RenderableType
from textual import on
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Event, Key, Paste, Resize
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.strip import Strip

from tui.frames import Frame, difference
from tui.pace import Pace


class LineFree(Message):
    """All that was written has left this program."""


class _Counting:
    """A file that counts the characters that have left."""

    def __init__(self, driver: "LineDriver", file: TextIO | None) -> None:
        assert file is not None, "Textual draws on stderr"
        self._driver = driver
        self._file = file
        self._written = 0

    def write(self, text: str) -> None:
        """Write, and count what may still be in a buffer."""
        self._file.write(text)
        self._written += len(text)

    def flush(self) -> None:
        """Wait until all has left."""
        self._file.flush()
        self._driver.has_left(self._written)

    def fileno(self) -> int:
        """Return the file's own number."""
        return self._file.fileno()


class LineDriver(LinuxDriver):
    """Knows what the terminal shows, None where it does not, and whether all that was written has left."""

    def __init__(self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: Any = None) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self.shown: Frame | None = None
        self._file = cast("TextIOWrapper", _Counting(self, sys.__stderr__))
        # The thread that reads keys writes, too.
        self._counting = Lock()
        self._given = 0
        self._left = 0
        self._is_awaited = False

    @property
    def shown_size(self) -> Size:
        """How large the frame is that the terminal shows."""
        return Size(self.shown[0].cell_length, len(self.shown)) if self.shown else Size(0, 0)

    @property
    def is_free(self) -> bool:
        """Whether all has left. Where it has not, the app gets `LineFree` once it has."""
        self._is_awaited = True
        return self._left == self._given

    def write(self, data: str) -> None:
        """Have this written by the thread that does it."""
        with self._counting:
            self._given += len(data)
        super().write(data)

    def has_left(self, count: int) -> None:
        """So many characters have left. Called in the thread that writes."""
        self._left = count
        if self._is_awaited and self._left == self._given:
            self._is_awaited = False
            self._app.post_message(LineFree())

    def start_application_mode(self) -> None:
        """Take the terminal, whatever it shows."""
        self.shown = None
        super().start_application_mode()  # type: ignore[no-untyped-call]

    def _sigcont_application(self, *_: Any) -> None:
        """Go on after a stop. One by SIGSTOP was told to nobody, and whoever had the terminal since left his modes."""
        if self._auto_restart and self._key_thread is not None and self._key_thread.is_alive():
            self.suspend_application_mode()
            self._must_signal_resume = True
        super()._sigcont_application()


class LeanDisplay(App[None]):
    """An app that sends frames so, and not too many of them."""

    _has_news = False
    _is_waiting = False

    @cached_property
    def pace(self) -> Pace:
        """How often frames are sent; counted from when the first one is due."""
        return Pace(self.frame_gap, monotonic(), self.key_gap)

    @property
    def frame_gap(self) -> float:
        """The seconds between frames that no key asked for."""
        return 0.25

    @property
    def key_gap(self) -> float:
        """The seconds between frames while keys are pressed."""
        return 0.0

    async def on_event(self, event: Event) -> None:
        """What a technician does is shown at once."""
        if isinstance(event, Key | Paste | Resize):
            self.pace.key(monotonic())
        await super().on_event(event)

    def get_driver_class(self) -> type[Driver]:
        """Return what knows the line."""
        return LineDriver

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Take Textual's word that something changed, but not what it would send for it."""
        if not isinstance(self._driver, LineDriver):
            super()._display(screen, renderable)
        elif renderable is not None:
            self._has_news = True
            self._send_frame(self._driver)

    @on(LineFree)
    def _line_free(self) -> None:
        if isinstance(self._driver, LineDriver):
            self._send_frame(self._driver)

    def _turn_came(self) -> None:
        self._is_waiting = False
        self._line_free()

    def _is_turn(self) -> bool:
        """Tell whether a frame may be sent now; else it is sent when it may."""
        wait = self.pace.wait(monotonic())
        if wait and not self._is_waiting:
            self._is_waiting = True
            self.set_timer(wait, self._turn_came)
        return not wait

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        """Draw all anew, at the same size too: another terminal may have taken over."""
        driver = self._driver
        if isinstance(driver, LineDriver) and driver.shown_size == event.size:
            self._redraw(driver)

    @on(Driver.SignalResume)
    def _resumed(self) -> None:
        if isinstance(self._driver, LineDriver):
            self._redraw(self._driver)

    def action_redraw(self) -> None:
        """Draw all of the screen anew: something else may have written on it."""
        if isinstance(self._driver, LineDriver):
            self._redraw(self._driver)

    def _redraw(self, driver: LineDriver) -> None:
        driver.shown = None
        self._has_news = True
        self._send_frame(driver)

    def _send_frame(self, driver: LineDriver) -> None:
        if not (self._has_news and self._running and not self._closed and not self._batch_count and driver.is_free):
            return
        if not self._is_turn():
            return
        self._has_news = False
        frame = self._frame()
        sent = difference(driver.shown, frame, self._written)
        driver.shown = frame
        if sent:
            x, y = Size(*self.screen.outer_size).clamp_offset(self.cursor_position)
            start, end = (SYNC_START, SYNC_END) if self._sync_available else ("", "")
            driver.write(f"{start}{sent}\x1b[{y + 1};{x + 1}H{end}")
            self.pace.sent(monotonic())

    def _frame(self) -> Frame:
        update = self.screen._compositor.render_update(full=True, screen_stack=self._background_screens)
        assert isinstance(update, LayoutUpdate)
        return [Strip.join(strips) for strips in update.strips]

    def _written(self, strip: Strip) -> str:
        return strip.render(self.console)
