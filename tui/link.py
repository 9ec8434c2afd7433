"""The connection to the engine, kept up: whenever it ends it is made again. Knows nothing of terminals."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.model.device import DeviceView
from core.model.errors import CamtrustError, EngineGoneError
from core.model.messages import AnyCommand, AnyResult, Devices, ListDevices, Update, Welcome

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each further try; the last one is for all that follow."""


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

    def devices_listed(self, devices: Sequence[DeviceView]) -> None:
        """A new connection: these are all devices."""

    def updated(self, update: Update) -> None:
        """Something changed."""


class Link:
    """`connect` makes a client that watches; `listener` is told what comes, in order."""

    def __init__(
        self, connect: Callable[[], Awaitable[Engine]], listener: Listener, pauses: Sequence[float] = PAUSES
    ) -> None:
        self._connect = connect
        self._listener = listener
        self._pauses = pauses
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
        return await self._client.ask(command)

    async def _converse(self) -> None:
        client = await self._connect()
        try:
            # Asked before the first update is read, so that no later device can be missing from the list.
            listed = await client.ask(ListDevices())
            assert isinstance(listed, Devices)
            self._client, self._failures = client, 0
            self._tell(LinkState(True, client.welcome))
            self._listener.devices_listed(listed.devices)
            async for update in client.updates():
                self._listener.updated(update)
            raise EngineGoneError("The engine ended the connection")
        finally:
            self._client = None
            await client.close()

    def _tell(self, state: LinkState) -> None:
        self.state = state
        self._listener.link_changed(state)
