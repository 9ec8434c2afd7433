"""Devices whose addresses change: followed by their pin and by nothing else, over real sockets and real multicast."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from core.decide.certificates import key_fingerprint
from core.decide.following import MOST_LOOKS
from core.decide.trust import BLOCKED_TEXT
from core.model.config import DiscoverySettings
from core.model.device import CertificateField, Connection, DeviceView, Origin
from core.model.errors import RefusedError
from core.model.messages import (
    AcceptCertificate,
    Certificate,
    CheckDevices,
    ReadCertificate,
    ReissueCertificate,
    ReplaceDevice,
    ReviewDevice,
)
from core.model.review import ChangeKind, Review
from core.model.sighting import Sighting
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Mishap, Quirks
from core.simulator.site import Site
from tests.discovery.cameras import GROUP, send
from tests.discovery.messages import about, hello
from tests.engine.cameras import contents
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd, twin_of
from tests.engine.process import free_udp_port
from tests.network.leaves import Leaf, new_leaf

ONE, TWO, THREE, OTHER, STRANGE = (new_leaf(name) for name in ("one", "two", "three", "other", "strange"))
ENDPOINT = "urn:uuid:00000000-0000-4000-8000-00000000000"


class Network:
    """A gateway, and devices that tell the network who they claim to be."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.port = port

    def claim(self, host: str, endpoint: str = f"{ENDPOINT}1", https: int | None = None) -> None:
        """Let `host` say that it is the device with that endpoint."""
        place = f"https://{host}:{https}/onvif/device_service" if https else f"http://{host}/onvif/device_service"
        send(hello(about(endpoint=endpoint, xaddrs=place, scopes="")), host, (GROUP, self.port))

    def hear(self, host: str, *, endpoint: str = "", mac: str = "", serial: str = "", key: str = "") -> None:
        """Let a source that is not at work here tell of a host."""
        told = Sighting("another", host, "127.0.0.1", endpoint, mac=mac, serial=serial, key=key)
        self.gateway.engine._services.registry.hear(told)

    async def add(self, device: CountingDevice, endpoint: str = f"{ENDPOINT}1") -> DeviceView:
        """Add a device that discovery had heard before."""
        self.claim(device.host, endpoint)
        board = self.gateway.engine.board
        await until(lambda: any(view.host == device.host and view.found_by for view in board.devices.values()))
        view = await self.gateway.add(device.address)
        device.heard.clear()
        return view

    def view(self, device: DeviceView) -> DeviceView:
        return self.gateway.view(device.id)

    async def becomes(self, device: DeviceView, connection: Connection) -> DeviceView:
        await until(lambda: self.view(device).connection is connection)
        return self.view(device)

    async def followed(self, device: DeviceView, to: CountingDevice) -> DeviceView:
        await until(lambda: (self.view(device).host, self.view(device).port) == (to.host, to.port))
        return await self.becomes(device, Connection.ONLINE)

    async def checked(self) -> None:
        await self.gateway.engine.handle(CheckDevices(), CALLER)

    def told(self, kind: str) -> bool:
        """Whether that is the newest event of this run."""
        events, _ = self.gateway.engine.board.events_after(0)
        return bool(events) and events[-1].kind == kind

    async def events(self, device: DeviceView, kind: str) -> list[str]:
        return [event.text for event in (await self.gateway.detail(device.id)).events if event.kind == kind]

    async def review(self, device: DeviceView) -> Review:
        review = await self.gateway.engine.handle(ReviewDevice(device=device.id), CALLER)
        assert isinstance(review, Review)
        return review

    async def accept(self, device: DeviceView, leaf: Leaf) -> DeviceView:
        await self.gateway.engine.handle(AcceptCertificate(device=device.id, fingerprint=leaf.fingerprint), CALLER)
        return self.view(device)


