"""Cancelling and removing at awkward moments, and two decisions about one device at the same time."""

import asyncio
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection, StepState
from core.model.errors import RefusedError
from core.model.messages import AddDevices, CancelInstall, ReissueCertificate, RemoveDevice
from core.model.secret import Secret
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Mishap, Quirks, Timing
from tests.engine.cameras import contents, credentials
from tests.engine.conftest import CALLER, CONFIG, PASSWORD, USER, Gateway, pass_time, running, until
from tests.engine.stalling import stalled

SLOW_KEY = CameraSettings(timing=Timing(key=20.0))
ONE_AT_A_TIME = msgspec.structs.replace(CONFIG, parallel_installs=1, patience=20.0)


async def test_an_install_that_waits_for_its_turn_can_be_cancelled_or_removed(folder: Path) -> None:
    async with running(folder, ONE_AT_A_TIME) as gateway, Camera(SLOW_KEY) as camera, Camera() as other:
        await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        cancelled = await gateway.begin(f"{other.host}:{other.https_port}")
        removed = await gateway.begin("127.0.0.1:1")
        await gateway.engine.handle(CancelInstall(device=cancelled.id), CALLER)
        assert "ancelled by tech1" in (await gateway.ended(cancelled.id)).outcome
        await gateway.engine.handle(RemoveDevice(device=removed.id), CALLER)
        assert removed.id not in gateway.engine.board.devices
        assert not credentials(other)


async def test_what_was_cancelled_is_not_begun_again_by_itself(gateway: Gateway) -> None:
    device = await gateway.begin("127.0.0.1:1", patience=60.0)
    await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
    await gateway.ended(device.id)
    install = gateway.install(device.id)
    await pass_time(gateway)
    assert gateway.install(device.id) == install
    assert gateway.view(device.id).attention_kind is AttentionKind.INSTALL_FAILED


async def test_a_cancelled_install_that_a_restart_interrupts_is_taken_back_and_not_begun_anew(folder: Path) -> None:
    settings = CameraSettings(timing=Timing(key=20.0), faults={"GetAllKeys": Mishap("hang", skip=1)})
    async with Camera(settings) as camera:
        before = contents(camera)
        async with running(folder) as gateway:
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            await until(lambda: "GetKeyStatus" in camera.log.operations())
            await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
            await until(lambda: camera.mishaps.happened["GetAllKeys"])
        made = made_keys(camera)
        async with running(folder) as gateway:
            await gateway.ended(device.id)
            await pass_time(gateway)
            assert made_keys(camera) == made
            assert contents(camera) == before
            assert gateway.view(device.id).certificate_field is CertificateField.DEVICE


@pytest.mark.parametrize("ignores_id", [False, True])
async def test_a_camera_that_still_makes_a_key_when_it_is_cancelled_is_told_to_be_left_with_it(
    gateway: Gateway, ignores_id: bool
) -> None:
    certificates = DeviceCertificatesSettings(ignores_id=ignores_id)
    settings = CameraSettings(keystore=None, certificates=certificates, timing=Timing(key=1.0))
    async with Camera(settings) as camera:
        before = len(contents(camera).certificates)
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: camera.mishaps.called["CreateCertificate"])
        await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        assert "cancelled by tech1; what was made on the camera may be left" in (await gateway.ended(device.id)).outcome
        kinds = {attention.kind for attention in gateway.engine._services.registry.devices[device.id].attention}
        assert AttentionKind.CLEAN_UP in kinds
        await until(lambda: len(contents(camera).certificates) == before + 1)
        await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await gateway.ended(device.id)
        assert gateway.view(device.id).certificate_field is CertificateField.ARCULES
        assert len(contents(camera).certificates) == before + 1


def made_keys(camera: Camera) -> int:
    return sum(operation.startswith("Create") and "Key" in operation for operation in camera.log.operations())


