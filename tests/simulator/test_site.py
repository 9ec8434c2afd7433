"""Cameras that are looked for by real multicast on loopback, and the site as a process."""

import asyncio
import ipaddress
import json
import secrets
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from lxml import etree

from core.simulator import demo
from core.simulator.announcing import GROUP
from core.simulator.camera import Camera
from core.simulator.languages import WsDiscovery
from core.simulator.responder import Responder
from core.simulator.settings import CameraSettings, Timing
from core.simulator.site import Site
from tests.simulator.asking import leaf_of, trusting, trusting_also_old, until
from tests.simulator.test_announcing import ADDRESSING, DISCOVERY, probe

LOOPBACK = "127.0.0.1"
TWO = (
    CameraSettings(name="Lobby", host="127.78.0.1", serial="1", timing=Timing(boot=0.05)),
    CameraSettings(name="Gate", host="127.78.0.2", serial="2", https_port=None),
)


@dataclass
class Listener:
    """Whoever looks for cameras: asks by multicast, and hears answers and announcements."""

    port: int
    answers: list[tuple[str, etree._Element]] = field(default_factory=list)
    said: list[tuple[str, etree._Element]] = field(default_factory=list)

    async def __aenter__(self) -> "Listener":
        loop = asyncio.get_running_loop()
        self._asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        self._asking.bind((LOOPBACK, 0))
        self._hearing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._hearing.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._hearing.bind((GROUP, self.port))
        member = socket.inet_aton(GROUP) + socket.inet_aton(LOOPBACK)
        self._hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        for sock, heard in ((self._asking, self.answers), (self._hearing, self.said)):
            sock.setblocking(False)
            loop.add_reader(sock, self._read, sock, heard)
        return self

    async def __aexit__(self, *_: object) -> None:
        for sock in (self._asking, self._hearing):
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def ask(self, payload: bytes) -> None:
        self._asking.sendto(payload, (GROUP, self.port))

    def actions(self) -> list[tuple[str, str]]:
        """Who announced what: address and the action's name."""
        named = ((sender, said.findtext(f".//{{{ADDRESSING}}}Action") or "") for sender, said in self.said)
        return [(sender, action.rpartition("/")[2]) for sender, action in named if not action.endswith("Probe")]

    @staticmethod
    def _read(sock: socket.socket, heard: list[tuple[str, etree._Element]]) -> None:
        payload, (sender, _) = sock.recvfrom(65536)
        if b"Action" in payload:
            heard.append((sender, etree.fromstring(payload)))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def network() -> str:
    """A loopback network that no other run of the tests uses at the same time."""
    return f"127.{secrets.randbelow(100) + 100}.{secrets.randbelow(250)}"


async def answered(site: Site, listener: Listener) -> None:
    """Wait until there is an answer and no other one will follow."""
    await until(lambda: listener.answers)
    responder = site.responder
    assert responder is not None
    await until(lambda: not responder.pending)


async def test_each_camera_answers_from_its_own_address_with_its_real_ports() -> None:
    port = free_port()
    async with Listener(port) as listener, Site(TWO, port) as site:
        listener.ask(probe("n:NetworkVideoTransmitter", message="urn:uuid:5"))
        await until(lambda: len(listener.answers) == 2)
        answers = dict(listener.answers)
        assert set(answers) == {"127.78.0.1", "127.78.0.2"}
        for camera in site.cameras:
            answer = answers[camera.host]
            xaddrs = [f"http://{camera.host}:{camera.http_port}/onvif/device_service"]
            if camera.https_port:
                xaddrs.append(f"https://{camera.host}:{camera.https_port}/onvif/device_service")
            assert (answer.findtext(f".//{{{DISCOVERY}}}XAddrs") or "").split() == xaddrs
            assert answer.findtext(f".//{{{ADDRESSING}}}RelatesTo") == "urn:uuid:5"
            scopes = answer.findtext(f".//{{{DISCOVERY}}}Scopes") or ""
            assert f"onvif://www.onvif.org/name/{camera.settings.name}" in scopes
        endpoints = {
            answer.findtext(f".//{{{DISCOVERY}}}ProbeMatch//{{{ADDRESSING}}}Address") for answer in answers.values()
        }
        assert endpoints == {settings.endpoint for settings in TWO}