@asynccontextmanager
async def at_work(folder: Path, port: int | None = None) -> AsyncIterator[Network]:
    port = port or free_udp_port()
    async with running(folder, msgspec.structs.replace(CONFIG, discovery=DiscoverySettings(port, 0, 0))) as gateway:
        # From now on it hears whatever is announced.
        await until(lambda: gateway.engine.board.status().rescan_in)
        yield Network(gateway, port)


@pytest.fixture
async def network(folder: Path) -> AsyncIterator[Network]:
    async with at_work(folder) as network:
        yield network


def at(host: str, port: int, *shows: Leaf | Odd) -> CountingDevice:
    """A device that will be at this place."""
    device = CountingDevice(host, *shows)
    device.port = port
    return device


def heard_nothing(*devices: CountingDevice) -> bool:
    return not any(device.heard for device in devices)


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


async def test_a_camera_that_moved_and_made_a_new_certificate_waits_for_a_technician(
    network: Network, tmp_path: Path
) -> None:
    quirks = Quirks(new_certificate_at_boot=True)
    here = CameraSettings(host="127.0.93.21", serial="1", quirks=quirks, state_file=str(tmp_path / "flash"))
    async with Site((here,), network.port) as site:
        await until(lambda: network.gateway.engine.board.devices)
        device = await network.gateway.add(here.host)
        here = msgspec.structs.replace(here, https_port=site.cameras[0].https_port)
    there = msgspec.structs.replace(here, host="127.0.93.22")
    async with Site((there,), network.port) as site:
        [camera] = site.cameras
        view = await network.becomes(device, Connection.BLOCKED)
        assert (view.host, view.presented_at) == (here.host, f"127.0.93.22:{here.https_port}")
        review = await network.review(device)
        assert review.presented is not None
        assert review.explanations[0].kind is ChangeKind.MOVED
        assert camera.log.received("https") == 0
        await network.gateway.engine.handle(
            AcceptCertificate(device=device.id, fingerprint=review.presented.fingerprint, reason="seen on site"), CALLER
        )
        view = network.view(device)
        assert (view.host, view.presented_at, view.connection) == (there.host, None, Connection.ONLINE)
        assert (view.fingerprint, view.origin) == (review.presented.fingerprint, Origin.ACCEPTED)
        [told] = await network.events(device, "accepted")
        assert f"at its new address 127.0.93.22:{here.https_port}, formerly 127.0.93.21:{here.https_port}" in told
        assert told.endswith("seen on site")
        await network.gateway.engine.handle(ReissueCertificate(device=device.id), CALLER)
        await network.gateway.ended(device.id)
        assert network.view(device).origin is Origin.ISSUED


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


@pytest.mark.parametrize("known", ["mac", "serial"])
async def test_what_other_sources_announce_serves_as_well(network: Network, known: str) -> None:
    told = {"mac": {"mac": "00:40:8c:00:00:01"}, "serial": {"serial": "4711-0815"}}[known]
    async with CountingDevice("127.0.94.7", ONE) as here:
        device = await network.gateway.add(here.address)
        network.hear(here.host, endpoint=f"{ENDPOINT}7", **told)
        looks = len(here.presented)
        await until(lambda: len(here.presented) > looks + 2)
    async with at("127.0.94.8", here.port, ONE) as there:
        network.hear(there.host, **told)
        await network.followed(device, there)


async def test_a_scan_that_meets_its_key_serves_as_well(network: Network) -> None:
    async with CountingDevice("127.0.94.9", ONE) as here:
        device = await network.gateway.add(here.address)
    await network.becomes(device, Connection.OFFLINE)
    async with at("127.0.94.10", here.port, ONE) as there:
        network.hear(there.host, key=key_fingerprint(ONE.der))
        await network.followed(device, there)


async def test_a_key_in_another_certificate_is_for_a_technician_to_decide(network: Network) -> None:
    async with CountingDevice("127.0.94.61", ONE) as here:
        device = await network.gateway.add(here.address)
    async with at("127.0.94.62", here.port, twin_of(ONE)) as there:
        network.hear(there.host, key=key_fingerprint(ONE.der))
        await network.becomes(device, Connection.BLOCKED)
        kinds = {explanation.kind for explanation in (await network.review(device)).explanations}
        assert {ChangeKind.MOVED, ChangeKind.SAME_KEY} <= kinds
        assert heard_nothing(there)


