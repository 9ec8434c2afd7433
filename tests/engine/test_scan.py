"""Scans of networks on the loopback interface, each device at an address of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from core.decide.certificates import key_fingerprint
from core.decide.networks import parse_networks
from core.engine.board import Board
from core.engine.registry import Registry
from core.engine.scan import Ports, Scan, try_address
from core.model.config import DiscoverySettings
from core.model.device import Connection, DeviceView
from core.model.errors import RefusedError, UsageError
from core.model.messages import CancelScan, ReadEvents, Scanned, ScanNetworks, ScanView, Status
from core.model.sighting import Sighting
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.discovery.messages import about, bye, probe_matches
from tests.engine.conftest import CALLER, CONFIG, Gateway, running, until
from tests.engine.counting import CountingDevice, Odd
from tests.engine.process import free_udp_port
from tests.network.conftest import open_files
from tests.network.leaves import Leaf, new_leaf

LEAF = new_leaf()
HOUR = 3600.0


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


@asynccontextmanager
async def devices(port: int, **shows: Leaf | Odd) -> AsyncIterator[list[CountingDevice]]:
    """Devices at one port, each at the address that its name says: `a127_64_0_1`."""
    made = []
    try:
        for name, shown in shows.items():
            device = CountingDevice(name[1:].replace("_", "."), shown)
            device.port = port
            await device.on()
            made.append(device)
        yield made
    finally:
        for device in made:
            await device.off()


class Bare:
    """A scan with a registry and a board of its own, and ports that are free."""

    def __init__(self, host: str, ws_discovery: int = 0) -> None:
        self.https, self.http = free_port(host), free_port(host)
        self.board = Board(lambda: Status("gw-test", "0", 1, scan=self.scan.view))
        self.registry = Registry(self.board, 30)
        self.scan = Scan(self.board, self.registry, Ports((self.https,), self.http, ws_discovery))

    async def over(self, *networks: str) -> Scanned:
        return await self.scan.run(parse_networks(networks))

    def remind(self, later: float = 0.0) -> None:
        self.scan.remind(asyncio.get_running_loop().time() + later)


async def scan(gateway: Gateway, *networks: str) -> Scanned:
    scanned = await gateway.engine.handle(ScanNetworks(networks=networks), CALLER)
    assert isinstance(scanned, Scanned)
    return scanned


def under_way(gateway: Gateway) -> ScanView | None:
    return gateway.engine.board.status().scan


def open_sockets() -> set[str]:
    """Return the sockets of this process, by the kernel's names for them."""
    files = Path("/proc/self/fd").iterdir()
    return {name for file in files if file.is_symlink() and (name := str(file.readlink())).startswith("socket:")}


def hosts(scanned: Scanned) -> list[str]:
    return sorted(view.host for view in scanned.devices)


@contextmanager
def hanging(*places: tuple[str, int]) -> Iterator[None]:
    """Ports that take connections and never say a word."""
    socks = [socket.create_server(place, backlog=512) for place in places]
    try:
        yield
    finally:
        for sock in socks:
            sock.close()


@asynccontextmanager
async def answering(host: str, port: int, answer: bytes) -> AsyncIterator[list[bytes]]:
    """A device that answers each datagram from its own address; yields what it was asked."""
    asked: list[bytes] = []
    loop = asyncio.get_running_loop()
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as sock:
        sock.setblocking(False)
        sock.bind((host, port))

        def hear() -> None:
            payload, asker = sock.recvfrom(65536)
            asked.append(payload)
            sock.sendto(answer, asker)

        loop.add_reader(sock, hear)
        yield asked
        loop.remove_reader(sock)


