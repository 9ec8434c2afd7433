"""Trust across processes: the engine is killed while devices are blocked, and while cameras swap addresses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from core.model.device import CertificateField, Connection, DeviceView, Origin
from core.model.messages import AcceptCertificate
from core.model.video import Video
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.engine.cameras import contents, select, served
from tests.engine.process import EngineProcess, engine_process, free_udp_port, until

FORGETS = CameraSettings(quirks=Quirks(forgets_assignment=True))


async def shown(engine: EngineProcess, connection: Connection, count: int = 1) -> list[DeviceView]:
    """Wait until as many devices are in that state; return them by name."""

    async def so_many() -> bool:
        """What is asked about video after an onboarding is not to be counted."""
        views = [view for view in await engine.devices() if view.connection is connection]
        return len(views) == count and all(view.video is not Video.DUE for view in views)

    await until(so_many)
    views = [view for view in await engine.devices() if view.connection is connection]
    return sorted(views, key=lambda view: view.host)


@asynccontextmanager
async def blocked(folder: Path) -> AsyncIterator[tuple[EngineProcess, Camera, DeviceView]]:
    """A camera that is blocked, by an engine that was killed since and started again."""
    async with Camera(FORGETS) as camera, engine_process(folder) as engine:
        await engine.add(f"{camera.host}:{camera.https_port}")
        [device] = await shown(engine, Connection.ONLINE)
        await camera.power_cut()
        [before] = await shown(engine, Connection.BLOCKED)
        engine.kill()
        sent = camera.log.received("https")
        await engine.start()
        [after] = await engine.devices()
        assert (after.connection, after.fingerprint) == (Connection.BLOCKED, device.fingerprint)
        assert after.presented == before.presented == await served(camera)
        assert after.attention == before.attention
        looks = len(camera.log.connections)
        await until(lambda: len(camera.log.connections) > looks + 1)
        assert camera.log.received("https") == sent
        yield engine, camera, device


async def test_a_block_outlasts_the_engine_until_the_pinned_certificate_is_back(tmp_path: Path) -> None:
    async with blocked(tmp_path) as (engine, camera, device):
        [ours] = set(contents(camera).paths) - set(contents(camera).assigned)
        await select(camera, ours)
        [view] = await shown(engine, Connection.ONLINE)
        assert (view.fingerprint, view.presented) == (device.fingerprint, None)


async def test_a_block_outlasts_the_engine_until_a_technician_decides(tmp_path: Path) -> None:
    async with blocked(tmp_path) as (engine, camera, device):
        factory = await served(camera)
        async with await Client.connect(socket_path(engine.state)) as client:
            await client.ask(AcceptCertificate(device=device.id, fingerprint=factory))
        engine.kill()
        await engine.start()
        [view] = await shown(engine, Connection.ONLINE)
        assert (view.certificate_field, view.origin) == (CertificateField.ARCULES, Origin.ACCEPTED)
        assert (view.fingerprint, view.presented) == (factory, None)


def swapped(one: CameraSettings, two: CameraSettings) -> tuple[CameraSettings, CameraSettings]:
    """Each of them, with its memory, at the address of the other."""
    return msgspec.structs.replace(one, host=two.host), msgspec.structs.replace(two, host=one.host)


async def at_home(engine: EngineProcess, added: list[DeviceView], hosts: list[str]) -> None:
    """Wait until the devices are online at these addresses, each with the certificate that it had."""
    expected = {
        device.id: (host, Connection.ONLINE, device.fingerprint) for device, host in zip(added, hosts, strict=True)
    }

    async def is_so() -> bool:
        views = {view.id: view for view in await engine.devices()}
        return expected == {view.id: (view.host, view.connection, view.fingerprint) for view in views.values()}

    await until(is_so)


async def look_at(*cameras: Camera) -> None:
    """Wait until somebody has looked at one of them."""
    looks = sum(len(camera.log.connections) for camera in cameras)
    await until(lambda: sum(len(camera.log.connections) for camera in cameras) > looks)


async def test_cameras_that_swap_addresses_are_followed_whenever_the_engine_is_killed(tmp_path: Path) -> None:
    port = free_udp_port()
    one, two = (
        CameraSettings(host=f"127.0.92.{n}", serial=str(n), https_port=port, state_file=str(tmp_path / str(n)))
        for n in (1, 2)
    )
    here, there = [one.host, two.host], [two.host, one.host]
    async with engine_process(tmp_path) as engine:
        async with Camera(one), Camera(two):
            for settings in (one, two):
                await engine.add(f"{settings.host}:{port}")
            added = await shown(engine, Connection.ONLINE, 2)
        one, two = swapped(one, two)
        async with Camera(one) as first, Camera(two) as second:
            # Once before each look that blocking and following takes, and a few more.
            for _ in range(6):
                await look_at(first, second)
                engine.kill()
                await engine.start()
            await at_home(engine, added, there)
            assert first.log.received("https") == second.log.received("https") == 0
            for device in added:
                events = [event.kind for event in (await engine.detail(device.id)).events]
                assert events.count("followed") == 1
            engine.kill()
            await engine.start()
            await at_home(engine, added, there)
        async with Camera(swapped(one, two)[0]), Camera(swapped(one, two)[1]):
            await at_home(engine, added, here)