async def test_when_the_address_of_one_was_given_to_another_that_one_is_followed_and_named(network: Network) -> None:
    async with CountingDevice("127.0.94.11", ONE) as first, at("127.0.94.12", first.port, TWO) as second:
        one, two = [await network.gateway.add(device.address) for device in (first, second)]
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


async def test_a_stranger_who_announces_a_device_that_is_online_is_not_even_looked_at(network: Network) -> None:
    async with CountingDevice("127.0.94.41", ONE) as victim, at("127.0.94.42", victim.port, STRANGE) as stranger:
        device = await network.add(victim)
        network.claim(stranger.host, https=stranger.port)
        looks = len(victim.presented)
        await until(lambda: len(victim.presented) > looks + 5)
        await network.checked()
        assert network.view(device).connection is Connection.ONLINE
        assert not stranger.presented


async def test_a_stranger_who_announces_a_device_that_is_away_blocks_it_until_it_is_back(network: Network) -> None:
    async with CountingDevice("127.0.94.43", ONE) as victim, at("127.0.94.44", victim.port, STRANGE) as stranger:
        device = await network.add(victim)
        await victim.off()
        network.claim(stranger.host)
        view = await network.becomes(device, Connection.BLOCKED)
        assert (view.host, view.attention, view.presented) == (victim.host, BLOCKED_TEXT, STRANGE.fingerprint)
        await until(lambda: network.view(device).change)
        claimed = f"A device that claims to be this one is at {stranger.address} now, with another certificate"
        assert network.view(device).change == claimed
        shown = await network.gateway.engine.handle(ReadCertificate(device=device.id, which="presented"), CALLER)
        assert isinstance(shown, Certificate)
        assert shown.der == STRANGE.der
        await victim.on()
        view = await network.becomes(device, Connection.ONLINE)
        assert (view.presented, view.presented_at, view.change) == (None, None, None)
        assert stranger.presented
        assert heard_nothing(stranger, victim)
        await until(lambda: network.told("online"))
        assert await network.events(device, "blocked") == [
            f"blocked: what claims to be it at {stranger.address} shows another certificate than the stored one"
        ]
        assert await network.events(device, "online") == ["online, again at its own address"]


async def test_the_device_itself_is_followed_past_a_stranger_who_came_first(network: Network) -> None:
    async with CountingDevice("127.0.94.45", ONE) as here, at("127.0.94.46", here.port, STRANGE) as stranger:
        device = await network.add(here)
        await here.off()
        network.claim(stranger.host)
        await network.becomes(device, Connection.BLOCKED)
        async with at("127.0.94.47", here.port, ONE) as there:
            network.claim(there.host)
            view = await network.followed(device, there)
            assert (view.presented, view.presented_at) == (None, None)
            assert heard_nothing(stranger, there)


async def test_another_certificate_in_its_own_place_counts_more_than_any_claim(network: Network) -> None:
    async with CountingDevice("127.0.94.48", ONE) as here, at("127.0.94.49", here.port, STRANGE) as stranger:
        device = await network.add(here)
        await here.off()
        network.claim(stranger.host)
        await network.becomes(device, Connection.BLOCKED)
        here.show(OTHER)
        await here.on()
        await until(lambda: network.view(device).presented == OTHER.fingerprint)
        await network.checked()
        assert (network.view(device).presented, network.view(device).presented_at) == (OTHER.fingerprint, None)
        assert (await network.accept(device, OTHER)).host == here.host
        assert heard_nothing(here, stranger)


