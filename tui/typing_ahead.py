"""Keys in order: each goes to what has the focus once the keys before it were acted on.

Over a slow line several keys arrive at once. Textual gives all of them to the widget that has the focus then, so that
letters typed after a Tab or an arrow would be lost, or be taken for verbs.
"""

import asyncio
from collections import deque
from functools import partial

from textual import on
from textual.app import App
from textual.events import Event, Key, Paste
from textual.message import Message

PATIENCE = 0.1
"""Seconds after which a key counts as acted on, though what it was given to is gone and cannot tell."""


class Acted(Message):
    """Follows a key through the same queues, and so comes back to the app after it."""


class OrderedKeys(App[None]):
    """An app that gives out keys one by one."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._ahead: deque[Key | Paste] = deque()
        self._given: tuple[Acted, float] | None = None

    async def on_event(self, event: Event) -> None:
        """Keep a new key until it is its turn."""
        if not isinstance(event, Key | Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._ahead.append(event)
        if self._given is None:
            await self._give()
            return
        acted, since = self._given
        left = since + PATIENCE - asyncio.get_running_loop().time()
        if left > 0:
            self.set_timer(left, partial(self._go_on, acted))
        else:
            await self._go_on(acted)

    def key_begins(self) -> None:
        """The next key is given out."""

    async def _give(self) -> None:
        """Give the next key to what has the focus."""
        if not self._ahead:
            return
        target, acted = self.focused or self.screen, Acted()
        self._given = (acted, asyncio.get_running_loop().time())
        self.key_begins()
        await super().on_event(self._ahead.popleft())
        if not target.post_message(acted):
            await self._go_on(acted)

    @on(Acted)
    async def _acted(self, message: Acted) -> None:
        await self._go_on(message)

    async def _go_on(self, acted: Acted) -> None:
        if self._given is not None and self._given[0] is acted:
            self._given = None
            await self._give()
