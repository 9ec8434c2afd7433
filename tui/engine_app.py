"""What both programs have in common, the screens and the wall: the connection, colours, and how they end."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.signal import Signal
from textual.worker import WorkerFailed

from core.model.config import ScreenSettings
from core.model.errors import ExitCode
from core.model.records import Login
from tui.crash import write_crash_log
from tui.link import Engine
from tui.look import is_plain, output_encoding, use_encoding
from tui.session import Session, local_time
from tui.site import Change
from tui.typing_ahead import OrderedKeys
from tui.widgets.too_small import SMALLEST

_WIDE, _TALL = 100, 24
_INTERRUPTED = 130
_TERMINATED = 143


class EngineApp(OrderedKeys, inherit_bindings=False):
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
        Binding("ctrl+q", "quit", "Quit", priority=True, id="quit", tooltip="from anywhere"),
        Binding("ctrl+z", "suspend_process", "Suspend", id="suspend", tooltip="fg comes back"),
        Binding("ctrl+c", "interrupt", "Quit", priority=True, show=False),
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
        # Before the base class decides how to leave out colours, and before anything is drawn.
        use_encoding("ascii" if screen.ascii else output_encoding())
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.changes: Signal[Change] = Signal(self, "changes")
        self.session = Session(connect, self.changes.publish, login=login, state_hint=state_hint, clock=clock)
        self._crash_folder = crash_folder
        self.set_class(is_plain(), "-plain")

    def on_mount(self) -> None:
        """Connect, and stay connected. A SIGTERM leaves the terminal as it was."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.leave, _TERMINATED)
        self.run_worker(self.session.link.run(), group="link")

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
