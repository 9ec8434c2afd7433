"""Installs whose end is in doubt: read back, waited for no longer than needed, and taken back to the last object."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from core.authority.authority import Authority
from core.model.device import AttentionKind, CertificateField, Connection
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Quirks, Timing
from core.store.folder import StateFolder
from tests.engine.cameras import answered, contents, served
from tests.engine.conftest import CONFIG, Gateway, pass_time, running, until

PATIENT = msgspec.structs.replace(CONFIG, restart_patience=20.0)
PATH_REFUSED = Mishap("fault", "Receiver/ter:Action/ter:CertificationPathCreationFailed", times=9)
KEYS_AWAY = Mishap("http_500_html", skip=1, times=1)


async def test_an_assignment_that_did_not_happen_is_not_waited_for(folder: Path) -> None:
    settings = CameraSettings(faults={"ReplaceServerCertificateAssignment": Mishap("drop_before")})
    async with running(folder, PATIENT) as gateway, Camera(settings) as camera:
        before = contents(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert gateway.install(device.id).seconds < PATIENT.restart_patience / 2
        assert contents(camera) == before
        assert device.certificate_field is CertificateField.DEVICE


async def test_a_certificate_that_is_activated_by_its_upload_is_waited_for(gateway: Gateway) -> None:
    settings = CameraSettings(
        timing=Timing(switch=1.0, restart=0.3),
        quirks=Quirks(upload_activates=True),
        faults={"CreateCertificationPath": PATH_REFUSED},
    )
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        assert device.fingerprint == await served(camera)
        assert device.connection is Connection.ONLINE


async def test_what_an_upload_has_activated_is_put_back_where_it_never_comes_into_use(gateway: Gateway) -> None:
    settings = CameraSettings(
        quirks=Quirks(upload_activates=True, keeps_old_certificate=True),
        faults={"CreateCertificationPath": PATH_REFUSED},
    )
    async with Camera(settings) as camera:
        before = contents(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.DEVICE
        assert contents(camera) == before


async def test_putting_the_former_certificate_back_may_lose_its_answer(gateway: Gateway) -> None:
    faults = {"ReplaceServerCertificateAssignment": Mishap("lose_reply", skip=1)}
    async with Camera(CameraSettings(quirks=Quirks(keeps_old_certificate=True), faults=faults)) as camera:
        before = contents(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert contents(camera) == before
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert camera.log.operations().count("CreatePKCS10CSR") == 1


async def test_an_install_that_only_has_to_be_cleared_up_after_leaves_the_device_online(gateway: Gateway) -> None:
    async with Camera(CameraSettings(faults={"GetAllKeys": KEYS_AWAY})) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        install = gateway.install(device.id)
        assert "HTTPS (Arcules)" in install.outcome
        await until(lambda: answered(camera, "GetAllKeys") == 3)
        await pass_time(gateway)
        assert gateway.view(device.id).connection is Connection.ONLINE
        assert gateway.install(device.id) == install


async def test_a_device_is_watched_while_it_cannot_be_cleared_up(gateway: Gateway) -> None:
    settings = CameraSettings(
        faults={"GetAllKeys": msgspec.structs.replace(KEYS_AWAY, times=10_000)},
        quirks=Quirks(new_certificate_at_boot=True),
    )
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        await camera.power_cut()
        sent = camera.log.received("https")
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        await pass_time(gateway)
        assert gateway.view(device.id).connection is Connection.BLOCKED
        assert camera.log.received("https") == sent


async def test_an_engine_that_ended_before_it_cleared_up_shows_the_device_online(folder: Path) -> None:
    settings = CameraSettings(faults={"GetAllKeys": Mishap("hang", skip=1)})
    async with Camera(settings) as camera:
        async with running(folder) as gateway:
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            await until(lambda: camera.mishaps.happened["GetAllKeys"])
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            await pass_time(gateway)
            assert gateway.view(device.id).connection is Connection.ONLINE
            assert gateway.view(device.id).fingerprint == await served(camera)


async def test_a_device_that_is_away_in_mid_install_is_offline_until_it_is_back(folder: Path) -> None:
    config = msgspec.structs.replace(CONFIG, restart_patience=1.0)
    settings = CameraSettings(faults={"CreatePKCS10CSR": Mishap("hang")}, state_file=str(folder.parent / "flash"))
    async with running(folder, config) as gateway:
        async with Camera(settings) as camera:
            before = contents(camera)
            # Added without a login first, so that its own certificate is pinned.
            device = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
            await gateway.begin(f"{camera.host}:{camera.https_port}")
            await until(lambda: camera.mishaps.happened["CreatePKCS10CSR"])
            ports = {"http_port": camera.http_port, "https_port": camera.https_port}
        install = await gateway.ended(device.id)
        assert "not finished" in install.outcome
        await pass_time(gateway)
        assert gateway.view(device.id).connection is Connection.OFFLINE
        async with Camera(msgspec.structs.replace(settings, faults={}, **ports)) as camera:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            assert contents(camera) == before
            await pass_time(gateway)
            assert "CreatePKCS10CSR" not in camera.log.operations()
            assert gateway.view(device.id).attention_kind is AttentionKind.INSTALL_FAILED


async def test_a_gateway_that_cannot_sign_says_so_and_has_one_key_made(folder: Path) -> None:
    state = StateFolder.open(folder)
    later = datetime.now(UTC) + timedelta(days=400)
    await asyncio.to_thread(Authority.open, state.path, CONFIG.authority, CONFIG.gateway, later)
    state.close()
    async with running(folder) as gateway, Camera() as camera:
        before = contents(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await pass_time(gateway)
        assert device.certificate_field is CertificateField.DEVICE
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert "clock" in (device.attention or "")
        assert contents(camera) == before
        assert len([name for name in camera.log.operations() if name in ("CreateRSAKeyPair", "CreateECCKeyPair")]) == 1


@pytest.mark.parametrize("operation", ["GetAllKeys", "DeleteKey"])
async def test_a_camera_that_never_lets_itself_be_read_back_is_not_asked_for_ever(
    gateway: Gateway, operation: str
) -> None:
    skip = 1 if operation == "GetAllKeys" else 0
    settings = CameraSettings(
        quirks=Quirks(keys_fail=True), faults={operation: Mishap("http_500_html", skip=skip, times=10_000)}
    )
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: gateway.view(device.id).certificate_field is CertificateField.DEVICE)
        asked = camera.log.operations().count(operation)
        await pass_time(gateway)
        assert camera.log.operations().count(operation) == asked
        kinds = {attention.kind for attention in gateway.engine._services.registry.devices[device.id].attention}
        assert AttentionKind.CLEAN_UP in kinds