async def test_nobody_answers_to_a_question_for_others() -> None:
    port = free_port()
    async with Listener(port) as listener, Site(TWO, port) as site:
        listener.ask(probe("n:NetworkVideoDisplay"))
        listener.ask(b"garbage")
        listener.ask(probe(scopes="onvif://www.onvif.org/name/Gate"))
        await answered(site, listener)
        assert [sender for sender, _ in listener.answers] == ["127.78.0.2"]


async def test_cameras_say_hello_at_each_start_and_goodbye_at_the_end() -> None:
    port = free_port()
    async with Listener(port) as listener:
        async with Site(TWO, port) as site:
            await until(lambda: len(listener.actions()) == 2)
            await site.cameras[0].power_cut()
            await until(lambda: len(listener.actions()) == 3)
        await until(lambda: len(listener.actions()) == 5)
        first, second = "127.78.0.1", "127.78.0.2"
        assert listener.actions() == [
            (first, "Hello"), (second, "Hello"), (first, "Hello"), (first, "Bye"), (second, "Bye"),
        ]  # fmt: skip
        sequences = [said.find(f".//{{{DISCOVERY}}}AppSequence") for _, said in listener.said]
        instances = [sequence.get("InstanceId") for sequence in sequences if sequence is not None]
        assert instances == ["1", "1", "2", "2", "1"]


async def test_a_camera_without_power_does_not_answer() -> None:
    port = free_port()
    async with Listener(port) as listener, Site(TWO, port) as site:
        await site.cameras[0].power_off()
        listener.ask(probe())
        await answered(site, listener)
        assert [sender for sender, _ in listener.answers] == ["127.78.0.2"]


async def test_a_camera_whose_network_is_cut_does_not_answer() -> None:
    port = free_port()
    async with Listener(port) as listener, Site(TWO, port) as site:
        cut = asyncio.create_task(site.cameras[0].network_cut())
        await until(lambda: not site.cameras[0].is_reachable)
        listener.ask(probe())
        await answered(site, listener)
        assert not cut.done()
        await cut
        assert [sender for sender, _ in listener.answers] == ["127.78.0.2"]


async def test_cameras_that_swapped_their_addresses_are_found_at_the_other_one() -> None:
    port = free_port()
    async with Listener(port) as listener, Site(TWO, port) as site:
        await site.swap(*site.cameras)
        await until(lambda: len(listener.actions()) == 4)
        assert listener.actions()[2:] == [("127.78.0.2", "Hello"), ("127.78.0.1", "Hello")]
        listener.ask(probe())
        await until(lambda: len(listener.answers) == 2)
        for sender, answer in listener.answers:
            [camera] = (camera for camera in site.cameras if camera.host == sender)
            assert answer.findtext(f".//{{{DISCOVERY}}}ProbeMatch//{{{ADDRESSING}}}Address") == camera.settings.endpoint
            assert answer.findtext(f".//{{{DISCOVERY}}}MetadataVersion") == "2"
            xaddrs = (answer.findtext(f".//{{{DISCOVERY}}}XAddrs") or "").split()
            assert all(f"//{sender}:" in xaddr for xaddr in xaddrs)


async def test_some_cameras_do_not_tell_their_https_port() -> None:
    port = free_port()
    quiet = CameraSettings(host="127.78.0.3", announces=("http",))
    async with Listener(port) as listener, Site([quiet], port) as site:
        listener.ask(probe())
        await until(lambda: listener.answers)
        [(_, answer)] = listener.answers
        xaddrs = answer.findtext(f".//{{{DISCOVERY}}}XAddrs")
        assert xaddrs == f"http://127.78.0.3:{site.cameras[0].http_port}/onvif/device_service"
        assert await leaf_of(site.cameras[0])


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "192.168.0.1", "128.0.0.1", "fd00::1", "fe80::1", "fe80::1%eth0", "localhost"]
)
def test_nothing_leaves_the_loopback_interface(address: str) -> None:
    with pytest.raises(ValueError, match=address):
        Camera(CameraSettings(host=address))
    with pytest.raises(ValueError, match=address):
        Responder(WsDiscovery(), 3702, address)


@pytest.mark.parametrize("elsewhere", ["10.0.0", "128.0.0", "127", "127.0.0.1", "127.0.999", ""])
def test_the_demo_s_network_is_on_loopback(elsewhere: str) -> None:
    with pytest.raises(ValueError, match=r"outside|not permit|Expected"):
        demo.cameras(elsewhere, fast=True)


