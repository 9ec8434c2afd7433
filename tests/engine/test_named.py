"""Devices that are added by a name: one row with what discovery tells of the addresses that it stands for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.model.device import AttentionKind, Connection
from core.model.messages import LookAt, Looks
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.engine.conftest import CALLER, until
from tests.engine.counting import CountingDevice
from tests.engine.moving import ENDPOINT, Network, at_work
from tests.network.leaves import new_leaf

HERE, NAME = "127.0.0.1", "localhost"
LEAF = new_leaf()


@pytest.fixture
async def network(folder: Path) -> AsyncIterator[Network]:
    async with at_work(folder) as network:
        yield network


async def heard(network: Network, port: int) -> None:
    network.claim(HERE, https=port)
    await until(lambda: any(view.host == HERE for view in network.gateway.engine.board.devices.values()))


async def test_it_is_one_row_with_what_is_found_at_its_address_and_after_a_restart_too(folder: Path) -> None:
    async with CountingDevice(HERE, LEAF) as camera:
        async with at_work(folder) as network:
            await heard(network, camera.port)
            device = await network.gateway.add(f"{NAME}:{camera.port}")
            assert list(network.gateway.engine.board.devices) == [device.id]
            assert (device.host, device.addresses) == (NAME, (HERE,))
            await network.becomes(device, Connection.ONLINE)
        async with at_work(folder) as network:
            network.claim(HERE, f"{ENDPOINT}2")
            await until(lambda: network.view(device).found_by)
            assert list(network.gateway.engine.board.devices) == [device.id]


async def test_the_port_that_only_discovery_knows_is_found_by_the_name(network: Network) -> None:
    async with CountingDevice(HERE, LEAF) as camera:
        await heard(network, camera.port)
        looks = await network.gateway.engine.handle(LookAt(addresses=(NAME,)), CALLER)
        assert isinstance(looks, Looks)
        assert f"HTTPS on {camera.port} (WS-Discovery)" in looks.looks[0].way
        device = await network.gateway.add(NAME)
        assert (device.host, device.port, device.fingerprint) == (NAME, camera.port, LEAF.fingerprint)


async def test_a_camera_with_a_certificate_of_ours_is_not_added_again_by_its_name(network: Network) -> None:
    async with Camera(CameraSettings()) as camera:
        first = await network.gateway.add(f"{camera.host}:{camera.https_port}")
        again = await network.gateway.add(f"{NAME}:{camera.https_port}")
        assert (again.certificate_field, again.attention_kind) == (None, AttentionKind.UNEXPECTED_LEAF)
        assert again.attention == f"This is {first.name} ({camera.host}), which is added already"
        assert f"camtrust remove {again.id}" in again.attention_hint
        assert f"camtrust replace {first.id} {NAME}:{camera.https_port}" in again.attention_hint
