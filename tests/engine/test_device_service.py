"""Onboarding of cameras that take a certificate only by their device service."""

from hashlib import sha256

import pytest

from core.model.device import AttentionKind, CertificateField, Connection, Origin
from core.model.messages import ReissueCertificate, RemoveDevice
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Mishap
from tests.engine.cameras import served
from tests.engine.conftest import CALLER, Gateway

LEGACY = DeviceCertificatesSettings()


def legacy(certificates: DeviceCertificatesSettings = LEGACY, **others: object) -> CameraSettings:
    return CameraSettings(keystore=None, certificates=certificates, **others)  # type: ignore[arg-type]


def stored(camera: Camera) -> set[str]:
    """The certificates that the camera holds, by fingerprint."""
    return {sha256(item.der).hexdigest() for item in camera.keystore.contents.certificates.values()}


@pytest.mark.parametrize(
    "certificates",
    [
        LEGACY,
        DeviceCertificatesSettings(csr="pem"),
        DeviceCertificatesSettings(key="RSA 2048", hash="SHA-1"),
        DeviceCertificatesSettings(ignores_id=True),
        DeviceCertificatesSettings(ignores_subject=True, ignores_dates=True),
        DeviceCertificatesSettings(ignores_id=True, ignores_subject=True),
        DeviceCertificatesSettings(load_activates=True),
        DeviceCertificatesSettings(several_enabled=True),
        DeviceCertificatesSettings(most=2),
    ],
)
async def test_it_ends_with_our_certificate_and_again_with_another(
    gateway: Gateway, certificates: DeviceCertificatesSettings
) -> None:
    async with Camera(legacy(certificates)) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.origin) == (CertificateField.ARCULES, Origin.ISSUED)
        assert device.attention is None
        first = await served(camera)
        assert device.fingerprint == first
        assert stored(camera) == {factory, first}
        if certificates.most > 2:
            await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
            await gateway.ended(device.id)
            second = await served(camera)
            assert gateway.view(device.id).fingerprint == second != first
            assert stored(camera) == {factory, second}


async def test_a_weak_key_that_the_camera_chose_is_told(gateway: Gateway) -> None:
    async with Camera(legacy(DeviceCertificatesSettings(key="RSA 1024"))) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        assert any("RSA key of 1024 bits is weak" in step.detail for step in gateway.install(device.id).steps)


async def test_one_without_room_keeps_its_own(gateway: Gateway) -> None:
    async with Camera(legacy(DeviceCertificatesSettings(most=1))) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.fingerprint) == (CertificateField.DEVICE, factory)
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert await served(camera) == factory


@pytest.mark.parametrize(
    "operation", ["CreateCertificate", "GetPkcs10Request", "LoadCertificates", "SetCertificatesStatus"]
)
async def test_what_fails_on_the_way_is_taken_back(gateway: Gateway, operation: str) -> None:
    fault = Mishap("fault", code="Receiver/ter:Action/ter:KeyGenerationFailed")
    async with Camera(legacy(faults={operation: fault})) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert await served(camera) == factory
        assert stored(camera) == {factory}


async def test_what_an_earlier_time_left_makes_room(gateway: Gateway) -> None:
    async with Camera(legacy(DeviceCertificatesSettings(most=3, ignores_id=True))) as camera:
        for _ in range(3):
            device = await gateway.add(f"{camera.host}:{camera.https_port}")
            assert device.certificate_field is CertificateField.ARCULES
            await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        assert len(stored(camera)) == 2
