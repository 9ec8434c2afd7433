"""What a camera is made of, from its flash memory to its ports, and how it goes on and off."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from core.simulator import rtsp
from core.simulator.awake import Awake
from core.simulator.boot import boot
from core.simulator.device import Device
from core.simulator.flash_memory import FlashMemory
from core.simulator.http_server import HttpAnswer, HttpConnection, HttpRequest
from core.simulator.keystore import Keystore
from core.simulator.listener import Serve
from core.simulator.log import Log
from core.simulator.loopback import check_inside
from core.simulator.media_service import STREAM
from core.simulator.mishaps import Mishaps
from core.simulator.ports import Ports
from core.simulator.settings import CameraSettings
from core.simulator.standing import Standing
from core.simulator.tunnel import Tunnel


class Machine:
    """The works of a camera; `Camera` sees to it that one thing at a time is done to them.

    `cut` cuts the power, `cut_network` the network. Raises `ValueError` for an address that is not on the loopback
    interface.
    """

    _awake: Awake

    def __init__(self, settings: CameraSettings, cut: Callable[[], None], cut_network: Callable[[], None]) -> None:
        for host in settings.hosts:
            check_inside(host)
        self.settings = settings
        self.log = Log()
        self.mishaps = Mishaps(settings.faults)
        self.is_on = False
        self._cut = cut
        self._cut_network = cut_network
        self._flash = FlashMemory(settings.state_file)
        video = settings.video
        self._take_over = Tunnel(video, STREAM).take_over if video is not None and video.tunnel else None
        self._ports = Ports(settings, self._server)

    @property
    def is_reachable(self) -> bool:
        """Whether it has power and a network."""
        return self.is_on and not self._ports.is_cut

    @property
    def host(self) -> str:
        """The camera's first address."""
        return self.settings.host

    @property
    def device(self) -> Device:
        """Its state since it was switched on."""
        return self._awake.device

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

    def standing(self, host: str) -> Standing:
        """Return how it stands at one of its addresses."""
        ports = {name.lower(): port.port for name, port in self.device.protocols.items() if self.device.on(name)}
        return Standing(self.settings, host, ports, self._ports.description() or ports.get("http", 0))

    async def _start(self) -> None:
        if self.is_on:
            return
        flash = self._flash.load()
        ports = self._ports.keep({name: held.port for name, held in flash.protocols.items()} if flash else {})
        flash = await asyncio.to_thread(boot, self.settings, flash, ports, datetime.now(UTC))
        cuts = (self._cut, self._cut_network)
        self._awake = Awake(self.settings, flash, self._flash, self.log, self.mishaps, self._apply, *cuts)
        self.is_on = True
        await self._ports.start(self._awake.offer)

    async def _stop(self) -> None:
        if not self.is_on:
            return
        self.is_on = False
        await self._ports.stop()
        await self._awake.end()

    def _apply(self) -> None:
        if self.is_on:
            self._ports.want(self._awake.offer)

    def _settle(self, hosts: tuple[str, ...]) -> None:
        self._ports.release()
        self.settings = msgspec.structs.replace(self.settings, host=hosts[0], also_at=hosts[1:])
        self._ports = Ports(self.settings, self._server)

    def _server(self, name: str) -> Serve:
        scheme = name.lower()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            record = self.log.connect(scheme)
            if self.settings.video is not None and name in (rtsp.IN_CLEAR, rtsp.OVER_TLS):
                await rtsp.serve(reader, writer, record, self.settings.video)
            else:
                await HttpConnection(scheme, reader, writer, record, self._take_over).serve(self._answer)

        return serve

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        return await self._awake.answer(request)
