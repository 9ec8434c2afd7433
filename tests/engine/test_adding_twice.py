"""Addresses that are added already, or may be: never a second row for one device that nobody asked for."""

import pytest

from core.model.device import CertificateField, Connection
from core.model.errors import RefusedError, UsageError
from core.model.messages import AddDevices, ReplaceDevice
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.engine.conftest import CALLER, PASSWORD, USER, Gateway
from tests.engine.counting import CountingDevice
from tests.network.leaves import new_leaf


async def refused(gateway: Gateway, *addresses: str) -> RefusedError:
    before = list(gateway.engine.board.devices)
    with pytest.raises(RefusedError) as raised:
        await gateway.engine.handle(AddDevices(addresses=addresses), CALLER)
    assert list(gateway.engine.board.devices) == before
    return raised.value


async def test_another_port_of_a_device_that_never_answered_is_the_same_device(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        away = await gateway.add(f"{camera.host}:1", user=USER, password=PASSWORD)
        address = f"{camera.host}:{camera.https_port}"
        error = await refused(gateway, address)
        assert error.title == f"{away.name} at {camera.host}:1 is added already, by tech1 a moment ago"
        assert f"camtrust replace {away.id} {address}" in error.hint

        await gateway.engine.handle(ReplaceDevice(device=away.id, address=address), CALLER)
        await gateway.ended(away.id)
        assert gateway.view(away.id).connection is Connection.ONLINE
        assert list(gateway.engine.board.devices) == [away.id]


async def test_https_of_a_device_that_is_on_http_is_a_replacement(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        plain = await gateway.add(f"http://{camera.host}:{camera.http_port}")
        assert plain.certificate_field is CertificateField.HTTP
        error = await refused(gateway, f"https://{camera.host}:{camera.https_port}")
        assert f"camtrust replace {plain.id} https://{camera.host}:{camera.https_port}" in error.hint


async def test_two_devices_behind_one_address_are_two_rows(gateway: Gateway) -> None:
    host = "127.64.50.1"
    async with CountingDevice(host, new_leaf("a")) as one, CountingDevice(host, new_leaf("b")) as other:
        ids = {(await gateway.add(device.address)).id for device in (one, other)}
    assert set(gateway.engine.board.devices) == ids
    assert len(ids) == 2


async def test_two_devices_behind_one_address_may_both_be_on_http(gateway: Gateway) -> None:
    settings = CameraSettings(https_port=None)
    async with Camera(settings) as one, Camera(settings) as other:
        for camera in (one, other):
            device = await gateway.add(f"http://{camera.host}:{camera.http_port}")
            assert device.certificate_field is CertificateField.HTTP
    assert len(gateway.engine.board.devices) == 2


async def test_where_one_of_several_is_added_already_it_is_named_and_none_is_added(gateway: Gateway) -> None:
    async with Camera(CameraSettings()) as camera:
        device = await gateway.add(f"{camera.host}:{camera.https_port}", names=("Lobby",))
        error = await refused(gateway, "127.64.51.1", camera.host, "127.64.51.2")
        assert error.title == f"Lobby at {device.address} is added already, by tech1 a moment ago: HTTPS (Arcules)"
        assert error.hint == f"Nothing was added. To set it up anew: camtrust replace {device.id}"


@pytest.mark.parametrize("addresses", [("127.64.52.1", "127.64.52.1:443"), ("127.64.52.1:443", "http://127.64.52.1")])
async def test_an_address_with_a_port_and_without_may_be_one_device(
    gateway: Gateway, addresses: tuple[str, ...]
) -> None:
    with pytest.raises(UsageError, match="with a port and without"):
        await gateway.engine.handle(AddDevices(addresses=addresses), CALLER)
    assert not gateway.engine.board.devices
