"""A gateway that hears devices of the test's own, and devices whose addresses change."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

import msgspec

from core.model.config import DiscoverySettings
from core.model.device import Connection, DeviceView
from core.model.messages import (
    AcceptCertificate,
    CheckDevices,
    ReviewDevice,
)
from core.model.review import Review
from core.model.sighting import Sighting
from tests.discovery.cameras import GROUP, send
from tests.discovery.messages import about, hello
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd
from tests.engine.process import free_udp_port
from tests.network.leaves import Leaf

ENDPOINT = "urn:uuid:00000000-0000-4000-8000-00000000000"


class Network:
    """A gateway, and devices that tell the network who they claim to be."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.port = port

    def claim(self, host: str, endpoint: str = f"{ENDPOINT}1", https: int | None = None) -> None:
        """Let `host` say that it is the device with that endpoint."""
        place = f"https://{host}:{https}/onvif/device_service" if https else f"http://{host}/onvif/device_service"
        send(hello(about(endpoint=endpoint, xaddrs=place, scopes="")), host, (GROUP, self.port))

    def holding(self, device: DeviceView) -> AbstractContextManager[None]:
        """Let somebody decide about a device meanwhile."""
        services = self.gateway.engine._services
        return self.gateway.engine._work.holding(services.registry.devices[device.id])

    def hear(self, host: str, *, endpoint: str = "", mac: str = "", serial: str = "", key: str = "") -> None:
        """Let a source that is not at work here tell of a host."""
        told = Sighting("another", host, "127.0.0.1", endpoint, mac=mac, serial=serial, key=key)
        self.gateway.engine._services.registry.hear(told)

    async def add(self, device: CountingDevice, endpoint: str = f"{ENDPOINT}1") -> DeviceView:
        """Add a device that discovery had heard before."""
        self.claim(device.host, endpoint)
        board = self.gateway.engine.board
        await until(lambda: any(view.host == device.host and view.found_by for view in board.devices.values()))
        view = await self.gateway.add(device.address)
        device.heard.clear()
        return view

    def view(self, device: DeviceView) -> DeviceView:
        return self.gateway.view(device.id)

    async def becomes(self, device: DeviceView, connection: Connection) -> DeviceView:
        await until(lambda: self.view(device).connection is connection)
        return self.view(device)

    async def followed(self, device: DeviceView, to: CountingDevice) -> DeviceView:
        await until(lambda: (self.view(device).host, self.view(device).port) == (to.host, to.port))
        return await self.becomes(device, Connection.ONLINE)

    async def checked(self) -> None:
        await self.gateway.engine.handle(CheckDevices(), CALLER)

    def told(self, kind: str) -> bool:
        """Whether that is the newest event of this run."""
        events, _ = self.gateway.engine.board.events_after(0)
        return bool(events) and events[-1].kind == kind

    async def events(self, device: DeviceView, kind: str) -> list[str]:
        return [event.text for event in (await self.gateway.detail(device.id)).events if event.kind == kind]

    async def review(self, device: DeviceView) -> Review:
        review = await self.gateway.engine.handle(ReviewDevice(device=device.id), CALLER)
        assert isinstance(review, Review)
        return review

    async def accept(self, device: DeviceView, leaf: Leaf) -> DeviceView:
        await self.gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=leaf.fingerprint), CALLER)
        return self.view(device)


@asynccontextmanager
async def at_work(folder: Path, period: float = CONFIG.check_period) -> AsyncIterator[Network]:
    """Run a gateway that hears what is announced, and looks at each device once in so many seconds."""
    port = free_udp_port()
    config = msgspec.structs.replace(CONFIG, discovery=DiscoverySettings(port, 0, 0), check_period=period)
    async with running(folder, config) as gateway:
        # From now on it hears whatever is announced.
        await until(lambda: gateway.engine.board.status().rescan_in)
        yield Network(gateway, port)


def at(host: str, port: int, *shows: Leaf | Odd) -> CountingDevice:
    """A device that will be at this place."""
    device = CountingDevice(host, *shows)
    device.port = port
    return device


def heard_nothing(*devices: CountingDevice) -> bool:
    return not any(device.heard for device in devices)
