"""The terminal program: the connection to the engine, and the screens on it."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import WorkerFailed

from core.model.errors import ExitCode
from core.model.records import Login
from tui.crash import write_crash_log
from tui.link import Engine
from tui.look import is_plain, output_encoding, use_encoding
from tui.screens.devices import DevicesScreen
from tui.screens.frame import Frame
from tui.session import Session, local_time
from tui.site import Change
from tui.typing_ahead import OrderedKeys
from tui.widgets.too_small import SMALLEST
from tui.words import plural

_WIDE, _TALL = 100, 24
_INTERRUPTED = 130
_TERMINATED = 143


class CamtrustApp(OrderedKeys, inherit_bindings=False):
    """Shows what the engine tells, and asks it. `connect` returns a connected client that watches, as operator.

    `login` fills in the add dialog; `state_hint` says in words where the gateway's state is; a crash is written to
    `crash_folder`, or to this account's log folder. To be run with `run(mouse=False)`.
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
        login: Login | None = None,
        state_hint: str = "",
        crash_folder: Path | None = None,
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        # Before the base class decides how to leave out colours, and before anything is drawn.
        use_encoding(output_encoding())
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.changes: Signal[Change] = Signal(self, "changes")
        self.session = Session(connect, self.changes.publish, login=login, state_hint=state_hint, clock=clock)
        self._crash_folder = crash_folder
        self.set_class(is_plain(), "-plain")

    def get_default_screen(self) -> Screen[bool]:
        """Return the main screen."""
        return DevicesScreen(self.session, self.changes)

    def on_mount(self) -> None:
        """Connect, and stay connected. A SIGTERM leaves the terminal as it was."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.leave, _TERMINATED)
        self.run_worker(self.session.link.run(), group="link")

    def key_begins(self) -> None:
        """What was said is about the keys before."""
        if isinstance(self.screen, Frame):
            self.screen.unsay()

    async def action_quit(self) -> None:
        """Leave. What the engine does goes on; that is said where there is something."""
        self.leave()

    def action_interrupt(self) -> None:
        """Leave as the shell expects it of Ctrl-C."""
        self.leave(_INTERRUPTED)

    def leave(self, code: int = ExitCode.DONE) -> None:
        """Leave, and say what goes on without this screen."""
        adding = self.session.site.counts().adding
        goes_on = f"{plural(adding, 'device')} still being worked on: the engine goes on with it." if adding else None
        self.exit(return_code=code, message=Text(goes_on) if goes_on else None)

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
