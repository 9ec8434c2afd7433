"""What both programs have in common, the screens and the wall: the connection, colours, and how they end."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import BindingType
from textual.driver import Driver
from textual.signal import Signal
from textual.worker import WorkerFailed

from core.model.config import ScreenSettings
from core.model.errors import ExitCode
from core.model.records import Login
from tui.crash import write_crash_log
from tui.display import LeanDisplay
from tui.driver import TerminalDriver
from tui.keys import bind
from tui.link import Engine
from tui.look import is_plain, look, output_encoding, use_encoding, use_theme
from tui.merging import Merging
from tui.session import Session, local_time
from tui.site import Change
from tui.terminal import colours, family
from tui.title import TitledApp
from tui.typing_ahead import OrderedKeys
from tui.widgets.too_small import SMALLEST

_WIDE, _TALL = 100, 24
_INTERRUPTED = 130
_TERMINATED = 143
_PATIENCE = 3
_SLOW_GAP, _SLOW_KEY_GAP = 1.0, 0.25


class EngineApp(OrderedKeys, LeanDisplay, TitledApp, inherit_bindings=False):
    """Shows what an engine tells. `connect` returns a connected client that watches.

    `screen` is how it looks. `login` and `state_hint` are the session's. A crash is written to `crash_folder`, or to
    this account's log folder.
    """

    TITLE = "camtrust"
    CSS_PATH = "styles/app.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (SMALLEST[0], "-narrow"), (_WIDE, "-wide")]  # noqa: RUF012 - as declared
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SMALLEST[1], "-low"), (_TALL, "-tall")]  # noqa: RUF012 - as declared
    BINDINGS: ClassVar[list[BindingType]] = [
        bind("quit", "quit", "Quit", priority=True),
        bind("suspend", "suspend_process", "Suspend"),
        bind("redraw", "redraw", "Redraw"),
        bind("interrupt", "interrupt", "Quit", priority=True),
    ]

    def __init__(
        self,
        connect: Callable[[], Awaitable[Engine]],
        *,
        screen: ScreenSettings = ScreenSettings(),  # noqa: B008 - frozen
        login: Login | None = None,
        state_hint: str = "",
        crash_folder: Path | None = None,
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        # Before the base class reads its style sheets, and before anything is drawn.
        use_encoding("ascii" if screen.ascii or family().is_ascii else output_encoding())
        use_theme(screen.theme, colours())
        self._is_slow = screen.slow
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.changes: Signal[Change] = Signal(self, "changes")
        # More often than a frame is sent nothing need be thought about.
        self._merging = Merging(self.changes.publish, self.frame_gap)
        self.session = Session(connect, self._merging.add, login=login, state_hint=state_hint, clock=clock)
        self._crash_folder = crash_folder
        self.set_class(is_plain(), "-plain")

    def get_driver_class(self) -> type[Driver]:
        """Return what knows this terminal."""
        return TerminalDriver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the theme's colours for the style sheet."""
        return {"ink": look().ink, "ground": look().ground}

    @property
    def frame_gap(self) -> float:
        """The seconds between frames that no key asked for."""
        return _SLOW_GAP if self._is_slow else super().frame_gap

    @property
    def key_gap(self) -> float:
        """The seconds between frames while keys are pressed: a key that is held down would fill a slow line."""
        return _SLOW_KEY_GAP if self._is_slow else super().key_gap

    def on_mount(self) -> None:
        """Connect, and stay connected. A SIGTERM leaves the terminal as it was."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._terminated)
        self.run_worker(self.session.link.run(), group="link")

    def on_unmount(self) -> None:
        """Tell the screens, which are gone, nothing more."""
        self._merging.stop()

    def _terminated(self) -> None:
        """Leave. Where the terminal takes nothing any more, the kernel ends the program after some seconds."""
        signal.alarm(_PATIENCE)
        self.leave(_TERMINATED)

    async def action_quit(self) -> None:
        """Leave."""
        self.leave()

    def action_interrupt(self) -> None:
        """Leave as the shell expects it of Ctrl-C."""
        self.leave(_INTERRUPTED)

    def last_words(self) -> str:
        """Return what is said on leaving."""
        return ""

    def leave(self, code: int = ExitCode.DONE) -> None:
        """Leave. What the engine does goes on."""
        words = self.last_words()
        self.exit(return_code=code, message=Text(words) if words else None)

    def _handle_exception(self, error: Exception) -> None:
        """End the program after a fault of its own, with one line and no traceback (rule R40).

        Textual's own version prints the local variables of every frame; passwords may be among them.
        """
        if isinstance(error, WorkerFailed) and isinstance(error.error, Exception):
            error = error.error
        self._return_code = ExitCode.FAILED
        if self._exception is None:
            self._exception = error
            happened: asyncio.Event = self._exception_event
            happened.set()
            os.umask(0o077)
            log = write_crash_log(error, self._crash_folder)
            where = f" What is known about it is in {log}." if log else ""
            self._exit_renderables = [Text(f"camtrust ended by a fault of its own ({type(error).__name__}).{where}")]
        self._close_messages_no_wait()