async def test_only_what_was_reviewed_at_the_other_address_is_accepted(network: Network) -> None:
    async with CountingDevice("127.0.94.51", ONE) as here, at("127.0.94.52", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        there.show(STRANGE)
        with pytest.raises(RefusedError, match="another certificate now"):
            await network.accept(device, OTHER)
        await until(lambda: network.view(device).presented == STRANGE.fingerprint)
        view = network.view(device)
        assert (view.host, view.fingerprint, view.presented_at) == (here.host, ONE.fingerprint, there.address)
        view = await network.accept(device, STRANGE)
        assert (view.host, view.fingerprint, view.connection) == (there.host, STRANGE.fingerprint, Connection.ONLINE)
        await network.checked()
        assert network.view(device).connection is Connection.ONLINE
        assert heard_nothing(there)


async def test_a_device_that_shows_its_own_certificate_when_another_is_accepted_is_followed(network: Network) -> None:
    async with CountingDevice("127.0.94.63", ONE) as here, at("127.0.94.64", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        there.show(ONE)
        with pytest.raises(RefusedError):
            await network.accept(device, OTHER)
        await network.followed(device, there)
        await until(lambda: network.told("followed"))
        assert network.view(device).fingerprint == ONE.fingerprint


async def test_a_device_that_is_back_home_is_not_accepted_elsewhere(network: Network) -> None:
    async with CountingDevice("127.0.94.53", ONE) as here, at("127.0.94.54", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        await here.on()
        await network.becomes(device, Connection.ONLINE)
        with pytest.raises(RefusedError):
            await network.accept(device, OTHER)
        assert (network.view(device).host, network.view(device).fingerprint) == (here.host, ONE.fingerprint)


async def test_replacing_by_the_new_address_ends_the_claim(network: Network) -> None:
    async with CountingDevice("127.0.94.55", ONE) as here, at("127.0.94.56", here.port, OTHER) as there:
        device = await network.add(here)
        await here.off()
        network.claim(there.host)
        await network.becomes(device, Connection.BLOCKED)
        replace = ReplaceDevice(device=device.id, address=there.address, expect=OTHER.fingerprint, patience=0.0)
        await network.gateway.engine.handle(replace, CALLER)
        await network.gateway.ended(device.id)
        await network.checked()
        view = network.view(device)
        assert (view.host, view.fingerprint, view.origin) == (there.host, OTHER.fingerprint, Origin.DEVICE)
        assert (view.connection, view.presented, view.presented_at) == (Connection.ONLINE, None, None)


async def test_a_claim_and_a_move_outlast_the_engine(folder: Path) -> None:
    async with CountingDevice("127.0.94.57", ONE) as here, at("127.0.94.58", here.port, STRANGE) as there:
        async with at_work(folder) as network:
            device = await network.add(here)
            await here.off()
            network.claim(there.host)
            await network.becomes(device, Connection.BLOCKED)
            await until(lambda: network.told("blocked"))
        await there.off()
        async with at_work(folder) as network:
            await network.checked()
            view = network.view(device)
            assert (view.connection, view.presented_at) == (Connection.BLOCKED, there.address)
            assert view.change
            there.show(ONE)
            await there.on()
            # Nobody has to tell again where it is.
            await network.followed(device, there)
        async with at_work(folder) as network:
            await network.becomes(device, Connection.ONLINE)
            assert network.view(device).host == there.host


async def test_however_many_places_are_claimed_few_are_looked_at_each_time(network: Network) -> None:
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(CountingDevice("127.0.95.1", ONE))
        device = await network.add(here)
        claims = [at(f"127.0.95.{n}", here.port, Odd.BROKEN) for n in range(2, 5)]
        claims += [CountingDevice(claim.host, Odd.BROKEN) for claim in claims for _ in range(2)]
        for claim in claims:
            await stack.enter_async_context(claim)
        await here.off()
        await network.becomes(device, Connection.OFFLINE)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for claim in claims:
            network.claim(claim.host, https=claim.port)
        await until(lambda: loop.time() > begun + 6 * CONFIG.check_period)
        periods = (loop.time() - begun) / (0.8 * CONFIG.check_period) + 1
        assert 0 < sum(claim.connections for claim in claims) <= MOST_LOOKS * periods
        assert network.view(device).connection is Connection.OFFLINE
