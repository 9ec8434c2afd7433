"""Keys in order: each goes to what has the focus once the keys before it were acted on.

Over a slow line several keys arrive at once. Textual gives all of them to the widget that has the focus then, so that
letters typed after a Tab or an arrow would be lost, or be taken for verbs.
"""

import asyncio
from collections import deque
from functools import partial
from typing import NamedTuple

from textual import on
from textual.app import App
from textual.events import Event, Key, Paste
from textual.message import Message
from textual.widget import Widget

PATIENCE = 0.1
"""Seconds between two looks whether what a key was given to is still there: where it is gone it cannot tell."""

LONGEST = 2.0
"""Seconds after which a key counts as acted on in any case. Opening a window takes a busy machine a while."""


class Acted(Message):
    """Follows a key through the same queues, and so comes back to the app after it."""


class _Given(NamedTuple):
    """A key that was given out, and when."""

    acted: Acted
    target: Widget
    since: float


class OrderedKeys(App[None]):
    """An app that gives out keys one by one."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._ahead: deque[Key | Paste] = deque()
        self._given: _Given | None = None

    async def on_event(self, event: Event) -> None:
        """Keep a new key until it is its turn."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._ahead.append(event)
        if self._given is None:
            await self._give()
        else:
            await self._look(self._given)

    def key_begins(self) -> None:
        """The next key is given out."""

    async def _give(self) -> None:
        """Give the next key to what has the focus."""
        if not self._ahead:
            return
        given = _Given(Acted(), self.focused or self.screen, asyncio.get_running_loop().time())
        self._given = given
        self.key_begins()
        await super().on_event(self._ahead.popleft())
        if not given.target.post_message(given.acted):
            await self._go_on(given.acted)

    async def _look(self, given: _Given) -> None:
        """Go on without an answer from what a key was given to, where none can come any more."""
        if self._given is not given:
            return
        if given.target.is_running and asyncio.get_running_loop().time() < given.since + LONGEST:
            self.set_timer(PATIENCE, partial(self._look, given))
        else:
            await self._go_on(given.acted)

    @on(Acted)
    async def _acted(self, message: Acted) -> None:
        # The focus moves only after the key that moves it was acted on.
        self.call_later(self._go_on, message)

    async def _go_on(self, acted: Acted) -> None:
        if self._given is not None and self._given.acted is acted:
            self._given = None
            await self._give()
