"""What a camera serves on one port, and how it goes from one thing to the next: the web server has to restart."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.simulator import tls
from core.simulator.assignment import Identity
from core.simulator.listener import Listener
from core.simulator.settings import Timing
from core.simulator.tls import ANY_TLS, Tls


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served: on which port and, for HTTPS, with which identity and what of TLS.

    `makeshift` is presented while the web server restarts, None where the port is closed then.
    """

    port: int
    identity: Identity | None = None
    tls: Tls = ANY_TLS
    makeshift: Identity | None = None

    def context(self) -> ssl.SSLContext | None:
        """Return what a connection begins with, None where that is not TLS."""
        return tls.context(self.identity, self.tls) if self.identity is not None else None


class Endpoint:
    """One port. `along` are other ports that go away while this one restarts.

    With `in_turn` the old identity is presented in turn with the new one for some time after a restart.
    """

    def __init__(
        self, listener: Listener, timing: Timing, along: Sequence["Endpoint"] = (), in_turn: bool = False
    ) -> None:
        self._listener = listener
        self._timing = timing
        self._along = along
        self._in_turn = in_turn
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
            before = self.served
            for endpoint in (self, *self._along):
                await endpoint.pause()
            if self._wanted is not None:
                await self._make_shift(self._wanted)
            for endpoint in (self, *self._along):
                await endpoint._serve()
            if self._in_turn:
                await self._serve_in_turn(before)

    async def _make_shift(self, wanted: Offer) -> None:
        """Let the time pass that a restart takes."""
        if wanted.makeshift is not None:
            self.served = replace(wanted, identity=wanted.makeshift)
            self._listener.open(self.served.context())
        await asyncio.sleep(self._timing.restart)
        await self.pause()

    async def _serve_in_turn(self, before: Offer | None) -> None:
        served = self.served
        contexts = [offer.context() for offer in (before, served) if offer is not None and offer.identity is not None]
        if len(contexts) < 2:
            return
        self._listener.present(*contexts)
        await asyncio.sleep(self._timing.turns)
        self._listener.present(contexts[-1])

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
        self._listener.open(offer.context())
        self.served = offer
