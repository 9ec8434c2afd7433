"""One simulated camera, put together."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self

import msgspec

from core.simulator import changes, device_service, security_service
from core.simulator.background import Background
from core.simulator.boot import boot
from core.simulator.by_itself import LeftAlone
from core.simulator.changes import Impossible
from core.simulator.contents import FACTORY
from core.simulator.device import Device, Flash
from core.simulator.dispatcher import Dispatcher, Reactions
from core.simulator.endpoint import Offer
from core.simulator.faults import OnvifFault
from core.simulator.flash_memory import FlashMemory
from core.simulator.http_server import HttpAnswer, HttpConnection, HttpRequest
from core.simulator.key_maker import KeyMaker
from core.simulator.keystore import Keystore
from core.simulator.listener import Serve, is_free
from core.simulator.log import Log
from core.simulator.loopback import check_inside
from core.simulator.mishaps import Mishaps
from core.simulator.ports import Ports
from core.simulator.settings import ByItself, CameraSettings, Change


class Camera:
    """A camera from when it is entered as a context until it is left; `power_cut` switches it off and on in between.

    `log` is what it has seen, `mishaps` what is to go wrong, `device` its state since it was switched on, `is_on`
    whether it has power. `booted` is called each time that it is ready. One thing is done to it at a time. Raises
    `ValueError` for an address that is not on the loopback interface, and `OSError` where it cannot have a port.
    """

    device: Device

    def __init__(
        self, settings: CameraSettings | None = None, booted: Callable[["Camera"], None] = lambda _: None
    ) -> None:
        self.settings = settings or CameraSettings()
        check_inside(self.settings.host)
        self.log = Log()
        self.mishaps = Mishaps(self.settings.faults)
        self._booted = booted
        self._flash = FlashMemory(self.settings.state_file)
        self._ports = Ports(self.settings, self._server)
        self._left_alone = LeftAlone(self.settings.by_itself, self._act)
        self._hands = asyncio.Lock()
        self._background = Background()
        self.is_on = False

    @property
    def host(self) -> str:
        """The camera's address."""
        return self.settings.host

    @property
    def http_port(self) -> int:
        """The port for HTTP, 0 where the camera does not speak it."""
        return self.device.port("HTTP")

    @property
    def https_port(self) -> int:
        """The port for HTTPS, 0 where the camera does not speak it."""
        return self.device.port("HTTPS")

    @property
    def keystore(self) -> Keystore:
        """Its keystore."""
        return self.device.keystore

    @property
    def leaf(self) -> bytes:
        """The certificate that a handshake shows now, DER; empty while HTTPS is not there."""
        return self._ports.leaf()

    async def __aenter__(self) -> Self:
        try:
            await self.power_on()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def power_on(self) -> None:
        """Switch it on, and return when it serves."""
        async with self._hands:
            await self._start()

    async def power_off(self) -> None:
        """Take its power away: connections are reset, and what was not in flash memory is lost."""
        async with self._hands:
            await self._stop()

    async def factory_reset(self) -> None:
        """Take everything back to how it left the factory, except that the factory certificate is a new one, too."""
        async with self._hands:
            await self._stop()
            self._flash.clear()
            await self._start()

    async def power_cut(self) -> None:
        """Take its power away for as long as its settings say, and return when it serves again."""
        async with self._hands:
            await self._stop()
            await asyncio.sleep(self.settings.timing.boot)
            await self._start()

    async def change_certificate(self, change: Change) -> None:
        """Give it another certificate past its services, and return when that is served. Raises `Impossible`."""
        async with self._hands:
            if not self.is_on or not self.device.on("HTTPS"):
                raise Impossible("It has no power, or HTTPS is off")
            private = await asyncio.to_thread(changes.new_key, change, self.settings)
            try:
                changes.carry_out(change, self.device, private)
            except OnvifFault as fault:
                raise Impossible(fault.reason) from None
            self._store()
            self._apply()
            await self._ports.settled()

    async def swap(self, other: "Camera") -> None:
        """Let both restart at each other's address, as when each got the other's from DHCP. Raises `Impossible`.

        Their ports go with them; `OSError` where one cannot be had there. Two swaps at a time may not concern the same
        camera.
        """
        if other is self:
            raise Impossible("That takes two cameras")
        async with self._hands, other._hands:
            if not (self.is_on and other.is_on):
                raise Impossible("One of the two has no power")
            await self._stop()
            await other._stop()
            here, there = self.host, other.host
            self._move(there)
            other._move(here)
            await self._start()
            await other._start()

    def _move(self, host: str) -> None:
        self._ports.release()
        self.settings = msgspec.structs.replace(self.settings, host=host)
        self._ports = Ports(self.settings, self._server)

    async def _start(self) -> None:
        if self.is_on:
            return
        flash = self._flash.load()
        ports = self._ports.keep({name: held.port for name, held in flash.protocols.items()} if flash else {})
        flash = await asyncio.to_thread(boot, self.settings, flash, ports, datetime.now(UTC))
        self._wake(flash)
        await self._ports.start(self._offer)
        self._booted(self)

    async def _stop(self) -> None:
        if not self.is_on:
            return
        self.is_on = False
        self._left_alone.forget()
        await self._ports.stop()
        await self._maker.stop()

    def _wake(self, flash: Flash) -> None:
        settings = self.settings
        self.device = Device(settings, flash, partial(is_free, settings.host))
        self._maker = KeyMaker(self.keystore, settings.timing.key, settings.quirks.keys_fail, self._store)
        services = [device_service.service(settings)]
        if settings.keystore is not None:
            services.append(security_service.service())
        reactions = Reactions(self._store, self._apply, self._cut_power)
        self._dispatcher = Dispatcher(self.device, services, self.log, self.mishaps, reactions)
        self.is_on = True
        self._store()

    def _store(self) -> None:
        self._flash.save(self.device.flash())
        self._maker.keep_up()

    def _apply(self) -> None:
        if self.is_on:
            self._ports.want(self._offer)

    def _cut_power(self) -> None:
        self._background.begin(self.power_cut())

    def _offer(self, name: str) -> Offer | None:
        return _offered(self.device, name)

    def _server(self, name: str) -> Serve:
        scheme = name.lower()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = HttpConnection(scheme, reader, writer, self.log.connect(scheme))
            await connection.serve(self._answer)

        return serve

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        if request.scheme == "https":
            self._left_alone.used()
        return await self._dispatcher.handle(request)

    def _act(self) -> None:
        path = self.device.presented()
        if self.settings.by_itself is None or path is None or path.alias == FACTORY:
            return
        self._left_alone.end()
        self._background.begin(self._act_by_itself(self.settings.by_itself))

    async def _act_by_itself(self, by_itself: ByItself) -> None:
        # Somebody may be quicker, or have left no room for it: then it just does not happen.
        with suppress(Impossible):
            await (self.power_cut() if by_itself.what == "power_cut" else self.change_certificate(by_itself.what))

    async def _leave(self) -> None:
        await self._background.stop()
        await self._stop()
        self._ports.release()


def _offered(device: Device, name: str) -> Offer | None:
    if not device.on(name):
        return None
    port = device.port(name)
    if name == "HTTP":
        return Offer(port)
    identity = device.identity()
    return Offer(port, identity, device.settings.newest_tls) if identity is not None else None