def test_the_demo_has_every_kind_once_each_with_an_address_of_its_own(network: str) -> None:
    cameras = demo.cameras(network, fast=True)
    for distinct in ("name", "host", "serial", "kind", "endpoint"):
        assert len({getattr(camera, distinct) for camera in cameras}) == len(cameras) >= 12
    assert all(ipaddress.IPv4Address(camera.host) in ipaddress.IPv4Network(f"{network}.0/24") for camera in cameras)
    assert {camera.expect for camera in cameras} == {"HTTP", "HTTPS (Device)", "HTTPS (Arcules)"}
    assert all(camera.timing.restart < 0.1 for camera in cameras)
    assert max(camera.timing.key + camera.timing.restart for camera in demo.cameras(network, fast=False)) > 30


async def test_the_demo_falls_back_to_high_ports_where_the_usual_ones_are_taken(network: str) -> None:
    first = demo.cameras(network, fast=True)[0]
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind((first.host, 443))
            other.listen()
        except PermissionError:
            pass
        cameras = demo.cameras(network, fast=True)
    assert {camera.http_port for camera in cameras} == {8080}
    assert {camera.https_port for camera in cameras} == {8443, 7443, None}


# As a process


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    command = (sys.executable, "-I", "-m", "core.simulator", *arguments)
    started = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
        await started.communicate()


async def line(started: asyncio.subprocess.Process) -> dict[str, Any]:
    assert started.stdout is not None
    async with asyncio.timeout(30):
        told: dict[str, Any] = json.loads(await started.stdout.readline())
    return told


async def test_the_demo_site_tells_where_everything_is_takes_orders_and_ends_with_its_input(network: str) -> None:
    port = free_port()
    arguments = ("--site", "demo", "--network", network, "--discovery-port", str(port), "--fast")
    async with Listener(port) as listener, process(*arguments) as started:
        ready = (await line(started))["ready"]
        assert [camera["name"] for camera in ready][:2] == ["Loading dock", "Gate north"]
        assert set(ready[0]) == {"name", "host", "addresses", "http_port", "https_port", "kind", "expect"}
        for camera in ready:
            assert (camera["https_port"] is None) == (camera["expect"] == "HTTP")
            secure = camera["https_port"] is not None
            place = (camera["host"], camera["https_port"] if secure else camera["http_port"])
            _, writer = await asyncio.open_connection(*place, ssl=trusting_also_old() if secure else None)
            writer.close()
        listener.ask(probe())
        await until(lambda: len(listener.answers) == len(ready))
        assert {sender for sender, _ in listener.answers} == {camera["host"] for camera in ready}

        assert started.stdin is not None
        order = {"order": "factory_reset", "host": ready[0]["host"]}
        for sent in (order, {"order": "explode", "host": ready[0]["host"]}, {**order, "host": "127.0.0.1"}):
            started.stdin.write(json.dumps(sent).encode() + b"\n")
        told = [await line(started) for _ in range(3)]
        assert {"done": order} in told
        assert len([event for event in told if "refused" in event]) == 2
        started.stdin.close()
        assert await line(started) == {"ended": True}
        assert await started.wait() == 0


async def leaf_at(camera: dict[str, Any]) -> bytes:
    _, writer = await asyncio.open_connection(camera["host"], camera["https_port"], ssl=trusting())
    try:
        leaf = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(leaf, bytes)
        return leaf
    finally:
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def two_that_take_orders(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, list[dict[str, Any]]]]:
    """Two cameras with the same ports, as a process, and what it told of them."""
    file = folder / "site.json"
    port = free_port()
    cameras = [CameraSettings(host=f"127.79.8.{n}", serial=str(n), http_port=None, https_port=port) for n in (1, 2)]
    file.write_bytes(msgspec.json.encode({"cameras": cameras}))
    async with process("--config", str(file), "--discovery-port", "0", "--fast") as started:
        yield started, (await line(started))["ready"]


async def ordered(started: asyncio.subprocess.Process, **order: str) -> dict[str, Any]:
    assert started.stdin is not None
    started.stdin.write(json.dumps(order).encode() + b"\n")
    return await line(started)


