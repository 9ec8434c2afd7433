"""What a simulated camera at an IPv6 address says; multicast over IPv6 takes a network of the test's own."""

import socket

import httpx
import pytest
from lxml import etree
from zeroconf import DNSAddress  # type: ignore[attr-defined]

from core.simulator.addresses import host_of, in_url, place
from core.simulator.camera import Camera
from core.simulator.languages import Ssdp as SsdpLanguage
from core.simulator.languages import profile
from core.simulator.loopback import check_inside, is_inside, network_of
from core.simulator.mdns import records
from core.simulator.responder import History
from core.simulator.settings import CameraSettings, MdnsService, Ssdp
from core.simulator.standing import Standing

LINK = "fe80::5%lo"
SETTINGS = CameraSettings(host="::1", also_at=("127.0.9.1",), mdns=(MdnsService("_https._tcp", "https"),), ssdp=Ssdp())
STANDING = Standing(SETTINGS, LINK, {"http": 80, "https": 443}, 80)


async def test_a_camera_serves_at_its_ipv6_address_and_names_it_in_brackets() -> None:
    async with Camera(SETTINGS) as camera, httpx.AsyncClient(trust_env=False) as client:
        for host in ("[::1]", "127.0.9.1"):
            answer = await client.get(f"http://{host}:{camera.http_port}/rootdesc1.xml")
            page = etree.fromstring(answer.content).findtext(".//{*}presentationURL")
            assert page == f"http://{host}:{camera.http_port}/"


def test_urls_name_a_link_local_address_without_its_zone() -> None:
    assert profile(STANDING, History()).xaddrs == (
        "http://[fe80::5]:80/onvif/device_service",
        "https://[fe80::5]:443/onvif/device_service",
    )
    for message in SsdpLanguage(1900).hello(STANDING, History()):
        assert b"\r\nHOST: [FF02::C]:1900\r\n" in message
        assert b"\r\nLOCATION: http://[fe80::5]:80/rootdesc1.xml\r\n" in message


def test_mdns_has_addresses_of_both_kinds() -> None:
    told = [record for record in records(STANDING) if isinstance(record, DNSAddress)]
    assert {(record.type, record.address) for record in told} == {
        (28, socket.inet_pton(socket.AF_INET6, "::1")),
        (1, socket.inet_aton("127.0.9.1")),
    }


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", LINK])
def test_the_loopback_interface_has_addresses_of_both_kinds(address: str) -> None:
    check_inside(address)
    assert is_inside(address)
    assert host_of(place(address, 80)) == address


@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1", "fe80::5", "fe80::5%eth0", "ff02::c"])
def test_other_interfaces_are_outside(address: str) -> None:
    assert not is_inside(address)
    with pytest.raises(ValueError, match="stay inside"):
        check_inside(address)


def test_a_network_that_was_named_has_nothing_of_ipv6() -> None:
    with pytest.raises(ValueError, match="stay inside"):
        check_inside("::1", network_of("127.77.0"))


def test_a_url_has_ipv6_in_brackets() -> None:
    assert [in_url(address) for address in ("127.0.0.1", "::1", LINK)] == ["127.0.0.1", "[::1]", "[fe80::5]"]
