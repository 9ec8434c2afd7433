"""Requests that are not followed: nothing is signed, what was made is taken back, and the reason is told."""

from typing import Any

import pytest

from core.model.device import AttentionKind, CertificateField
from core.simulator.camera import Camera
from core.simulator.quirks import Quirks
from core.simulator.settings import CameraSettings, DeviceCertificatesSettings
from tests.engine.cameras import contents, served
from tests.engine.conftest import Gateway

BY_SECURITY: dict[str, Any] = {}
BY_DEVICE: dict[str, Any] = {"keystore": None, "certificates": DeviceCertificatesSettings()}
BOTH_WAYS = pytest.mark.parametrize("way", [BY_SECURITY, BY_DEVICE], ids=["security service", "device service"])


@BOTH_WAYS
@pytest.mark.parametrize(
    ("requests", "reason"),
    [
        ("broken", "not signed by the key that it is for"),
        ("first_key", "another key than the one it made"),
    ],
)
async def test_one_that_proves_nothing_is_not_followed(
    gateway: Gateway, way: dict[str, Any], requests: Any, reason: str
) -> None:
    async with Camera(CameraSettings(quirks=Quirks(requests=requests), **way)) as camera:
        factory, before = await served(camera), contents(camera)
        device = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert (device.certificate_field, device.fingerprint) == (CertificateField.DEVICE, factory)
        assert device.attention_kind is AttentionKind.INSTALL_FAILED
        assert reason in (device.attention or "")
        assert (await served(camera), contents(camera)) == (factory, before)


@BOTH_WAYS
async def test_a_key_that_another_device_has_is_not_signed_for(gateway: Gateway, way: dict[str, Any]) -> None:
    settings = CameraSettings(name="First", quirks=Quirks(one_key=True), **way)
    other = CameraSettings(host="127.0.0.2", serial="2", quirks=Quirks(one_key=True), **way)
    async with Camera(settings) as camera, Camera(other) as twin:
        first = await gateway.add(f"{camera.host}:{camera.https_port}")
        assert first.certificate_field is CertificateField.ARCULES
        second = await gateway.add(f"{twin.host}:{twin.https_port}")
        assert second.certificate_field is CertificateField.DEVICE
        assert f"also the key of {first.name}" in (second.attention or "")
        assert gateway.view(first.id).certificate_field is CertificateField.ARCULES
