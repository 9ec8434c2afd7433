"""What a camera serves on one port, and how it goes from one thing to the next: the web server has to restart."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.simulator import tls
from core.simulator.assignment import Identity
from core.simulator.listener import Listener
from core.simulator.settings import Timing


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served: on which port and, for HTTPS, with which identity and TLS versions."""

    port: int
    identity: Identity | None = None
    newest_tls: str = ""


class Endpoint:
    """One port. `along` are other ports that go away while this one restarts."""

    def __init__(self, listener: Listener, timing: Timing, along: Sequence["Endpoint"] = ()) -> None:
        self._listener = listener
        self._timing = timing
        self._along = along
        self._wanted: Offer | None = None
        self._task: asyncio.Task[None] | None = None
        self.served: Offer | None = None

    async def start(self, offer: Offer | None) -> None:
        """Serve it at once, or nothing."""
        self._wanted = offer
        await self._serve()

    def want(self, offer: Offer | None) -> None:
        """Serve something else, or nothing, after the time that a restart takes. Not waited for."""
        if offer == self._wanted:
            return
        self._wanted = offer
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._restart())

    async def settled(self) -> None:
        """Return when it serves what is wanted, or was stopped on the way to it."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """Serve nothing, now."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None
        self.served = None
        await self._listener.shut()

    async def _restart(self) -> None:
        while self._wanted != self.served:
            await asyncio.sleep(self._timing.switch)
            for endpoint in (self, *self._along):
                await endpoint.pause()
            await asyncio.sleep(self._timing.restart if self._wanted else 0)
            for endpoint in (self, *self._along):
                await endpoint._serve()

    async def pause(self) -> None:
        """Close the port until it is told what to serve."""
        self.served = None
        await self._listener.shut()

    async def _serve(self) -> None:
        offer = self._wanted
        if offer is None:
            return
        if self._listener.port != offer.port:
            self._listener.keep(offer.port)
        context = tls.context(offer.identity, offer.newest_tls) if offer.identity is not None else None
        self._listener.open(context)
        self.served = offer
