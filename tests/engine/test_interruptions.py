"""The engine is killed in mid-install, and started again: never a third state, and nothing is left half done."""

import sqlite3
from contextlib import AsyncExitStack, closing
from functools import partial
from pathlib import Path

import msgspec
import pytest

from core.decide.steps import Action
from core.model.device import CertificateField, Connection, DeviceView
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Timing
from tests.engine.cameras import contents, served
from tests.engine.process import EngineProcess, engine_process, until
from tests.engine.stalling import stalled

TIMING = Timing(key=0.3, switch=0.2, restart=0.4)
# Each is called in the course of an install; the last one when it cleans up.
OPERATIONS = (
    "GetServiceCapabilities",
    "GetDeviceInformation",
    "CreateECCKeyPair",
    "GetKeyStatus",
    "CreatePKCS10CSR",
    "UploadCertificate",
    "CreateCertificationPath",
    "ReplaceServerCertificateAssignment",
)
CHANGES = {Action.MAKE_KEY: "CreateECCKeyPair", Action.ASSIGN: "ReplaceServerCertificateAssignment"}


async def assert_settles(engine: EngineProcess, camera: Camera, device: str, keys_before: int) -> None:
    """After the restart the device gets there, and has just its own objects and those that are served."""

    async def settled() -> bool:
        view = await shown(engine, device)
        return view.connection is Connection.ONLINE and view.certificate_field is not None

    await until(settled)
    view = await shown(engine, device)
    assert (view.certificate_field, view.attention) == (CertificateField.ARCULES, None)
    assert view.fingerprint == await served(camera)
    await until(lambda: len(contents(camera).keys) == keys_before + 1)
    after = contents(camera)
    assert len(after.certificates) == keys_before + 1
    assert len(after.paths) == keys_before + 1
    assert len(after.assigned) == 1


async def shown(engine: EngineProcess, device: str) -> DeviceView:
    [view] = [view for view in await engine.devices() if view.id == device]
    return view


async def test_killed_before_the_cameras_have_acted(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(engine_process(tmp_path))
        begun = []
        for number, operation in enumerate(OPERATIONS, 1):
            settings = CameraSettings(
                host=f"127.0.12.{number}", serial=str(number), timing=TIMING, faults={operation: Mishap("hang")}
            )
            camera = await stack.enter_async_context(Camera(settings))
            keys = len(contents(camera).keys)
            begun.append((camera, await engine.add(f"{camera.host}:{camera.https_port}"), keys))
        for operation, (camera, _, _) in zip(OPERATIONS, begun, strict=True):
            await until(partial(happened, camera, operation))
        engine.kill()
        await engine.start()
        for camera, device, keys in begun:
            await assert_settles(engine, camera, device.id, keys)


def happened(camera: Camera, operation: str) -> bool:
    return bool(camera.mishaps.happened[operation])


@pytest.mark.parametrize(("action", "operation"), CHANGES.items())
async def test_killed_after_the_camera_has_acted_and_before_that_is_known(
    tmp_path: Path, action: Action, operation: str
) -> None:
    slow = msgspec.structs.replace(TIMING, answer=0.1)
    async with Camera(CameraSettings(timing=slow)) as camera, engine_process(tmp_path) as engine:
        before = len(contents(camera).keys)
        device = await engine.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: (action, "begin") in journal(engine.state))
        with stalled(engine.state):
            await until(lambda: operation in camera.log.operations())
            assert (action, "done") not in journal(engine.state)
            engine.kill()
        await engine.start()
        await assert_settles(engine, camera, device.id, before)


def journal(state: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(state / "state.db")) as connection:
        return connection.execute("SELECT step, phase FROM journal").fetchall()


async def test_killed_while_the_web_server_restarts(tmp_path: Path) -> None:
    timing = Timing(switch=0.3, restart=1.5)
    async with Camera(CameraSettings(timing=timing)) as camera, engine_process(tmp_path) as engine:
        before = len(contents(camera).keys)
        device = await engine.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: "ReplaceServerCertificateAssignment" in camera.log.operations() and not camera.leaf)
        engine.kill()
        await engine.start()
        await assert_settles(engine, camera, device.id, before)


async def test_a_camera_that_is_away_after_the_crash_is_settled_when_it_is_back(tmp_path: Path) -> None:
    settings = CameraSettings(timing=TIMING, state_file=str(tmp_path / "flash"))
    async with engine_process(tmp_path) as engine:
        async with Camera(settings) as camera:
            before = len(contents(camera).keys)
            device = await engine.add(f"{camera.host}:{camera.https_port}")
            await until(lambda: "UploadCertificate" in camera.log.operations())
            engine.kill()
            ports = {"http_port": camera.http_port, "https_port": camera.https_port}
        await engine.start()
        async with Camera(CameraSettings(timing=TIMING, state_file=settings.state_file, **ports)) as camera:  # type: ignore[arg-type]
            await assert_settles(engine, camera, device.id, before)


async def test_an_engine_that_is_stopped_in_order_takes_the_install_up_again(tmp_path: Path) -> None:
    async with Camera(CameraSettings(timing=Timing(key=3.0))) as camera, engine_process(tmp_path) as engine:
        before = len(contents(camera).keys)
        device = await engine.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        engine.stop()
        await engine.start()
        await assert_settles(engine, camera, device.id, before)
