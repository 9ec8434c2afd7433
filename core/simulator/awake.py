"""A camera from when it is switched on until it is switched off: its state, and what answers requests."""

from collections.abc import Callable
from functools import partial

from core.simulator import device_service, media_service, rtsp, security_service, self_made, signing, tls
from core.simulator.assignment import Identity
from core.simulator.background import Background
from core.simulator.device import Device, Flash
from core.simulator.dialect import Dialect
from core.simulator.dispatcher import Dispatcher
from core.simulator.endpoint import Offer
from core.simulator.execution import Execution, Reactions
from core.simulator.flash_memory import FlashMemory
from core.simulator.http_server import HttpAnswer, HttpRequest
from core.simulator.key_maker import KeyMaker
from core.simulator.listener import is_free
from core.simulator.log import Log
from core.simulator.mishaps import Mishaps
from core.simulator.operations import Service
from core.simulator.settings import CameraSettings


class Awake:
    """What there is of a camera while it has power. `apply` and the cuts are as in `Reactions`."""

    def __init__(
        self,
        settings: CameraSettings,
        flash: Flash,
        memory: FlashMemory,
        log: Log,
        mishaps: Mishaps,
        apply: Callable[[], None],
        cut: Callable[[], None],
        cut_network: Callable[[], None],
    ) -> None:
        self._memory = memory
        self.device = Device(settings, flash, partial(_is_free, settings.hosts))
        self._maker = KeyMaker(self.device.keystore, settings.timing.key, settings.quirks, self.store)
        self._background = Background()
        video = settings.video
        differs = video is not None and not video.rtsps_same_certificate
        self._own = rtsp.own_identity(settings, self.device.clock.now()) if differs else None
        reactions = Reactions(self.store, apply, cut, cut_network, self._background.begin)
        self._makeshift = _makeshift(self.device) if settings.quirks.makeshift_certificate else None
        dialect = Dialect(settings.quirks)
        execution = Execution(self.device, mishaps, dialect, reactions)
        self._dispatcher = Dispatcher(self.device, _services(settings), log, dialect, execution)
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
        await self._background.stop()
        await self._maker.stop()

    def offer(self, protocol: str) -> Offer | None:
        """Return what is to be served for a protocol, None while it is off."""
        device = self.device
        if not device.on(protocol):
            return None
        port = device.port(protocol)
        if protocol in ("HTTP", rtsp.IN_CLEAR):
            return Offer(port)
        identity = self._own if protocol == rtsp.OVER_TLS and self._own is not None else device.identity()
        spoken = tls.spoken_by(device.settings)
        return Offer(port, identity, spoken, self._makeshift) if identity is not None else None


def _services(settings: CameraSettings) -> list[Service]:
    if settings.persona != "camera":
        return []
    security = [security_service.service()] if settings.keystore is not None else []
    return [device_service.service(settings), *security, *media_service.services(settings)]


def _makeshift(device: Device) -> Identity:
    private = signing.make_key("EC secp256r1")
    return Identity((self_made.certificate(device.settings, private, device.clock.now()),), private)


def _is_free(hosts: tuple[str, ...], port: int) -> bool:
    return all(is_free(host, port) for host in hosts)