async def test_a_camera_is_found_by_a_handshake_and_sent_nothing(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.64.1.5", https_port=8443)) as camera:
        scanned = await scan(gateway, "127.64.1.0/29")
        assert (scanned.total, scanned.tried) == (6, 6)
        [view] = scanned.devices
        assert (view.connection, view.host, view.port) == (Connection.DISCOVERED, "127.64.1.5", 8443)
        assert any("scan" in source for source in view.found_by)
        assert not camera.log.requests
        assert under_way(gateway) is None


async def test_no_address_outside_the_networks_is_tried() -> None:
    bare = Bare("127.64.2.1")
    shows: dict[str, Leaf | Odd] = {f"a127_64_2_{number}": LEAF for number in (0, 3, 4, 5, 6, 7, 9)}
    async with devices(bare.https, **shows) as placed:
        scanned = await bare.over("127.64.2.4/30", "127.64.2.9")
        assert hosts(scanned) == ["127.64.2.5", "127.64.2.6", "127.64.2.9"]
        tried = [device.host for device in placed if device.presented]
        assert tried == ["127.64.2.5", "127.64.2.6", "127.64.2.9"]
        assert not any(device.heard for device in placed)


async def test_what_is_told_is_the_port_and_the_key_and_nothing_more() -> None:
    port = free_port("127.64.3.1")
    async with devices(port, a127_64_3_1=LEAF):
        told = await try_address("127.64.3.1", Ports((port,), port))
    key = key_fingerprint(LEAF.der)
    assert told == Sighting("scan", "127.64.3.1", "", ports=(("https", port),), key=key)


async def test_a_device_whose_tls_fails_is_found_too() -> None:
    bare = Bare("127.64.4.1")
    async with devices(bare.https, a127_64_4_1=Odd.BROKEN):
        [view] = (await bare.over("127.64.4.0/30")).devices
    assert (view.host, view.port) == ("127.64.4.1", bare.https)


async def test_a_device_without_https_is_found_by_one_bare_request_over_http() -> None:
    bare = Bare("127.64.5.1")
    async with devices(bare.http, a127_64_5_1=Odd.PLAIN, a127_64_5_2=Odd.PLAIN) as placed:
        async with devices(bare.https, a127_64_5_1=LEAF):
            scanned = await bare.over("127.64.5.0/30")
        assert hosts(scanned) == ["127.64.5.1", "127.64.5.2"]
        secure, plain = placed
        assert [request.data.split()[:2] for request in plain.heard] == [[b"GET", b"/"]]
        assert not secure.heard
        [found] = bare.registry._sightings.rows["found:127.64.5.2"].ports
        assert found == ("http", bare.http)


async def test_a_unicast_probe_finds_what_has_no_usual_port(folder: Path) -> None:
    port = free_udp_port()
    config = msgspec.structs.replace(CONFIG, discovery=DiscoverySettings(port, 0, 0))
    answer = probe_matches(about(xaddrs="http://10.0.0.1:8080/onvif/device_service https://10.0.0.1:9443/x"))
    async with running(folder, config) as gateway, answering("127.64.6.1", port, answer) as asked:
        [view] = (await scan(gateway, "127.64.6.0/30")).devices
        assert (view.host, view.port, view.name) == ("127.64.6.1", 9443, "Front door")
        assert len(asked) == 2
        assert b"NetworkVideoTransmitter" in asked[0]


async def test_answers_of_strangers_and_farewells_are_no_finds() -> None:
    port = free_udp_port()
    bare = Bare("127.64.7.1", port)
    async with answering("127.64.7.1", port, bye()), answering("127.64.7.9", port, probe_matches()):
        assert (await bare.over("127.64.7.0/30")).devices == ()


async def test_an_added_device_stays_one_row(gateway: Gateway) -> None:
    async with Camera(CameraSettings(host="127.64.8.1", https_port=8443)):
        device = await gateway.add("127.64.8.1:8443")
        [view] = (await scan(gateway, "127.64.8.1")).devices
        assert view.id == device.id
        assert list(gateway.engine.board.devices) == [device.id]


@pytest.mark.parametrize("network", ["10.0.0.0/8", "cam-7", "239.255.255.250"])
async def test_what_cannot_be_scanned_is_refused(gateway: Gateway, network: str) -> None:
    with pytest.raises(UsageError):
        await scan(gateway, network)
    assert under_way(gateway) is None


async def test_one_scan_at_a_time_and_the_second_is_told_of_the_first(gateway: Gateway) -> None:
    with hanging(("127.64.9.1", 8443)):
        first = asyncio.create_task(scan(gateway, "127.64.9.0/30"))
        await until(lambda: under_way(gateway))
        with pytest.raises(RefusedError, match=r"127\.64\.9\.0/30 is under way"):
            await scan(gateway, "127.64.9.8/30")
        assert gateway.engine.busy()
        await gateway.engine.handle(CancelScan(), CALLER)
        assert not gateway.engine.busy()
        assert (await scan(gateway, "127.64.9.8/30")).tried == 2
        await first


async def test_a_cancelled_scan_tells_how_far_it_came_and_what_it_found(gateway: Gateway) -> None:
    async with devices(4443, a127_64_10_1=LEAF):
        with hanging(("127.64.10.2", 8443)):
            asked = asyncio.create_task(scan(gateway, "127.64.10.0/29"))
            await until(lambda: (view := under_way(gateway)) and view.tried == 5)
            assert under_way(gateway) == ScanView(("127.64.10.0/29",), total=6, tried=5, found=1)
            await gateway.engine.handle(CancelScan(), CALLER)
            scanned = await asked
    assert (scanned.total, scanned.tried, hosts(scanned)) == (6, 5, ["127.64.10.1"])
    with pytest.raises(RefusedError, match="No scan"):
        await gateway.engine.handle(CancelScan(), CALLER)


async def test_the_history_says_who_scanned_what(gateway: Gateway) -> None:
    await scan(gateway, "127.64.11.7/30")
    history = await gateway.engine.handle(ReadEvents(), CALLER)
    [event] = history.events  # type: ignore[union-attr]
    assert (event.who, event.kind) == ("tech1", "scanned")
    assert event.text == "scanned 127.64.11.4/30: 2 of 2 addresses tried, 0 devices found"


async def test_a_scan_goes_on_when_whoever_asked_for_it_leaves(gateway: Gateway) -> None:
    with hanging(("127.64.12.1", 8443)):
        asked = asyncio.create_task(scan(gateway, "127.64.12.0/30"))
        await until(lambda: under_way(gateway))
        asked.cancel()
        await asyncio.wait([asked])
        assert under_way(gateway) is not None
    await until(lambda: under_way(gateway) is None)


async def test_the_engines_end_ends_the_scan_and_closes_its_connections(folder: Path) -> None:
    with hanging(("127.64.13.1", 8443)):
        before = open_sockets()
        async with running(folder) as gateway:
            asked = asyncio.create_task(scan(gateway, "127.64.13.0/30"))
            await until(lambda: (view := under_way(gateway)) and view.tried == 1)
            assert open_sockets() - before
        assert not open_sockets() - before
        scanned = await asked
    assert (scanned.total, scanned.tried) == (2, 1)


def shown(bare: Bare) -> list[DeviceView]:
    return list(bare.board.devices.values())


async def test_what_was_found_stays_in_view_for_an_hour() -> None:
    bare = Bare("127.64.14.1")
    async with devices(bare.https, a127_64_14_1=LEAF):
        await bare.over("127.64.14.0/30")
    found = asyncio.get_running_loop().time()
    bare.remind(HOUR - 10)
    bare.registry.expire(found)
    assert len(shown(bare)) == 1
    later = asyncio.get_running_loop().time()
    bare.remind(HOUR + 10)
    bare.registry.expire(later)
    assert not shown(bare)


async def test_what_a_later_scan_does_not_find_any_more_is_forgotten_as_all_else_is() -> None:
    bare = Bare("127.64.15.1")
    async with devices(bare.https, a127_64_15_1=LEAF):
        await bare.over("127.64.15.0/30")
    await bare.over("127.64.15.0/30")
    later = asyncio.get_running_loop().time()
    bare.remind()
    bare.registry.expire(later)
    assert not shown(bare)


async def test_what_said_goodbye_does_not_come_back() -> None:
    bare = Bare("127.64.16.1")
    async with devices(bare.https, a127_64_16_1=LEAF):
        await bare.over("127.64.16.0/30")
    bare.registry.hear(Sighting("WS-Discovery", "127.64.16.1", "127.0.0.1", gone=True))
    bare.remind()
    assert not shown(bare)


async def test_what_was_found_does_not_come_back_over_newer_words_of_the_same_source() -> None:
    port = free_udp_port()
    bare = Bare("127.64.19.1", port)
    async with answering("127.64.19.1", port, probe_matches(about(endpoint="urn:uuid:old"))):
        await bare.over("127.64.19.1")
    newer = Sighting("WS-Discovery", "127.64.19.1", "127.0.0.1", endpoint="urn:uuid:new", name="Gate")
    bare.registry.hear(newer)
    bare.remind()
    [found] = bare.registry._sightings.rows.values()
    assert (found.name, found.said) == ("Gate", (("WS-Discovery", ()),))


async def test_new_addresses_are_paced() -> None:
    bare = Bare("127.64.17.1")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    assert (await bare.over("127.64.20.0/23")).tried == 510
    assert loop.time() - begun >= 509 / 500


async def test_progress_is_told_twice_a_second_at_most() -> None:
    bare = Bare("127.64.17.1")
    told: list[float] = []
    subscription = bare.board.subscribe(lambda: told.append(asyncio.get_running_loop().time()))
    await bare.over("127.64.20.0/23")
    subscription.close()
    # One more each for the beginning and the end.
    assert 3 <= len(told) <= 2 + (told[-1] - told[0]) / 0.5 + 1


async def test_no_more_than_256_connections_are_open_at_once() -> None:
    bare = Bare("127.64.30.1")
    places = [(f"127.64.30.{number}", bare.https) for number in range(1, 255)]
    places += [(f"127.64.31.{number}", bare.https) for number in range(1, 55)]
    with hanging(*places):
        before = open_files()
        asked = asyncio.create_task(bare.over("127.64.30.0/24", "127.64.31.0/24"))
        try:
            await until(lambda: open_files() >= before + 256)
            loop = asyncio.get_running_loop()
            end = loop.time() + 0.5
            most = 0
            while loop.time() < end:
                most = max(most, open_files() - before)
                await asyncio.sleep(0.01)
            # Beside them there are the socket for probes and what watches all the others.
            assert 256 <= most <= 256 + 2
        finally:
            await bare.scan.cancel()
            await asked


async def test_an_ipv6_address_is_tried() -> None:
    bare = Bare("127.64.18.1")
    device = CountingDevice("::1", LEAF)
    device.port = bare.https
    async with device:
        [view] = (await bare.over("::1")).devices
    assert (view.host, view.port) == ("::1", bare.https)
