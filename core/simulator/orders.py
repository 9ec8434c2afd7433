"""What a simulator's process can be told on its standard input, one JSON object a line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec

from core.simulator.camera import Camera
from core.simulator.site import Site


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be done with the camera at `host`, such as `{"order": "power_cut", "host": "127.77.0.11"}`."""

    order: Literal["power_cut", "power_off", "power_on", "factory_reset"]
    host: str


_DONE_BY: dict[str, Callable[[Camera], Awaitable[None]]] = {
    "power_cut": Camera.power_cut,
    "power_off": Camera.power_off,
    "power_on": Camera.power_on,
    "factory_reset": Camera.factory_reset,
}


class Orders:
    """Carries orders out. `tell` gets `done=…` with an order after it, or `refused=…` with the reason."""

    def __init__(self, site: Site, tell: Callable[..., None]) -> None:
        self._cameras = {camera.host: camera for camera in site.cameras}
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, line: bytes) -> None:
        """Begin what the line says."""
        try:
            order = msgspec.json.decode(line, type=Order)
        except msgspec.MsgspecError as error:
            self._tell(refused=str(error))
            return
        camera = self._cameras.get(order.host)
        if camera is None:
            self._tell(refused=f"There is no camera at {order.host}")
            return
        task = asyncio.create_task(self._carry_out(order, camera))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _carry_out(self, order: Order, camera: Camera) -> None:
        await _DONE_BY[order.order](camera)
        self._tell(done=msgspec.to_builtins(order))
