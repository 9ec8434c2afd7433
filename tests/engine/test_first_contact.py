"""How a device is met: never less safely than before, never against what was expected, and no camera twice."""

import msgspec
import pytest

from core.model.device import AttentionKind, CertificateField, Connection
from core.model.errors import RefusedError
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.engine.cameras import credentials, served
from tests.engine.conftest import Gateway, until

PLAIN = CameraSettings(https_port=None)


async def test_a_pinned_device_whose_https_is_gone_is_not_added_again_over_http(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.0.10.1")) as camera:
        first = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
        pinned = first.fingerprint
        assert first.certificate_field is CertificateField.DEVICE
        port = camera.https_port
        settings = msgspec.structs.replace(camera.settings, http_port=port, https_port=None)
    async with Camera(settings) as camera:
        device = await gateway.add(f"{camera.host}:{port}", allow_http_login=True)
        assert device.id == first.id
        assert device.certificate_field is CertificateField.DEVICE
        assert (device.fingerprint, device.port) == (pinned, port)
        await until(lambda: gateway.view(device.id).connection is Connection.OFFLINE)
        assert not credentials(camera)


async def test_a_pinned_device_is_not_found_at_another_port(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.0.10.2")) as camera:
        first = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
    async with Camera(CameraSettings(host="127.0.10.2", https_port=8443)) as camera:
        device = await gateway.add(camera.host)
        assert device.id == first.id
        assert (device.port, device.fingerprint) == (first.port, first.fingerprint)
        await until(lambda: gateway.view(device.id).connection is Connection.OFFLINE)
        assert not credentials(camera)


async def test_a_pinned_device_is_not_moved_to_http(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.0.10.3")) as camera:
        first = await gateway.add(f"{camera.host}:{camera.https_port}", user="")
        for address in (f"http://{camera.host}", f"http://{camera.host}:{camera.https_port}"):
            with pytest.raises(RefusedError, match="HTTPS"):
                await gateway.add(address)
        assert gateway.view(first.id).fingerprint == await served(camera)


async def test_where_a_certificate_is_expected_plain_http_will_not_do(gateway: Gateway) -> None:
    async with Camera(msgspec.structs.replace(PLAIN, host="127.0.10.4", http_port=8080)) as camera:
        device = await gateway.add(f"{camera.host}:{camera.http_port}", expect="ab" * 32)
        assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
        assert not credentials(camera)


async def test_an_https_port_that_suddenly_speaks_http_gets_no_login(gateway: Gateway) -> None:
    async with Camera(msgspec.structs.replace(PLAIN, host="127.0.10.5", http_port=8443)) as camera:
        device = await gateway.add(f"{camera.host}:8443")
        assert device.certificate_field is CertificateField.HTTP
        assert device.attention_kind is AttentionKind.LOGIN_NEEDED
        assert not credentials(camera)


async def test_a_camera_that_is_added_already_is_not_set_up_anew_under_another_address(gateway: Gateway) -> None:
    async with Camera() as camera:
        first = await gateway.add(f"{camera.host}:{camera.https_port}", names=("Lobby",))
        sent = len(camera.log.requests)
        second = await gateway.add(f"localhost:{camera.https_port}")
        assert second.id != first.id
        assert second.attention_kind is AttentionKind.UNEXPECTED_LEAF
        assert second.attention is not None
        assert "Lobby" in second.attention
        assert len(camera.log.requests) == sent
        assert gateway.view(first.id).fingerprint == await served(camera)
        assert gateway.view(first.id).connection is Connection.ONLINE


async def test_cameras_that_share_a_vendors_certificate_are_each_set_up(gateway: Gateway) -> None:
    batch = [CameraSettings(host=f"127.0.10.{number}", batch="one") for number in (6, 7)]
    async with Camera(batch[0]) as first, Camera(batch[1]) as second:
        assert first.leaf == second.leaf
        await gateway.add(f"{first.host}:{first.https_port}", user="")
        device = await gateway.add(f"{second.host}:{second.https_port}")
        assert device.certificate_field is CertificateField.ARCULES
