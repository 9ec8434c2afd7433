"""Trust across processes: the engine is killed while devices are blocked, and cameras swap addresses meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from core.model.device import CertificateField, Connection, DeviceView, Origin
from core.model.messages import AcceptCertificate
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
        return sum(view.connection is connection for view in await engine.devices()) == count

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


async def test_cameras_that_swap_addresses_are_blocked_until_they_are_back(tmp_path: Path) -> None:
    port = free_udp_port()
    one, two = (
        CameraSettings(host=f"127.0.92.{n}", serial=str(n), https_port=port, state_file=str(tmp_path / str(n)))
        for n in (1, 2)
    )
    swapped = (
        msgspec.structs.replace(one, state_file=two.state_file, serial=two.serial),
        msgspec.structs.replace(two, state_file=one.state_file, serial=one.serial),
    )
    async with engine_process(tmp_path) as engine:
        async with Camera(one), Camera(two):
            for settings in (one, two):
                await engine.add(f"{settings.host}:{port}")
            added = await shown(engine, Connection.ONLINE, 2)
        async with Camera(swapped[0]) as here, Camera(swapped[1]) as there:
            await shown(engine, Connection.BLOCKED, 2)
            engine.kill()
            await engine.start()
            now = await engine.devices()
            views = sorted(now, key=lambda view: view.host)
            assert [view.connection for view in views] == [Connection.BLOCKED] * 2
            assert [view.fingerprint for view in views] == [view.fingerprint for view in added]
            assert [view.presented for view in views] == [view.fingerprint for view in reversed(added)]
            for view, other in zip(views, reversed(added), strict=True):
                assert f"{other.name} ({other.host})" in (view.change or "")
            assert here.log.received("https") == there.log.received("https") == 0
        async with Camera(one), Camera(two):
            back = await shown(engine, Connection.ONLINE, 2)
            assert [view.fingerprint for view in back] == [view.fingerprint for view in added]
