"""What a simulator's process can be told on its standard input, one JSON object a line.

| order | what happens to the camera at `host` |
| --- | --- |
| `power_cut`, `power_off`, `power_on` | as they say |
| `network_cut` | nobody can reach it for a while, and it goes on |
| `factory_reset` | everything is as it left the factory, with a new factory certificate |
| `new_certificate` | a self-signed certificate for a new key |
| `renew_certificate` | a self-signed certificate for the key in use, with new dates |
| `factory_certificate` | back to the certificate that it came with |
| `install_own` | a key, and a certificate of the site's own authority for it |
| `swap` | it and the one at `other` restart at each other's address |
| `move` | it restarts at the address `to` instead |

For each comes one line: `{"done": …}` with the order once it is carried out, so that handshakes show what it changed,
or `{"refused": …}` with the reason.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Literal

import msgspec

from core.simulator.background import Background
from core.simulator.camera import Camera
from core.simulator.changes import Impossible
from core.simulator.settings import Change
from core.simulator.site import Site


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something to be done with the camera at `host`, such as `{"order": "power_cut", "host": "127.77.0.11"}`."""

    order: Literal["power_cut", "power_off", "power_on", "network_cut", "factory_reset", Change, "swap", "move"]
    host: str
    other: str = ""
    to: str = ""


class Orders:
    """Carries orders out. `tell` gets `done=…` with an order after it, or `refused=…` with the reason."""

    def __init__(self, site: Site, tell: Callable[..., None]) -> None:
        self._site = site
        self._tell = tell
        self._background = Background()

    def take(self, line: bytes) -> None:
        """Begin what the line says."""
        try:
            work = self._work(order := msgspec.json.decode(line, type=Order))
        except (msgspec.MsgspecError, Impossible) as error:
            self._tell(refused=str(error))
        else:
            self._background.begin(self._carry_out(order, work))

    async def stop(self) -> None:
        """End what is under way."""
        await self._background.stop()

    def _work(self, order: Order) -> Callable[[], Awaitable[None]]:
        camera = self._at(order.host)
        if (order.order == "move") != bool(order.to):
            raise Impossible("A camera moves to another address, and nothing else has any use for one")
        if order.order == "swap":
            return partial(self._site.swap, camera, self._at(order.other))
        if order.other:
            raise Impossible(f"{order.order} concerns one camera only")
        match order.order:
            case "power_cut":
                return camera.power_cut
            case "power_off":
                return camera.power_off
            case "power_on":
                return camera.power_on
            case "network_cut":
                return camera.network_cut
            case "factory_reset":
                return camera.factory_reset
            case "move":
                return partial(camera.move, order.host, order.to)
            case change:
                return partial(camera.change_certificate, change)

    def _at(self, host: str) -> Camera:
        for camera in self._site.cameras:
            if host in camera.settings.hosts:
                return camera
        raise Impossible(f"There is no camera at {host}")

    async def _carry_out(self, order: Order, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (ValueError, OSError) as error:
            self._tell(refused=str(error))
        else:
            self._tell(done=msgspec.to_builtins(order))
