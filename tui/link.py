"""The connection to the engine, kept up: whenever it ends, or falls silent, it is made again.

Knows nothing of terminals.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from core.model.device import DeviceView
from core.model.errors import CamtrustError, EngineGoneError
from core.model.messages import AnyCommand, AnyResult, Devices, ListDevices, Ping, Update, Welcome

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each further try; the last one is for all that follow."""

ASK_AFTER = 5.0
"""Seconds without a word from the engine, after which it is asked for one."""

LOST_AFTER = 15.0
"""Seconds without a word, after which the connection counts as lost."""


class Engine(Protocol):
    """What is used of a `core.service.client.Client`."""

    welcome: Welcome

    async def ask(self, command: AnyCommand) -> AnyResult:
        """Have a command done. Raises `CamtrustError`."""

    def updates(self) -> AsyncIterator[Update]:
        """Yield what changes. Raises `CamtrustError` when the engine goes."""

    async def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """Whether there is an engine. `welcome` is its first word, kept when it goes; `title`, `hint` say why it went."""

    is_up: bool = False
    welcome: Welcome | None = None
    title: str = ""
    hint: str = ""


class Listener(Protocol):
    """Who is told of all this."""

    def link_changed(self, state: LinkState) -> None:
        """The engine came or went."""

    def heard(self) -> None:
        """The engine said something, if only that it is there."""

    def devices_listed(self, devices: Sequence[DeviceView]) -> None:
        """A new connection: these are all devices."""

    def updated(self, update: Update) -> None:
        """Something changed."""


class Link:
    """`connect` makes a client that watches; `listener` is told what comes, in order.

    Times are in seconds: an engine that is silent is asked for a word each `ask_after`, and lost after `lost_after`.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Engine]],
        listener: Listener,
        pauses: Sequence[float] = PAUSES,
        *,
        ask_after: float = ASK_AFTER,
        lost_after: float = LOST_AFTER,
    ) -> None:
        self._connect = connect
        self._listener = listener
        self._pauses = pauses
        self._ask_after = ask_after
        self._lost_after = lost_after
        self._word = asyncio.Event()
        self._client: Engine | None = None
        self._failures = 0
        self.state = LinkState()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._converse()
            except EngineGoneError as error:
                # What its hint advises, to attach again, is what is done here.
                self._tell(LinkState(False, self.state.welcome, error.title))
            except CamtrustError as error:
                self._tell(LinkState(False, self.state.welcome, error.title, error.hint))
            await asyncio.sleep(self._pauses[min(self._failures, len(self._pauses) - 1)])
            self._failures += 1

    async def ask(self, command: AnyCommand) -> AnyResult:
        """Have the engine do a command. Raises `RefusedError`, and `EngineGoneError` while there is no engine."""
        if self._client is None:
            raise EngineGoneError("There is no connection to the engine", "Try again when it is back.")
        answer = await self._client.ask(command)
        self._heard()
        return answer

    async def _converse(self) -> None:
        client = await self._connect()
        parts = [asyncio.create_task(part) for part in (self._follow(client), self._notice_silence(client))]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            for part in done:
                part.result()
        finally:
            self._client = None
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
            await client.close()

    async def _follow(self, client: Engine) -> None:
        # Asked before the first update is read, so that no later device can be missing from the list.
        listed = await client.ask(ListDevices())
        assert isinstance(listed, Devices)
        self._client, self._failures = client, 0
        self._heard()
        self._tell(LinkState(True, client.welcome))
        self._listener.devices_listed(listed.devices)
        async for update in client.updates():
            self._heard()
            self._listener.updated(update)
        raise EngineGoneError("The engine ended the connection")

    async def _notice_silence(self, client: Engine) -> None:
        """Ask a silent engine for a word. Raises `EngineGoneError` once it has said none for too long.

        Silence is counted in turns. One that took much longer than it should is no sign: this program stood still, its
        terminal stalled or itself stopped, and what the engine said meanwhile has not been read yet.
        """
        loop = asyncio.get_running_loop()
        asked: asyncio.Task[None] | None = None
        silence = 0.0
        try:
            while silence < self._lost_after:
                begun = loop.time()
                is_silent = not await self._hears() and loop.time() - begun < 2 * self._ask_after
                silence = silence + self._ask_after if is_silent else 0.0
                if silence and (asked is None or asked.done()):
                    asked = asyncio.create_task(self._ping(client))
        finally:
            if asked is not None:
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
        raise EngineGoneError(f"The engine has not said a word for {self._lost_after:g} s")

    async def _hears(self) -> bool:
        """Wait for a word, for one turn at most; tell whether there was any."""
        self._word.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._ask_after):
                await self._word.wait()
        return self._word.is_set()

    async def _ping(self, client: Engine) -> None:
        with suppress(CamtrustError):
            # Where this fails, the updates end too.
            await client.ask(Ping())
            self._heard()

    def _heard(self) -> None:
        self._word.set()
        self._listener.heard()

    def _tell(self, state: LinkState) -> None:
        self.state = state
        self._listener.link_changed(state)
