"""A camera from when it is switched on until it is switched off: its state, and what answers requests."""

from collections.abc import Callable
from functools import partial

from core.simulator import device_service, security_service
from core.simulator.device import Device, Flash
from core.simulator.dispatcher import Dispatcher, Reactions
from core.simulator.endpoint import Offer
from core.simulator.flash_memory import FlashMemory
from core.simulator.http_server import HttpAnswer, HttpRequest
from core.simulator.key_maker import KeyMaker
from core.simulator.listener import is_free
from core.simulator.log import Log
from core.simulator.mishaps import Mishaps
from core.simulator.operations import Service
from core.simulator.settings import CameraSettings


class Awake:
    """What there is of a camera while it has power. `apply` and `cut` are as in `Reactions`."""

    def __init__(
        self,
        settings: CameraSettings,
        flash: Flash,
        memory: FlashMemory,
        log: Log,
        mishaps: Mishaps,
        apply: Callable[[], None],
        cut: Callable[[], None],
    ) -> None:
        self._memory = memory
        self.device = Device(settings, flash, partial(_is_free, settings.hosts))
        self._maker = KeyMaker(self.device.keystore, settings.timing.key, settings.quirks.keys_fail, self.store)
        reactions = Reactions(self.store, apply, cut)
        self._dispatcher = Dispatcher(self.device, _services(settings), log, mishaps, reactions)
        self.store()

    def store(self) -> None:
        """Write what has changed to flash memory, and go on with the keys that are to be made."""
        self._memory.save(self.device.flash())
        self._maker.keep_up()

    async def answer(self, request: HttpRequest) -> HttpAnswer:
        """Return the answer to a request. Raises `Dropped` where there is to be none."""
        return await self._dispatcher.handle(request)

    async def end(self) -> None:
        """Work on nothing any more."""
        await self._maker.stop()

    def offer(self, protocol: str) -> Offer | None:
        """Return what is to be served for a protocol, None while it is off."""
        device = self.device
        if not device.on(protocol):
            return None
        port = device.port(protocol)
        if protocol == "HTTP":
            return Offer(port)
        identity = device.identity()
        return Offer(port, identity, device.settings.newest_tls) if identity is not None else None


def _services(settings: CameraSettings) -> list[Service]:
    if settings.persona != "camera":
        return []
    return [device_service.service(settings), *([security_service.service()] if settings.keystore is not None else [])]


def _is_free(hosts: tuple[str, ...], port: int) -> bool:
    return all(is_free(host, port) for host in hosts)
