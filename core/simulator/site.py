"""A site: cameras, and one ear for those who look for them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from core.simulator.camera import Camera
from core.simulator.responder import Responder
from core.simulator.settings import CameraSettings


class Site:
    """All cameras of a site while it is used as a context. Without a `discovery_port` nobody can look for them.

    `responder` is that one ear. `booted` is told of each start of a camera. Raises what `Camera` and `Responder` raise.
    """

    def __init__(
        self,
        cameras: Sequence[CameraSettings],
        discovery_port: int | None = None,
        interface: str = "127.0.0.1",
        booted: Callable[[Camera], None] = lambda _: None,
    ) -> None:
        self.responder = Responder(discovery_port, interface) if discovery_port is not None else None
        self._tell = booted
        self.cameras = [Camera(settings, self._booted) for settings in cameras]
        self._stack = AsyncExitStack()
        self._swapping = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            if self.responder is not None:
                self.responder.open()
                stack.callback(self.responder.close)
            # One after the other: making their certificates keeps the processor busy anyway.
            for camera in self.cameras:
                await stack.enter_async_context(camera)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.responder is not None:
            for camera in self.cameras:
                self.responder.bye(camera)
        await self._stack.aclose()

    async def swap(self, one: Camera, other: Camera) -> None:
        """Let two cameras exchange their addresses. Raises what `Camera.swap` raises."""
        async with self._swapping:
            await one.swap(other)

    def _booted(self, camera: Camera) -> None:
        if self.responder is not None:
            self.responder.hello(camera)
        self._tell(camera)