async def test_certificates_change_on_order_and_are_served_when_it_says_so(tmp_path: Path) -> None:
    async with two_that_take_orders(tmp_path) as (started, [camera, _]):
        leaves = [await leaf_at(camera)]
        for name in ("new_certificate", "renew_certificate", "install_own", "factory_certificate", "factory_reset"):
            order = {"order": name, "host": camera["host"]}
            assert await ordered(started, **order) == {"done": order}
            leaves.append(await leaf_at(camera))
    factory, new, renewed, own, back, reset = leaves
    assert back == factory
    assert len({factory, new, renewed, own, reset}) == 5
    keys = [x509.load_der_x509_certificate(leaf).public_key() for leaf in (new, renewed)]
    assert keys[0] == keys[1]


async def test_cameras_swap_their_addresses_on_order_and_are_known_by_the_new_ones(tmp_path: Path) -> None:
    async with two_that_take_orders(tmp_path) as (started, [here, there]):
        leaves = [await leaf_at(here), await leaf_at(there)]
        order = {"order": "swap", "host": here["host"], "other": there["host"]}
        assert await ordered(started, **order) == {"done": order}
        assert [await leaf_at(there), await leaf_at(here)] == leaves
        await ordered(started, order="new_certificate", host=there["host"])
        assert await leaf_at(here) == leaves[1]
        assert await leaf_at(there) not in leaves


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ({"order": "swap", "host": "127.79.8.1"}, "no camera at"),
        ({"order": "swap", "host": "127.79.8.1", "other": "127.79.8.1"}, "two cameras"),
        ({"order": "swap", "host": "127.79.8.1", "other": "127.79.8.9"}, "no camera at 127.79.8.9"),
        ({"order": "power_cut", "host": "127.79.8.1", "other": "127.79.8.2"}, "one camera only"),
        ({"order": "new_certificate"}, "host"),
        ({"order": "new_certificate", "host": "127.79.8.1", "how": "quietly"}, "how"),
    ],
)
async def test_orders_that_make_no_sense_are_refused_with_the_reason(
    tmp_path: Path, order: dict[str, str], reason: str
) -> None:
    async with two_that_take_orders(tmp_path) as (started, _):
        assert reason in (await ordered(started, **order))["refused"]


async def test_an_order_that_cannot_be_carried_out_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with two_that_take_orders(tmp_path) as (started, [camera, _]):
        await ordered(started, order="power_off", host=camera["host"])
        refused = await ordered(started, order="install_own", host=camera["host"])
        assert refused == {"refused": "It has no power, or HTTPS is off"}
        for order in ("power_on", "network_cut"):
            assert "done" in await ordered(started, order=order, host=camera["host"])


async def test_the_process_ends_in_order_when_it_is_terminated(network: str) -> None:
    async with process("--site", "demo", "--network", network, "--discovery-port", "0", "--fast") as started:
        await line(started)
        started.send_signal(signal.SIGTERM)
        assert await line(started) == {"ended": True}
        assert await started.wait() == 0


@pytest.mark.parametrize(
    ("config", "inside", "complaint"),
    [
        ({"cameras": [{"host": "192.168.0.9"}]}, "", b"192.168.0.9 is outside 127.0.0.0/8"),
        ({"cameras": [{"host": "127.1.0.9"}]}, "127.2.0", b"127.1.0.9 is outside 127.2.0.0/24"),
        ({"cameras": [{"hots": "127.1.0.9"}]}, "", b"hots"),
        ({"cameras": [{"faults": {"GetAllKeys": {"kind": "fault", "code": "x"}}}]}, "", b"not a fault"),
        ({"cameras": []}, "10.0.0", b"10.0.0.0 is outside 127.0.0.0/8"),
    ],
)
async def test_a_configuration_that_cannot_be_is_told_in_one_line(
    tmp_path: Any, config: dict[str, Any], inside: str, complaint: bytes
) -> None:
    file = tmp_path / "site.json"
    file.write_bytes(msgspec.json.encode(config))
    limits = ("--network", inside) if inside else ()
    async with process("--config", str(file), "--discovery-port", "0", *limits) as started:
        told, complained = await started.communicate()
        assert (told, started.returncode) == (b"", 2)
        assert complaint in complained
        assert complained.count(b"\n") == 1


async def test_a_configured_site_serves_what_its_file_says(tmp_path: Any) -> None:
    file = tmp_path / "site.json"
    camera = CameraSettings(name="Only one", host="127.79.9.1", keystore=None)
    file.write_bytes(msgspec.json.encode({"cameras": [camera]}))
    async with process("--config", str(file), "--discovery-port", "0", "--network", "127.79.9") as started:
        [told] = (await line(started))["ready"]
        assert (told["name"], told["host"]) == ("Only one", "127.79.9.1")
