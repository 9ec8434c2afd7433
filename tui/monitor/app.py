"""The wall terminal on an engine."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from core.model.config import ScreenSettings
from tui.engine_app import EngineApp
from tui.link import Engine
from tui.monitor.screen import MonitorScreen
from tui.session import local_time


class MonitorApp(EngineApp, inherit_bindings=False):
    """Shows what the engine tells, and has no key that changes anything. `screen` is how it looks."""

    CSS_PATH = "../styles/app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Leave", priority=True, show=False),
        Binding("ctrl+c", "interrupt", "Leave", priority=True, show=False),
    ]

    def __init__(
        self,
        connect: Callable[[], Awaitable[Engine]],
        *,
        screen: ScreenSettings = ScreenSettings(),  # noqa: B008 - frozen
        crash_folder: Path | None = None,
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        super().__init__(connect, screen=screen, crash_folder=crash_folder, clock=clock)
        self._slow = screen.slow

    def get_default_screen(self) -> Screen[None]:
        """Return the wall."""
        return MonitorScreen(self.session, self.changes, slow=self._slow)