async def test_a_cancel_while_the_end_is_written_down_leaves_no_device_without_one(folder: Path) -> None:
    async with running(folder) as gateway, Camera() as camera:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}", password="wrong")
        await until(lambda: gateway.install(device.id).steps[3].seconds is not None)
        with stalled(folder):
            await until(lambda: gateway.install(device.id).steps[3].state is StepState.FAILED)
            for _ in range(20):
                await asyncio.sleep(0.01)
            with suppress(RefusedError):
                await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        await gateway.ended(device.id)
        await pass_time(gateway)
        assert gateway.view(device.id).connection is Connection.ONLINE
        assert len(credentials(camera)) == 1


async def test_an_engine_that_ends_does_not_wait_for_what_a_cancel_takes_back(folder: Path) -> None:
    settings = CameraSettings(timing=Timing(key=20.0), faults={"GetAllKeys": Mishap("hang", skip=1)})
    async with Camera(settings) as camera, running(folder) as gateway:
        device = await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: "GetKeyStatus" in camera.log.operations())
        await gateway.engine.handle(CancelInstall(device=device.id), CALLER)
        # Both arrive before the install has run again.
        async with asyncio.timeout(5):
            await gateway.engine.close()


async def test_a_device_that_is_removed_while_its_change_is_stored_stays_removed(folder: Path) -> None:
    settings = CameraSettings(quirks=Quirks(new_certificate_at_boot=True))
    async with Camera(settings) as camera:
        async with running(folder) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            with stalled(folder):
                await camera.power_cut()
                looks = len(camera.log.connections)
                await until(lambda: len(camera.log.connections) > looks)
                for _ in range(20):
                    await asyncio.sleep(0.01)
                removing = asyncio.create_task(gateway.engine.handle(RemoveDevice(device=device.id), CALLER))
                await asyncio.sleep(0.05)
            await removing
            await pass_time(gateway)
            assert not gateway.engine.board.devices
        async with running(folder) as gateway:
            assert not gateway.engine.board.devices


async def test_an_address_that_two_technicians_add_at_once_becomes_one_device(gateway: Gateway) -> None:
    async with Camera() as camera:
        command = AddDevices(
            addresses=(f"{camera.host}:{camera.https_port}",), user=USER, password=Secret(PASSWORD), patience=1.0
        )
        both = (gateway.engine.handle(command, CALLER) for _ in range(2))
        outcomes = await asyncio.gather(*both, return_exceptions=True)
        assert [type(outcome).__name__ for outcome in outcomes].count("RefusedError") == 1
        [device] = gateway.engine.board.devices
        await gateway.ended(device)
        assert made_keys(camera) == 1


async def test_a_device_is_onboarded_once_when_a_technician_and_the_engine_try_again_together(folder: Path) -> None:
    async with Camera() as camera:
        settings = msgspec.structs.replace(camera.settings, https_port=camera.https_port)
    async with running(folder) as gateway:
        device = await gateway.add(f"127.0.0.1:{settings.https_port}")
        assert device.attention_kind is AttentionKind.UNREACHABLE
        async with Camera(settings) as camera:
            with stalled(folder):
                await pass_time(gateway, 2)
                adding = asyncio.create_task(gateway.begin(f"127.0.0.1:{camera.https_port}"))
                await asyncio.sleep(0.05)
            await asyncio.wait([adding])
            refused = adding.exception()
            assert refused is None or isinstance(refused, RefusedError)
            await until(lambda: gateway.view(device.id).certificate_field is CertificateField.ARCULES)
            await until(lambda: not gateway.engine.busy())
            assert made_keys(camera) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:443"])
async def test_one_host_with_several_devices_is_not_guessed(gateway: Gateway, address: str) -> None:
    unmanaged = CameraSettings(keystore=None)
    async with Camera(unmanaged) as one, Camera(unmanaged) as other:
        for camera in (one, other):
            await gateway.add(f"127.0.0.1:{camera.https_port}")
        if address.endswith(":443"):
            assert (await gateway.begin(address, patience=0.0)).port == 443
            return
        with pytest.raises(RefusedError, match="2 devices"):
            await gateway.add(address)
