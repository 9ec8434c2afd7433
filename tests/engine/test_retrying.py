"""What the engine tries again by itself: without end, without noise, and without holding up what could be done."""

from pathlib import Path

import msgspec

from core.model.config import Config
from core.model.device import AttentionKind, CertificateField, Connection
from core.model.messages import AcceptCertificate, ReissueCertificate
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap
from tests.engine.cameras import contents, install_own, served
from tests.engine.conftest import CALLER, CONFIG, Gateway, pass_time, running, until

NO_RETRIES = msgspec.structs.replace(CONFIG, retry_period=3600.0)
ONE_AT_A_TIME = msgspec.structs.replace(CONFIG, parallel_installs=1, patience=20.0, restart_patience=20.0)
HANGS = CameraSettings(faults={"CreatePKCS10CSR": Mishap("hang")})


async def kinds(gateway: Gateway, device: str) -> list[str]:
    return [event.kind for event in (await gateway.detail(device)).events]


async def test_a_device_that_never_answers_is_told_once_and_is_one_install(gateway: Gateway) -> None:
    device = await gateway.add("127.0.0.1:1")
    tries = gateway.install(device.id)
    await until(lambda: gateway.install(device.id) != tries)
    await pass_time(gateway, 4)
    assert await kinds(gateway, device.id) == ["added", "not reached"]
    assert len(await gateway.engine._services.store.installs(device.id)) == 1


async def test_whoever_waits_for_a_device_holds_up_no_other(folder: Path) -> None:
    async with running(folder, ONE_AT_A_TIME) as gateway, Camera() as camera:
        for port in (1, 2, 3):
            await gateway.begin(f"127.0.0.1:{port}")
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES


async def test_an_interrupted_install_of_a_device_that_is_away_holds_up_no_other(folder: Path) -> None:
    async with Camera(HANGS) as camera, running(folder, CONFIG) as gateway:
        await gateway.begin(f"{camera.host}:{camera.https_port}")
        await until(lambda: camera.mishaps.happened["CreatePKCS10CSR"])
    async with running(folder, ONE_AT_A_TIME) as gateway, Camera(CameraSettings(host="127.0.0.2")) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES


async def mid_install(folder: Path, config: Config) -> tuple[CameraSettings, str, int]:
    """Leave a device behind that was away when its install failed; return it, its id and how many keys were its own."""
    settings = msgspec.structs.replace(HANGS, state_file=str(folder.parent / "flash"))
    async with running(folder, msgspec.structs.replace(config, restart_patience=0.5)) as gateway:
        async with Camera(settings) as camera:
            own = len(contents(camera).keys)
            device = await gateway.begin(f"{camera.host}:{camera.https_port}")
            await until(lambda: camera.mishaps.happened["CreatePKCS10CSR"])
            place = {"http_port": camera.http_port, "https_port": camera.https_port}
        assert "not finished" in (await gateway.ended(device.id)).outcome
        assert gateway.view(device.id).connection is Connection.OFFLINE
        assert gateway.view(device.id).attention_kind is AttentionKind.INSTALL_FAILED
    return msgspec.structs.replace(settings, faults={}, **place), device.id, own


async def test_a_technician_need_not_wait_for_the_end_of_an_install_in_doubt(folder: Path) -> None:
    settings, device, own = await mid_install(folder, NO_RETRIES)
    async with running(folder, NO_RETRIES) as gateway:
        await gateway.ended(device)
        async with Camera(settings) as camera:
            view = await gateway.add(f"{camera.host}:{camera.https_port}")
            assert (view.id, view.certificate_field) == (device, CertificateField.ARCULES)
            assert len(contents(camera).keys) == own + 1
            assert not await gateway.engine._services.store.open_installs()


async def test_an_install_that_failed_is_taken_back_after_any_restart_and_not_begun_anew(folder: Path) -> None:
    settings, device, own = await mid_install(folder, CONFIG)
    async with running(folder) as gateway, Camera(settings) as camera:
        await until(lambda: gateway.view(device).certificate_field is CertificateField.DEVICE)
        assert len(contents(camera).keys) == own
        assert gateway.view(device).attention_kind is AttentionKind.INSTALL_FAILED
        assert "CreatePKCS10CSR" not in camera.log.operations()


NOT_CLEARED_UP = CameraSettings(faults={"GetAllKeys": Mishap("http_500_html", skip=1)})


async def test_a_new_certificate_ends_what_was_left_to_be_cleared_up(folder: Path) -> None:
    async with Camera(NOT_CLEARED_UP) as camera:
        async with running(folder, NO_RETRIES) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            assert len(await gateway.engine._services.store.open_installs()) == 1
            await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
            await gateway.ended(device.id)
            await until(lambda: not gateway.engine.busy())
            assert not await gateway.engine._services.store.open_installs()
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            await pass_time(gateway)
            assert gateway.view(device.id).fingerprint == await served(camera) != device.fingerprint
            assert "blocked" not in await kinds(gateway, device.id)


async def test_an_accepted_certificate_ends_what_was_left_to_be_cleared_up(folder: Path) -> None:
    async with Camera(NOT_CLEARED_UP) as camera:
        async with running(folder, NO_RETRIES) as gateway:
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            own, path = await install_own(camera)
            await until(lambda: gateway.view(device.id).presented == own)
            await gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=own), CALLER)
        async with running(folder) as gateway:
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
            await pass_time(gateway)
            assert gateway.view(device.id).fingerprint == own == await served(camera)
            assert path in contents(camera).paths
            assert not await gateway.engine._services.store.open_installs()
            assert (await kinds(gateway, device.id)).count("blocked") == 1
