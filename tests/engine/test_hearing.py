"""From a camera's announcement to the row that people see, over real multicast on the loopback interface."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec

from core.model.config import DiscoverySettings
from core.model.device import AttentionKind, CertificateField, Connection, DeviceView
from core.model.messages import RemoveDevice
from core.simulator.settings import CameraSettings
from core.simulator.site import Site
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.process import free_udp_port

LOBBY = CameraSettings(name="Lobby", host="127.0.8.1", serial="1")
STAIRS = CameraSettings(name="Stairs", host="127.0.8.2", serial="2", path="/onvif/services")
HALL = CameraSettings(name="Hall", host="127.0.8.4", serial="4", announces=("http",))
SHED = CameraSettings(name="Shed", host="127.0.8.3", serial="3", https_port=None)


@asynccontextmanager
async def hearing(folder: Path, *cameras: CameraSettings) -> AsyncIterator[tuple[Gateway, Site]]:
    port = free_udp_port()
    async with running(folder, msgspec.structs.replace(CONFIG, discovery=DiscoverySettings(port, 0, 0))) as gateway:
        async with Site(cameras, port) as site:
            yield gateway, site
        # Each says goodbye when it goes.
        await until(lambda: not rows(gateway, Connection.DISCOVERED))


def row(gateway: Gateway, name: str) -> DeviceView | None:
    return next((view for view in gateway.engine.board.devices.values() if view.name == name), None)


def rows(gateway: Gateway, connection: Connection) -> list[DeviceView]:
    return [view for view in gateway.engine.board.devices.values() if view.connection is connection]


async def heard(gateway: Gateway, name: str) -> DeviceView:
    await until(lambda: row(gateway, name))
    view = row(gateway, name)
    assert view is not None
    return view


async def test_cameras_appear_with_their_real_ports_and_go_with_their_farewell(folder: Path) -> None:
    async with hearing(folder, LOBBY, SHED) as (gateway, site):
        view = await heard(gateway, "Lobby")
        lobby, shed = site.cameras
        assert (view.connection, view.host, view.port) == (Connection.DISCOVERED, "127.0.8.1", lobby.https_port)
        assert view.certificate_field is None
        # The HTTP port is left out: adding by it would mean HTTP.
        assert (await heard(gateway, "Shed")).address == shed.host
        assert (await heard(gateway, "Shed")).found_by == (f"WS-Discovery (HTTP {shed.http_port})",)
        [source] = gateway.engine.board.status().sources
        assert (source.source, source.problem) == ("WS-Discovery", None)
        assert source.heard >= 2


async def test_an_added_device_is_one_row_and_a_found_one_again_when_removed(folder: Path) -> None:
    async with hearing(folder, LOBBY) as (gateway, _):
        await heard(gateway, "Lobby")
        device = await gateway.add("127.0.8.1")
        assert device.certificate_field is CertificateField.ARCULES
        assert device.name == "Lobby"
        assert device.found_by
        assert list(gateway.engine.board.devices) == [device.id]
        await gateway.engine.handle(RemoveDevice(device=device.id), CALLER)
        [found] = gateway.engine.board.devices.values()
        assert (found.connection, found.name) == (Connection.DISCOVERED, "Lobby")


async def test_an_unusual_path_and_ports_are_learnt_from_the_announcement(folder: Path) -> None:
    async with hearing(folder, STAIRS) as (gateway, site):
        await heard(gateway, "Stairs")
        device = await gateway.add("127.0.8.2")
        assert device.certificate_field is CertificateField.ARCULES
        assert device.port == site.cameras[0].https_port


async def test_a_camera_without_https_is_added_over_http_and_its_login_is_kept_back(folder: Path) -> None:
    async with hearing(folder, SHED) as (gateway, site):
        await heard(gateway, "Shed")
        device = await gateway.add("127.0.8.3")
        assert (device.certificate_field, device.connection) == (CertificateField.HTTP, Connection.ONLINE)
        assert device.attention_kind is AttentionKind.LOGIN_NEEDED
        assert not any(request.credentials for request in site.cameras[0].log.requests)


async def test_where_it_was_allowed_the_login_goes_over_http(folder: Path) -> None:
    async with hearing(folder, SHED) as (gateway, site):
        await heard(gateway, "Shed")
        device = await gateway.add("127.0.8.3", allow_http_login=True)
        assert (device.certificate_field, device.attention) == (CertificateField.HTTP, None)
        assert any(request.credentials for request in site.cameras[0].log.requests)


async def test_an_address_by_https_is_never_added_over_http(folder: Path) -> None:
    async with hearing(folder, SHED) as (gateway, _):
        await heard(gateway, "Shed")
        device = await gateway.add("https://127.0.8.3")
        assert (device.certificate_field, device.connection) == (None, Connection.OFFLINE)
        assert device.attention is not None
        assert "No HTTPS" in device.attention


async def test_https_that_a_device_names_only_after_an_allowed_login_over_http_is_gone_on_to(folder: Path) -> None:
    async with hearing(folder, HALL) as (gateway, site):
        await heard(gateway, "Hall")
        [hall] = site.cameras
        device = await gateway.add(hall.host, allow_http_login=True)
        assert (device.certificate_field, device.attention) == (CertificateField.ARCULES, None)
        assert device.port == hall.https_port
        assert gateway.install(device.id).steps[0].detail == f"HTTPS on {hall.https_port} (device)"
