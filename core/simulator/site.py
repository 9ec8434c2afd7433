"""A site: cameras, and ears for those who look for them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from core.simulator.camera import Camera
from core.simulator.languages import Ssdp, WsDiscovery
from core.simulator.responder import Responder
from core.simulator.settings import CameraSettings


class Site:
    """All cameras of a site while it is used as a context. Without a port for a protocol nobody can look that way.

    `discovery_port` is for WS-Discovery, answered by `responder`; `mdns` and `ssdp` are the other ears. `booted` is
    told of each start of a camera. Raises what `Camera` and `Responder` raise.
    """

    def __init__(
        self,
        cameras: Sequence[CameraSettings],
        discovery_port: int | None = None,
        interface: str = "127.0.0.1",
        booted: Callable[[Camera], None] = lambda _: None,
        *,
        mdns_port: int | None = None,
        ssdp_port: int | None = None,
    ) -> None:
        self.responder = Responder(WsDiscovery(), discovery_port, interface) if discovery_port is not None else None
        self.mdns = _mdns(mdns_port, interface) if mdns_port is not None else None
        self.ssdp = Responder(Ssdp(ssdp_port), ssdp_port, interface) if ssdp_port is not None else None
        self._responders = [ear for ear in (self.responder, self.mdns, self.ssdp) if ear is not None]
        self._tell = booted
        self.cameras = [Camera(settings, self._booted, self._leaving, self._changed) for settings in cameras]
        self._stack = AsyncExitStack()
        self._swapping = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for responder in self._responders:
                responder.open()
                stack.callback(responder.close)
            # One after the other: making their certificates keeps the processor busy anyway.
            for camera in self.cameras:
                await stack.enter_async_context(camera)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for camera in self.cameras:
            self._leaving(camera)
        await self._stack.aclose()

    async def swap(self, one: Camera, other: Camera) -> None:
        """Let two cameras exchange their addresses. Raises what `Camera.swap` raises."""
        async with self._swapping:
            await one.swap(other)

    def _booted(self, camera: Camera) -> None:
        for responder in self._responders:
            responder.hello(camera)
        self._tell(camera)

    def _changed(self, camera: Camera) -> None:
        for responder in self._responders:
            responder.changed(camera)

    def _leaving(self, camera: Camera) -> None:
        for responder in self._responders:
            responder.bye(camera)


def _mdns(port: int, interface: str) -> Responder:
    # zeroconf is a large package, and most sites do without it.
    from core.simulator.mdns import Mdns

    return Responder(Mdns(), port, interface)
