"""Run inside an empty network namespace: cameras at link-local addresses become rows, and get certificates."""

import asyncio
import hashlib
import tempfile
from contextlib import ExitStack
from pathlib import Path

import msgspec

from core.model.config import DiscoverySettings
from core.model.device import CertificateField, Connection, DeviceView
from core.simulator.camera import Camera
from core.simulator.languages import WsDiscovery
from core.simulator.responder import Responder
from core.simulator.settings import CameraSettings
from core.simulator.site import Site
from tests.engine.conftest import CONFIG, Gateway, running, until
from tests.link_local import CAMERA, OURS, set_up_loopback

PORT = 3702
IPV4 = "127.0.8.1"
GATE = CameraSettings(name="Gate", host=CAMERA, serial="1")
DOOR = CameraSettings(name="Door", host=IPV4, also_at=(CAMERA,), serial="2")


def rows(gateway: Gateway) -> list[DeviceView]:
    return list(gateway.engine.board.devices.values())


async def install(folder: Path) -> None:
    """A camera that has IPv6 only is heard, added by what its row says, and serves a certificate of ours."""
    config = msgspec.structs.replace(CONFIG, interfaces=(OURS,), discovery=DiscoverySettings(PORT, 0, 0))
    async with running(folder, config) as gateway, Site([GATE], PORT, OURS) as site:
        await until(lambda: rows(gateway))
        [found] = rows(gateway)
        [camera] = site.cameras
        assert (found.connection, found.name, found.host) == (Connection.DISCOVERED, "Gate", CAMERA)
        assert found.address == f"[{CAMERA}]:{camera.https_port}"
        device = await gateway.add(found.address)
        assert device.certificate_field is CertificateField.ARCULES, gateway.install(device.id)
        assert rows(gateway) == [device]
        await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        assert device.fingerprint == hashlib.sha256(camera.leaf).hexdigest()


async def join(folder: Path) -> None:
    """A camera that announces itself over IPv4 and over IPv6 is one row with both addresses."""
    config = msgspec.structs.replace(CONFIG, interfaces=("127.0.0.1", OURS), discovery=DiscoverySettings(PORT, 0, 0))
    ears = [Responder(WsDiscovery(), PORT, interface) for interface in ("127.0.0.1", OURS)]

    def booted(camera: Camera) -> None:
        for ear in ears:
            ear.hello(camera)

    with ExitStack() as stack:
        for ear in ears:
            ear.open()
            stack.callback(ear.close)
        async with running(folder, config) as gateway, Camera(DOOR, booted):
            await until(lambda: [row.addresses for row in rows(gateway)] == [(IPV4, CAMERA)])
            assert rows(gateway)[0].host == IPV4


async def main() -> None:
    set_up_loopback()
    with tempfile.TemporaryDirectory() as folder:
        await install(Path(folder) / "one")
        await join(Path(folder) / "two")


if __name__ == "__main__":
    asyncio.run(main())
