"""Cameras with several addresses, and cameras that get another one."""

import asyncio
import socket

import httpx
import pytest
from cryptography import x509
from lxml import etree

from core.simulator import bystanders
from core.simulator.announcing import GROUP
from core.simulator.camera import Camera
from core.simulator.changes import Impossible
from core.simulator.settings import ByItself, CameraSettings, MdnsService, Quirks, Ssdp, Timing
from core.simulator.site import Site
from tests.simulator.asking import DEVICE, SOAP, Client, envelope, leaf_of, reply_of, until
from tests.simulator.hearing import Hearing, finished, free_port
from tests.simulator.installing import Installer
from tests.simulator.test_announcing import ADDRESSING, DISCOVERY, probe
from tests.simulator.test_http_server import exchange, request
from tests.simulator.test_restart import protocols

HERE, THERE, ELSEWHERE = "127.78.22.1", "127.78.22.2", "127.78.22.3"
FAST = Timing(switch=0.0, restart=0.0, boot=0.0)
HTTPS = MdnsService("_https._tcp", "https")
ALL_WAYS = CameraSettings(host=HERE, mdns=(HTTPS,), ssdp=Ssdp(), timing=FAST)


def actions(heard: list[tuple[str, bytes]]) -> list[tuple[str, str]]:
    found = ((sender, etree.fromstring(payload).findtext(f".//{{{ADDRESSING}}}Action")) for sender, payload in heard)
    return [(sender, (action or "").rpartition("/")[2]) for sender, action in found]


def names_of(leaf: bytes) -> list[str]:
    certificate = x509.load_der_x509_certificate(leaf)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name) for name in names.get_values_for_type(x509.IPAddress)]


