"""Devices whose addresses change are followed by their pin and by nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest

from core.decide.certificates import key_fingerprint
from core.model.device import CertificateField, Connection, DeviceView
from core.model.messages import (
    ReissueCertificate,
    RemoveDevice,
)
from core.model.review import ChangeKind
from core.model.video import Video
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap
from core.simulator.site import Site
from core.store.store import Store
from tests.engine.cameras import contents
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice
from tests.engine.moving import ENDPOINT, Network, at, at_work, heard_nothing
from tests.engine.stalling import full
from tests.network.leaves import new_leaf

ONE, TWO, THREE, STRANGE = (new_leaf(name) for name in ("one", "two", "three", "strange"))
MAC = "00:40:8c:00:00:01"


@pytest.fixture
async def network(folder: Path) -> AsyncIterator[Network]:
    async with at_work(folder) as network:
        yield network


# Cameras, with their logins and keystores.


async def test_a_camera_that_got_a_new_address_is_followed_and_can_be_worked_with(
    network: Network, tmp_path: Path
) -> None:
    here = CameraSettings(host="127.0.93.1", serial="1", state_file=str(tmp_path / "flash"))
    async with Site((here,), network.port) as site:
        await until(lambda: network.gateway.engine.board.devices)
        device = await network.gateway.add(here.host)
        here = msgspec.structs.replace(here, https_port=site.cameras[0].https_port)
    await network.becomes(device, Connection.OFFLINE)
    there = msgspec.structs.replace(here, host="127.0.93.2")
    async with Site((there,), network.port):
        await until(lambda: network.view(device).host == there.host)
        view = await network.becomes(device, Connection.ONLINE)
        assert (view.id, view.name, view.fingerprint) == (device.id, "Camera", device.fingerprint)
        assert view.certificate_field is CertificateField.ARCULES
        assert list(network.gateway.engine.board.devices) == [device.id]
        [told] = await network.events(device, "followed")
        assert told.startswith(f"followed: from 127.0.93.1:{here.https_port} to 127.0.93.2:{here.https_port}")
        # The login has gone with it.
        await network.gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await network.gateway.ended(device.id)
        assert network.view(device).fingerprint != device.fingerprint
        assert network.view(device).connection is Connection.ONLINE


async def test_two_cameras_that_swapped_addresses_are_followed_together(gateway: Gateway) -> None:
    lobby, yard = (CameraSettings(host=f"127.0.93.{n}", serial=str(n)) for n in (11, 12))
    async with (
        Camera(lobby) as one,
        Camera(msgspec.structs.replace(yard, https_port=one.https_port)) as other,
    ):
        devices = [await gateway.add(f"{camera.host}:{camera.https_port}") for camera in (one, other)]
        await one.swap(other)
        await until(lambda: [gateway.view(device.id).host for device in devices] == [yard.host, lobby.host])
        await until(lambda: all(gateway.view(device.id).connection is Connection.ONLINE for device in devices))
        for device in devices:
            view = gateway.view(device.id)
            assert (view.fingerprint, view.presented, view.attention) == (device.fingerprint, None, None)
            kinds = [event.kind for event in (await gateway.detail(device.id)).events]
            assert kinds.count("followed") == 1
            await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
            await gateway.ended(device.id)
            assert gateway.view(device.id).fingerprint != device.fingerprint


async def test_what_is_left_to_be_cleared_up_is_cleared_up_at_the_new_address(folder: Path) -> None:
    lobby, yard = (CameraSettings(host=f"127.0.93.{n}", serial=str(n)) for n in (31, 32))
    async with Camera(lobby) as one, Camera(msgspec.structs.replace(yard, https_port=one.https_port)) as other:
        async with running(folder, msgspec.structs.replace(CONFIG, retry_period=3600.0)) as gateway:
            device, _ = [await gateway.add(f"{camera.host}:{camera.https_port}") for camera in (one, other)]
            keys = len(contents(one).keys)
            one.mishaps.plan("DeleteKey", Mishap("drop_before"))
            await gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
            await gateway.ended(device.id)
            assert len(contents(one).keys) > keys
            await one.swap(other)
            await until(lambda: gateway.view(device.id).host == yard.host)
            await until(lambda: gateway.view(device.id).connection is Connection.ONLINE)
        async with running(folder) as gateway:
            await until(lambda: len(contents(one).keys) == keys)
            assert gateway.view(device.id).host == yard.host


# Devices that count what they are sent.


async def test_a_new_address_is_looked_at_without_a_word_of_http(network: Network) -> None:
    async with CountingDevice("127.0.94.1", ONE) as here:
        device = await network.add(here)
    async with at("127.0.94.2", here.port, ONE) as there:
        network.claim(there.host)
        view = await network.followed(device, there)
        assert view.fingerprint == ONE.fingerprint
        # It was called by its address, as nobody had named it.
        assert (device.name, view.name) == ("127.0.94.1", "127.0.94.2")
        assert heard_nothing(there)


async def test_a_device_on_another_port_at_its_new_address_is_followed(network: Network) -> None:
    async with CountingDevice("127.0.94.3", ONE) as here:
        device = await network.add(here)
    async with CountingDevice("127.0.94.4", ONE) as there:
        network.claim(there.host, https=there.port)
        await network.followed(device, there)


async def test_where_discovery_is_heard_only_after_adding_it_serves_as_well(network: Network) -> None:
    async with CountingDevice("127.0.94.5", ONE) as here:
        device = await network.gateway.add(here.address)
        network.claim(here.host)
        looks = len(here.presented)
        await until(lambda: network.view(device).found_by and len(here.presented) > looks + 2)
    async with at("127.0.94.6", here.port, ONE) as there:
        network.claim(there.host)
        await network.followed(device, there)


async def test_a_serial_number_that_another_source_announces_serves_as_well(network: Network) -> None:
    async with CountingDevice("127.0.94.7", ONE) as here:
        device = await network.gateway.add(here.address)
    network.hear(here.host, serial="4711-0815")
    async with at("127.0.94.8", here.port, ONE) as there:
        network.hear(there.host, serial="4711-0815")
        await network.followed(device, there)


@pytest.mark.parametrize("known", ["mac", "endpoint"])
async def test_what_a_device_that_is_online_announced_is_remembered(folder: Path, known: str) -> None:
    async with CountingDevice("127.0.94.72", ONE) as here, at_work(folder) as network:
        device = await network.gateway.add(here.address)
        network.hear(here.host, mac=MAC if known == "mac" else "", endpoint=f"{ENDPOINT}7")
        looks = len(here.presented)
        await until(lambda: len(here.presented) > looks + 2)
    async with at("127.0.94.73", here.port, ONE) as there, at_work(folder) as network:
        network.hear(there.host, **{known: MAC if known == "mac" else f"{ENDPOINT}7"})
        await network.followed(device, there)


async def test_hearing_of_a_device_that_is_long_gone_shortens_the_wait_for_the_next_look(folder: Path) -> None:
    """It would be looked at 4.8 to 7.2 seconds after the look at the start, and is after 2.4 to 3.6."""
    loop = asyncio.get_running_loop()
    async with at_work(folder) as network, CountingDevice("127.0.94.76", ONE) as here:
        device = await network.add(here)
    async with at_work(folder, period=3.0) as network, at("127.0.94.77", here.port, ONE) as there:
        begun = loop.time()
        await until(lambda: loop.time() > begun + 1.0)
        network.claim(there.host)
        await network.followed(device, there)
        assert loop.time() - begun < 4.6


async def test_a_scan_that_meets_its_key_serves_as_well(network: Network) -> None:
    async with CountingDevice("127.0.94.9", ONE) as here:
        device = await network.gateway.add(here.address)
    await network.becomes(device, Connection.OFFLINE)
    async with at("127.0.94.10", here.port, ONE) as there:
        network.hear(there.host, key=key_fingerprint(ONE.der))
        await network.followed(device, there)


async def test_when_the_address_of_one_was_given_to_another_that_one_is_followed_and_named(network: Network) -> None:
    async with CountingDevice("127.0.94.11", ONE) as first, at("127.0.94.12", first.port, TWO) as second:
        one, two = [await network.gateway.add(device.address) for device in (first, second)]
        await until(lambda: all(network.view(device).video is not Video.DUE for device in (one, two)))
        sent = len(first.heard), len(second.heard)
        await first.off()
        second.show(ONE)
        await network.followed(one, second)
        view = await network.becomes(two, Connection.BLOCKED)
        assert (view.host, view.presented) == (second.host, ONE.fingerprint)
        await until(
            lambda: network.view(two).change == f"127.0.94.12 ({second.host}) has the address of this device now"
        )
        assert (await network.review(two)).explanations[0].kind is ChangeKind.OTHER_DEVICE
        # When the other comes up where the first was, all is well.
        first.show(TWO)
        await first.on()
        view = await network.followed(two, first)
        assert (view.presented, view.change) == (None, None)
        assert (len(first.heard), len(second.heard)) == sent


async def test_three_that_went_round_in_a_ring_are_followed_together(network: Network) -> None:
    leaves = (ONE, TWO, THREE)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(CountingDevice("127.0.94.21", ONE))
        ring = [first, *(at(f"127.0.94.{22 + n}", first.port, leaf) for n, leaf in enumerate(leaves[1:]))]
        for counting in ring[1:]:
            await stack.enter_async_context(counting)
        devices = [await network.gateway.add(counting.address) for counting in ring]
        for n, counting in enumerate(ring):
            counting.show(leaves[n - 1])
        for n, device in enumerate(devices):
            await network.followed(device, ring[(n + 1) % 3])
        told = [event for device in devices for event in (await network.gateway.detail(device.id)).events]
        seqs = sorted(event.seq for event in told if event.kind == "followed")
        assert seqs == list(range(seqs[0], seqs[0] + 3))


async def swapped_pair(network: Network, first: CountingDevice, second: CountingDevice) -> list[DeviceView]:
    """Add two devices, and let each show from now on what the other one showed."""
    devices = [await network.gateway.add(device.address) for device in (first, second)]
    first.show(TWO)
    second.show(ONE)
    return devices


async def test_who_swapped_addresses_is_stored_together_or_not_at_all(folder: Path) -> None:
    async with CountingDevice("127.0.94.65", ONE) as first, at("127.0.94.66", first.port, TWO) as second:
        async with at_work(folder) as network:
            one, two = await swapped_pair(network, first, second)
            with full(folder, "events", f"NEW.kind = 'followed' AND NEW.device = '{two.id}'"):
                await until(lambda: [network.view(device).host for device in (one, two)] == [second.host, first.host])
                # Nothing that was asked of the store before is still under way.
                await network.events(one, "followed")
        store = await Store.open(folder)
        try:
            assert [device.host for device in await store.devices()] == [first.host, second.host]
        finally:
            await store.close()
        async with at_work(folder) as network:
            await network.followed(one, second)
            await network.followed(two, first)


async def test_a_device_that_somebody_decides_about_is_not_followed_until_that_is_done(network: Network) -> None:
    async with CountingDevice("127.0.94.67", ONE) as first, at("127.0.94.68", first.port, TWO) as second:
        one = await network.add(first)
        two = await network.gateway.add(second.address)
        await second.off()
        await network.becomes(two, Connection.OFFLINE)
        with network.holding(two):
            first.show(TWO)
            second.show(ONE)
            await second.on()
            network.claim(second.host)
            await network.followed(one, second)
            await network.checked()
            assert network.view(two).host == second.host
        await network.followed(two, first)


async def test_a_device_that_is_removed_while_it_is_looked_for_stays_removed(
    network: Network, caplog: pytest.LogCaptureFixture
) -> None:
    async with CountingDevice("127.0.94.74", ONE) as here:
        device = await network.add(here)
        async with at("127.0.94.75", here.port, ONE) as there:

            async def remove() -> None:
                await network.gateway.engine.handle(RemoveDevice(device=device.id), CALLER)

            there.before = remove
            await here.off()
            network.claim(there.host)
            await until(lambda: device.id not in network.gateway.engine.board.devices)
            await until(lambda: there.presented)
            await network.checked()
            assert device.id not in network.gateway.engine.board.devices
            assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_two_devices_with_one_certificate_are_not_followed(network: Network) -> None:
    async with CountingDevice("127.0.94.31", ONE) as here, at("127.0.94.32", here.port, ONE) as twin:
        device = await network.add(here)
        await network.add(twin, f"{ENDPOINT}2")
        await here.off()
        async with at("127.0.94.33", here.port, ONE) as there:
            network.claim(there.host)
            await network.becomes(device, Connection.OFFLINE)
            await until(lambda: there.presented)
            await network.checked()
            assert (network.view(device).host, network.view(device).connection) == (here.host, Connection.OFFLINE)
