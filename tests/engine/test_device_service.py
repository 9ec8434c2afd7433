"""Onboarding of cameras that take a certificate only by their device service."""

from hashlib import sha256
from typing import Any

import pytest

from core.model.device import AttentionKind, CertificateField, Connection, Origin
from core.model.messages import ReissueCertificate, RemoveDevice
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings, Mishap, Quirks, Timing
from tests.engine.cameras import served
from tests.engine.conftest import CALLER, Gateway, until

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
@pytest.mark.parametrize("own", [False, True])
async def test_what_fails_on_the_way_is_taken_back(gateway: Gateway, operation: str, own: bool) -> None:
    fault = Mishap("fault", code="Receiver/ter:Action/ter:KeyGenerationFailed")
    certificates = DeviceCertificatesSettings(ignores_id=own, ignores_subject=own)
    async with Camera(legacy(certificates, faults={operation: fault})) as camera:
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


async def test_one_that_uses_its_makeshift_certificate_at_once_is_put_back(gateway: Gateway) -> None:
    enabled, at_once = DeviceCertificatesSettings(creates="enabled"), Timing(switch=0.0, restart=0.0)
    async with Camera(legacy(enabled, timing=at_once)) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert "did not take the new certificate" in (device.attention or "")
        assert (await served(camera), stored(camera)) == (factory, {factory})


@pytest.mark.parametrize("kind", ["lose_reply", "power_cut_after"])
async def test_one_that_uses_it_although_its_answer_was_lost_is_never_trusted_for_it(
    gateway: Gateway, kind: Any
) -> None:
    enabled = DeviceCertificatesSettings(creates="enabled")
    async with Camera(legacy(enabled, faults={"CreateCertificate": Mishap(kind)})) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.connection, device.fingerprint) == (Connection.BLOCKED, factory)
        assert device.presented == await served(camera)


async def test_one_that_switches_the_former_off_and_ours_not_on_is_put_back(gateway: Gateway) -> None:
    one_status, quirks = DeviceCertificatesSettings(one_status=True), Quirks(certificate_needs_reboot=True)
    async with Camera(legacy(one_status, quirks=quirks)) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert stored(camera) == {factory}
        await camera.power_cut()
        assert await served(camera) == factory


async def test_one_that_answers_with_a_certificate_that_was_there_keeps_it(gateway: Gateway) -> None:
    async with Camera(legacy(DeviceCertificatesSettings(creates="nothing"))) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.fingerprint) == (CertificateField.DEVICE, factory)
        assert "was there before" in (device.attention or "")
        assert (await served(camera), stored(camera)) == (factory, {factory})
        assert "GetPkcs10Request" not in camera.log.operations()
        assert "DeleteCertificates" not in camera.log.operations()


@pytest.mark.parametrize("ignores_id", [False, True])
async def test_one_that_overwrites_its_only_certificate_is_never_left_without_one(
    gateway: Gateway, ignores_id: bool
) -> None:
    over_old = DeviceCertificatesSettings(most=2, creates="over_old", ignores_id=ignores_id)
    broken = {"GetPkcs10Request": Mishap("fault", code="Receiver/ter:Action/ter:Pkcs10Generation")}
    quirks = Quirks(certificate_needs_reboot=True)
    async with Camera(legacy(over_old, quirks=quirks, faults=broken)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert not {"SetCertificatesStatus", "DeleteCertificates"} & set(camera.log.operations())
        await camera.power_cut()
        await until(lambda: gateway.view(device.id).connection is Connection.BLOCKED)
        assert gateway.view(device.id).presented == await served(camera)


async def test_one_that_uses_what_has_overwritten_its_only_certificate_keeps_that(gateway: Gateway) -> None:
    over_old, at_once = DeviceCertificatesSettings(most=2, creates="over_old"), Timing(switch=0.0, restart=0.0)
    async with Camera(legacy(over_old, timing=at_once)) as camera:
        factory = await served(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.connection) == (CertificateField.DEVICE, Connection.ONLINE)
        assert device.fingerprint == await served(camera) != factory
        assert stored(camera) == {device.fingerprint}


async def test_what_is_served_is_not_cleared_away_where_the_camera_tells_not_what_is_on(gateway: Gateway) -> None:
    odd = DeviceCertificatesSettings(load_activates=True, odd_status=True)
    async with Camera(legacy(odd)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
        await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await gateway.ended(device.id)
        assert gateway.view(device.id).fingerprint == await served(camera) != device.fingerprint
        deleted = [request.outcome for request in camera.log.requests if request.operation == "DeleteCertificates"]
        assert deleted == ["ok"]
