"""One simulated camera, put together."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Self

from core.simulator import device_service, security_service
from core.simulator.boot import boot
from core.simulator.device import Device, Flash
from core.simulator.dispatcher import Dispatcher, Reactions
from core.simulator.endpoint import Endpoint, Offer
from core.simulator.flash_memory import FlashMemory
from core.simulator.http_server import HttpConnection
from core.simulator.key_maker import KeyMaker
from core.simulator.keystore import Keystore
from core.simulator.listener import Listener, Serve, is_free
from core.simulator.log import Log
from core.simulator.loopback import check_inside
from core.simulator.mishaps import Mishaps
from core.simulator.settings import CameraSettings


class Camera:
    """A camera from when it is entered as a context until it is left; `power_cut` switches it off and on in between.

    `log` is what it has seen, `mishaps` what is to go wrong, `device` its state since it was switched on, `is_on`
    whether it has power. `booted` is called each time that it is ready. Raises `ValueError` for an address that is not
    on the loopback interface, and `OSError` where it cannot have a port.
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
        asked = {"HTTP": self.settings.http_port, "HTTPS": self.settings.https_port}
        self._asked = {name: port for name, port in asked.items() if port is not None}
        self._listeners = {name: Listener(self.settings.host, self._server(name.lower())) for name in self._asked}
        self._endpoints = self._make_endpoints()
        self._cut: asyncio.Task[None] | None = None
        self.is_on = False

    @property
    def host(self) -> str:
        """The camera's address."""
        return self.settings.host

    @property
    def http_port(self) -> int:
        """The port for HTTP, 0 where the camera does not speak it."""
        return self._port("HTTP")

    @property
    def https_port(self) -> int:
        """The port for HTTPS, 0 where the camera does not speak it."""
        return self._port("HTTPS")

    @property
    def keystore(self) -> Keystore:
        """Its keystore."""
        return self.device.keystore

    @property
    def leaf(self) -> bytes:
        """The certificate that a handshake shows now, DER; empty while HTTPS is not there."""
        served = self._endpoints["HTTPS"].served if "HTTPS" in self._endpoints else None
        return served.identity.chain[0] if served is not None and served.identity is not None else b""

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
        if self.is_on:
            return
        flash = self._flash.load()
        for name, asked in self._asked.items():
            self._listeners[name].keep(flash.protocols[name].port if flash else self._listeners[name].port or asked)
        ports = {name: listener.port for name, listener in self._listeners.items()}
        flash = await asyncio.to_thread(boot, self.settings, flash, ports, datetime.now(UTC))
        self._start(flash)
        for name, endpoint in self._endpoints.items():
            await endpoint.start(self._offer(name))
        self._booted(self)

    async def power_off(self) -> None:
        """Take its power away: connections are reset, and what was not in flash memory is lost."""
        if not self.is_on:
            return
        self.is_on = False
        for endpoint in self._endpoints.values():
            await endpoint.stop()
        await self._maker.stop()

    async def factory_reset(self) -> None:
        """Take everything back to how it left the factory, except that the factory certificate is a new one, too."""
        await self.power_off()
        self._flash.clear()
        await self.power_on()

    async def power_cut(self) -> None:
        """Take its power away for as long as its settings say, and return when it serves again."""
        await self.power_off()
        await asyncio.sleep(self.settings.timing.boot)
        await self.power_on()

    def _start(self, flash: Flash) -> None:
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
            for name, endpoint in self._endpoints.items():
                endpoint.want(self._offer(name))

    def _cut_power(self) -> None:
        self._cut = asyncio.create_task(self.power_cut())

    def _offer(self, name: str) -> Offer | None:
        if not self.device.on(name):
            return None
        port = self.device.protocols[name].port
        if name == "HTTP":
            return Offer(port)
        identity = self.device.identity()
        return Offer(port, identity, self.settings.newest_tls) if identity is not None else None

    def _port(self, name: str) -> int:
        protocol = self.device.protocols.get(name)
        return protocol.port if protocol is not None else 0

    def _make_endpoints(self) -> dict[str, Endpoint]:
        timing = self.settings.timing
        made = {name: Endpoint(listener, timing) for name, listener in self._listeners.items()}
        if self.settings.quirks.http_restarts_too and len(made) == 2:
            made["HTTPS"] = Endpoint(self._listeners["HTTPS"], timing, [made["HTTP"]])
        return made

    def _server(self, scheme: str) -> Serve:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = HttpConnection(scheme, reader, writer, self.log.connect(scheme))
            await connection.serve(self._dispatcher.handle)

        return serve

    async def _leave(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            await asyncio.wait([self._cut])
        await self.power_off()
        for listener in self._listeners.values():
            listener.release()