async def refused(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_a_camera_with_two_addresses_is_the_same_at_each_with_the_same_ports() -> None:
    async with Camera(CameraSettings(host=HERE, also_at=(THERE,))) as camera:
        pages = []
        for host in camera.settings.hosts:
            _, writer = await asyncio.open_connection(host, camera.https_port)
            writer.close()
            reader, writer = await asyncio.open_connection(host, camera.http_port)
            writer.write(request())
            writer.write_eof()
            pages.append(await reader.read())
            writer.close()
        assert all(b"GetHostnameResponse" in page for page in pages)
        assert not await refused(THERE, camera.https_port)
    assert await refused(THERE, camera.http_port)


async def test_it_names_the_address_that_it_is_asked_at() -> None:
    body = envelope("<tds:GetServices><tds:IncludeCapability>false</tds:IncludeCapability></tds:GetServices>")
    async with Camera(CameraSettings(host=HERE, also_at=(THERE,))) as camera, httpx.AsyncClient() as client:
        for host in (HERE, THERE):
            origin = f"http://{host}:{camera.http_port}"
            told = reply_of(await client.post(f"{origin}{DEVICE}", content=body, headers=SOAP)).texts("XAddr")
            assert told
            assert all(xaddr.startswith(f"{origin}/") for xaddr in told)


async def test_it_answers_from_each_address_as_one_device() -> None:
    port, mdns = free_port(), free_port()
    settings = CameraSettings(host=HERE, also_at=(THERE,), mdns=(HTTPS,))
    async with Hearing(GROUP, port) as hearing, Site([settings], port, mdns_port=mdns) as site:
        hearing.ask(probe())
        await until(lambda: len(hearing.answers) == 2)
        answers = {sender: etree.fromstring(payload) for sender, payload in hearing.answers}
        assert set(answers) == {HERE, THERE}
        path = f".//{{{DISCOVERY}}}ProbeMatch//{{{ADDRESSING}}}Address"
        assert {answer.findtext(path) for answer in answers.values()} == {settings.endpoint}
        for host, answer in answers.items():
            xaddrs = (answer.findtext(f".//{{{DISCOVERY}}}XAddrs") or "").split()
            assert all(f"//{host}:" in xaddr for xaddr in xaddrs)
        hearing.answers.clear()
        hearing.ask(probe(), THERE)
        await finished(site.responder, hearing.answers)
        assert [sender for sender, _ in hearing.answers] == [THERE]


async def test_a_camera_that_moves_keeps_its_ports_and_certificates_and_leaves_nothing_behind() -> None:
    async with Camera(ALL_WAYS) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        before, ports = camera.device.flash(), (camera.http_port, camera.https_port)
        await camera.move(HERE, THERE)
        assert (camera.host, camera.http_port, camera.https_port) == (THERE, *ports)
        assert await leaf_of(camera) == made.leaf
        assert camera.device.flash().contents == before.contents
        assert await refused(HERE, ports[1])
        with socket.socket() as other:
            other.bind((HERE, ports[1]))


async def test_a_move_is_a_farewell_at_the_old_address_and_a_welcome_at_the_new_one() -> None:
    ports = [free_port() for _ in range(3)]
    groups = zip((GROUP, "224.0.0.251", GROUP), ports, strict=True)
    hearings = [Hearing(group, port) for group, port in groups]
    site = Site([ALL_WAYS], ports[0], mdns_port=ports[1], ssdp_port=ports[2])
    async with hearings[0] as onvif, hearings[1] as mdns, hearings[2] as ssdp, site:
        await site.cameras[0].move(HERE, THERE)
        await until(lambda: len(onvif.said) == 3)
        assert actions(onvif.said) == [(HERE, "Hello"), (HERE, "Bye"), (THERE, "Hello")]
        hello = etree.fromstring(onvif.said[2][1])
        assert hello.findtext(f".//{{{DISCOVERY}}}MetadataVersion") == "2"
        await until(lambda: len(mdns.said) == 3 and len(ssdp.said) == 9)
        assert [sender for sender, _ in mdns.said] == [HERE, HERE, THERE]
        assert [sender for sender, _ in ssdp.said] == [HERE] * 6 + [THERE] * 3
        assert [b"byebye" in payload for _, payload in ssdp.said] == [False] * 3 + [True] * 3 + [False] * 3
        for host in ("", HERE, THERE):
            onvif.ask(probe(), host)
        await until(lambda: len(onvif.answers) == 2)
        await finished(site.responder, onvif.answers)
        assert {sender for sender, _ in onvif.answers} == {THERE}


async def test_one_of_two_addresses_can_change_by_itself() -> None:
    settings = CameraSettings(host=HERE, also_at=(THERE,))
    async with Camera(settings) as camera:
        await camera.move(THERE, ELSEWHERE)
        assert camera.settings.hosts == (HERE, ELSEWHERE)
        assert not await refused(ELSEWHERE, camera.https_port)
        assert await refused(THERE, camera.https_port)


@pytest.mark.parametrize(("old", "new"), [(THERE, ELSEWHERE), (HERE, HERE)])
async def test_a_move_that_makes_no_sense_is_refused(old: str, new: str) -> None:
    async with Camera(CameraSettings(host=HERE)) as camera:
        with pytest.raises(Impossible):
            await camera.move(old, new)
        with pytest.raises(ValueError, match="192"):
            await camera.move(HERE, "192.0.2.1")
        await camera.power_off()
        with pytest.raises(Impossible):
            await camera.move(HERE, ELSEWHERE)


async def test_a_camera_that_cannot_have_its_port_at_the_new_address_stays() -> None:
    async with Camera(CameraSettings(host=HERE)) as camera:
        leaf = await leaf_of(camera)
        with socket.socket() as other:
            other.bind((THERE, camera.https_port))
            other.listen()
            with pytest.raises(OSError, match="in use"):
                await camera.move(HERE, THERE)
        assert camera.host == HERE
        assert await leaf_of(camera) == leaf


async def test_a_camera_that_changes_its_ports_tells_everybody_once_it_serves_them() -> None:
    port = free_port()
    settings = CameraSettings(host=HERE, https_enabled=False, timing=FAST)
    async with Hearing(GROUP, port) as hearing, Site([settings], port) as site:
        camera = site.cameras[0]
        async with Client(camera) as client:
            for _ in range(2):
                assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
                await until(lambda: len(hearing.said) == 2)
        assert camera.leaf
        assert actions(hearing.said) == [(HERE, "Hello")] * 2
        hellos = [etree.fromstring(payload) for _, payload in hearing.said]
        assert [hello.findtext(f".//{{{DISCOVERY}}}MetadataVersion") for hello in hellos] == ["1", "2"]
        told = [(hello.findtext(f".//{{{DISCOVERY}}}XAddrs") or "").split() for hello in hellos]
        assert [len(xaddrs) for xaddrs in told] == [1, 2]
        assert all(hello.find(f".//{{{DISCOVERY}}}AppSequence[@InstanceId='1']") is not None for hello in hellos)


@pytest.mark.parametrize("how", ["move", "swap"])
async def test_some_cameras_make_a_new_certificate_for_a_new_address(how: str) -> None:
    settings = CameraSettings(host=HERE, serial="1", quirks=Quirks(certificate_for_address=True), timing=FAST)
    async with Camera(settings) as camera, Camera(CameraSettings(host=THERE, serial="2")) as other:
        first = await leaf_of(camera)
        assert names_of(first) == [HERE]
        await camera.power_cut()
        assert await leaf_of(camera) == first
        await (camera.move(HERE, ELSEWHERE) if how == "move" else camera.swap(other))
        second = await leaf_of(camera)
        assert names_of(second) == [camera.host]
        keys = [x509.load_der_x509_certificate(leaf).public_key() for leaf in (first, second)]
        assert keys[0] != keys[1]


async def test_a_camera_moves_by_itself_once_it_was_used_and_left_alone() -> None:
    settings = CameraSettings(host=HERE, timing=FAST, by_itself=ByItself("move", after=0.05, to=THERE))
    async with Camera(settings) as camera:
        async with Client(camera) as client:
            made = await Installer(client).installed()
        await until(lambda: camera.leaf == made.leaf)
        async with Client(camera, "https") as client:
            await client.ask("<tds:GetHostname/>")
        await until(lambda: camera.host == THERE and camera.is_on)
        assert await leaf_of(camera) == made.leaf


def test_only_what_moves_has_a_place_to_go() -> None:
    for what, to in (("move", ""), ("power_cut", THERE)):
        with pytest.raises(ValueError, match="address"):
            ByItself(what, after=1.0, to=to)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mac", "serial", "digits"),
    [
        ("", "00A1B2C30001", "00A1B2C30001"),
        ("00:40:8c:12:34:56", "anything", "00408C123456"),
        ("00-40-8C-12-34-56", "anything", "00408C123456"),
    ],
)
def test_the_mac_address_is_the_one_that_is_set_or_the_serial_number(mac: str, serial: str, digits: str) -> None:
    assert CameraSettings(mac=mac, serial=serial).mac_digits == digits


