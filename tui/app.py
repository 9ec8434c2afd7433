"""The technician's screens on an engine."""

import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from textual.screen import Screen

from core.model.config import ScreenSettings
from core.model.records import Login
from tui.clipboard import copy_sequence, is_in_screen
from tui.engine_app import EngineApp
from tui.keys import use_keys
from tui.link import Engine
from tui.screens.devices import DevicesScreen
from tui.screens.frame import Frame
from tui.session import local_time
from tui.words import plural


class CamtrustApp(EngineApp):
    """Shows what the engine tells, and asks it. `keys` are the technician's own, as `check_keys` returns them."""

    def __init__(
        self,
        connect: Callable[[], Awaitable[Engine]],
        *,
        screen: ScreenSettings = ScreenSettings(),  # noqa: B008 - frozen
        keys: Mapping[str, str] = MappingProxyType({}),
        login: Login | None = None,
        state_hint: str = "",
        crash_folder: Path | None = None,
        clock: Callable[[], datetime] = local_time,
    ) -> None:
        super().__init__(
            connect, screen=screen, login=login, state_hint=state_hint, crash_folder=crash_folder, clock=clock
        )
        use_keys(keys)
        self.set_keymap(keys)

    def get_default_screen(self) -> Screen[bool]:
        """Return the main screen."""
        return DevicesScreen(self.session, self.changes)

    def key_begins(self) -> None:
        """What was said is about the keys before."""
        if isinstance(self.screen, Frame):
            self.screen.unsay()

    def copy_to_clipboard(self, text: str) -> None:
        """Have the terminal copy a text, if it can."""
        if is_in_screen(os.environ):
            self.write_to_terminal(copy_sequence(text))
        else:
            super().copy_to_clipboard(text)

    def last_words(self) -> str:
        """Say what goes on without this screen."""
        adding = self.session.site.counts(self.session.now()).adding
        return f"{plural(adding, 'device')} still being worked on: the engine goes on with it." if adding else ""