def test_a_serial_number_that_is_no_mac_address_makes_one_of_its_own() -> None:
    made = [CameraSettings(serial=serial).mac_digits for serial in ("SN 1", "SN 2", "SN 1")]
    assert made[0] == made[2] != made[1]
    assert all(len(digits) == 12 and digits.startswith("02") and int(digits, 16) for digits in made)


async def test_computers_and_printers_answer_to_everybody_and_not_to_who_looks_for_cameras() -> None:
    port = free_port()
    others = [
        bystanders.printer("Office", host="127.78.22.5", serial="5"),
        bystanders.nas("Backup", host="127.78.22.6", serial="6"),
        bystanders.windows("Desk", host="127.78.22.7", serial="7", http_port=0),
    ]
    async with Hearing(GROUP, port) as hearing, Site([*others, CameraSettings(host=HERE)], port) as site:
        hearing.ask(probe("n:NetworkVideoTransmitter"))
        await finished(site.responder, hearing.answers)
        assert [sender for sender, _ in hearing.answers] == [HERE]
        hearing.answers.clear()
        hearing.ask(probe())
        await until(lambda: len(hearing.answers) == 3)
        kinds = {
            sender: etree.fromstring(payload).findtext(f".//{{{DISCOVERY}}}Types") or ""
            for sender, payload in hearing.answers
        }
        assert kinds["127.78.22.5"].endswith(":PrintDeviceType")
        assert kinds["127.78.22.7"].endswith(":Computer")
        answer = await exchange(site.cameras[0], request())
        assert answer.startswith(b"HTTP/1.1 404")
        assert b"<title>Quill LP-410</title>" in await exchange(site.cameras[0], request(method="GET", target="/"))


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.0.1"])
def test_no_address_of_a_camera_leaves_the_loopback_interface(address: str) -> None:
    with pytest.raises(ValueError, match=address):
        Camera(CameraSettings(host=HERE, also_at=(address,)))
