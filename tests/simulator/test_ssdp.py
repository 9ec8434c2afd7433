"""Devices that are looked for by real SSDP on loopback, and the descriptions that they point to."""

import secrets
from email.parser import BytesHeaderParser

import httpx
import pytest
from lxml import etree

from core.simulator import bystanders
from core.simulator.settings import CameraSettings, Ssdp, Timing
from core.simulator.site import Site
from core.simulator.upnp import GROUP
from tests.simulator.asking import Client, until
from tests.simulator.hearing import Hearing, finished, free_port
from tests.simulator.test_restart import protocols

BASIC = "urn:schemas-upnp-org:device:Basic:1"
SERVICE = "urn:axis-com:service:BasicService:1"
LOBBY, GATE, QUIET = "127.78.21.1", "127.78.21.2", "127.78.21.3"
THREE = (
    CameraSettings(name="Lobby", host=LOBBY, serial="00A1B2C30001", ssdp=Ssdp(service_types=(SERVICE,))),
    CameraSettings(name="Gate & yard", host=GATE, serial="SN 7", ssdp=Ssdp(path="/d.xml", port=0, serial="serial")),
    CameraSettings(name="Quiet", host=QUIET, serial="3"),
)
LOBBY_UDN = "uuid:Upnp-BasicDevice-1_0-00A1B2C30001"


def search(target: str, man: str = '"ssdp:discover"', port: int = 1900) -> bytes:
    return f"M-SEARCH * HTTP/1.1\r\nHOST: {GROUP}:{port}\r\nMAN: {man}\r\nMX: 1\r\nST: {target}\r\n\r\n".encode()


def read(payload: bytes) -> tuple[str, dict[str, str]]:
    start, _, rest = payload.partition(b"\r\n")
    return start.decode(), {name.upper(): str(value) for name, value in BytesHeaderParser().parsebytes(rest).items()}


async def fetched(url: str) -> tuple[httpx.Response, etree._Element]:
    async with httpx.AsyncClient(trust_env=False) as client:
        response = await client.get(url)
    return response, etree.fromstring(response.content)


def text(document: etree._Element, name: str) -> str:
    return document.findtext(f".//{{urn:schemas-upnp-org:device-1-0}}{name}") or ""


async def test_each_device_answers_from_its_own_address_with_the_place_of_its_description() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(THREE, ssdp_port=port) as site:
        hearing.ask(search("upnp:rootdevice"))
        await until(lambda: len(hearing.answers) == 2)
        await finished(site.ssdp, hearing.answers)
        answers = {sender: read(payload) for sender, payload in hearing.answers}
        assert set(answers) == {LOBBY, GATE}
        start, headers = answers[LOBBY]
        assert start == "HTTP/1.1 200 OK"
        assert (headers["ST"], headers["USN"]) == ("upnp:rootdevice", f"{LOBBY_UDN}::upnp:rootdevice")
        assert headers["LOCATION"] == f"http://{LOBBY}:{site.cameras[0].http_port}/rootdesc1.xml"
        assert headers["CACHE-CONTROL"] == "max-age=1800"
        assert {"EXT", "SERVER", "DATE"} <= set(headers)


async def test_a_description_tells_who_it_is_and_an_http_page_even_where_https_is_on() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(THREE, ssdp_port=port) as site:
        hearing.ask(search(BASIC))
        await until(lambda: len(hearing.answers) == 2)
        places = {sender: read(payload)[1]["LOCATION"] for sender, payload in hearing.answers}
        response, lobby = await fetched(places[LOBBY])
        assert response.headers["content-type"].startswith("text/xml")
        assert text(lobby, "manufacturer") == "Meridian"
        assert (text(lobby, "modelName"), text(lobby, "serialNumber")) == ("MX-2240-V", "00A1B2C30001")
        assert (text(lobby, "UDN"), text(lobby, "serviceType")) == (LOBBY_UDN, SERVICE)
        assert text(lobby, "presentationURL") == f"http://{LOBBY}:{site.cameras[0].http_port}/"
        _, gate = await fetched(places[GATE])
        assert (text(gate, "serialNumber"), text(gate, "friendlyName")[:11]) == ("SN 7", "Gate & yard")
        assert text(gate, "presentationURL") == f"http://{GATE}:{site.cameras[1].http_port}/"
        assert f":{site.cameras[1].http_port}/" not in places[GATE]


async def test_a_port_for_the_description_serves_nothing_else_and_outlives_a_restart() -> None:
    port = free_port()
    settings = CameraSettings(host=GATE, ssdp=Ssdp(port=0), timing=Timing(boot=0.0))
    async with Hearing(GROUP, port) as hearing, Site([settings], ssdp_port=port) as site:
        hearing.ask(search(BASIC), GATE)
        await until(lambda: hearing.answers)
        place = read(hearing.answers[0][1])[1]["LOCATION"]
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(httpx.URL(place).join("/"))).status_code == 404
            assert (await client.post(httpx.URL(place).join("/onvif/device_service"))).status_code == 404
            assert (await client.get(f"http://{GATE}:{site.cameras[0].http_port}/rootdesc1.xml")).status_code == 404
        async with Client(site.cameras[0]) as device:
            told = await device.ask("<tds:GetNetworkProtocols/>")
            assert told.texts("Name") == ["HTTP", "HTTPS"]
        await site.cameras[0].power_cut()
        assert (await fetched(place))[0].status_code == 200


async def test_a_device_may_name_a_host_that_is_not_its_own() -> None:
    port = free_port()
    settings = CameraSettings(host=LOBBY, ssdp=Ssdp(names_host="192.0.2.1"))
    async with Hearing(GROUP, port) as hearing, Site([settings], ssdp_port=port) as site:
        hearing.ask(search(BASIC))
        await until(lambda: hearing.answers)
        [(sender, payload)] = hearing.answers
        assert sender == LOBBY
        http = site.cameras[0].http_port
        assert read(payload)[1]["LOCATION"] == f"http://192.0.2.1:{http}/rootdesc1.xml"
        _, description = await fetched(f"http://{LOBBY}:{http}/rootdesc1.xml")
        assert text(description, "presentationURL") == f"http://192.0.2.1:{http}/"


async def test_everything_is_one_answer_for_each_thing_that_is_there() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(THREE[:1], ssdp_port=port) as site:
        hearing.ask(search("ssdp:all"))
        await until(lambda: len(hearing.answers) == 4)
        await finished(site.ssdp, hearing.answers)
        names = [read(payload)[1]["USN"] for _, payload in hearing.answers]
        things = ("upnp:rootdevice", BASIC, SERVICE)
        assert sorted(names) == sorted([LOBBY_UDN, *(f"{LOBBY_UDN}::{thing}" for thing in things)])


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        secrets.token_bytes(200),
        search("uuid:somebody-else"),
        search("urn:schemas-upnp-org:device:MediaServer:1"),
        search("upnp:rootdevice", man='"ssdp:shout"'),
        search(""),
        search("ssdp:all").replace(b"M-SEARCH", b"NOTIFY"),
        search("ssdp:all").replace(b"M-SEARCH * HTTP/1.1", b"HTTP/1.1 200 OK"),
    ],
)
async def test_what_asks_for_nothing_that_is_there_is_not_answered(payload: bytes) -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(THREE[:1], ssdp_port=port) as site:
        hearing.ask(payload)
        hearing.ask(search(LOBBY_UDN))
        await finished(site.ssdp, hearing.answers)
        assert [read(answer)[1]["USN"] for _, answer in hearing.answers] == [LOBBY_UDN]


async def test_devices_say_that_they_are_there_at_each_start_and_that_they_go_at_the_end() -> None:
    port = free_port()
    settings = (CameraSettings(host=LOBBY, ssdp=Ssdp(), timing=Timing(boot=0.02)), THREE[2])
    async with Hearing(GROUP, port) as hearing:
        async with Site(settings, ssdp_port=port) as site:
            await until(lambda: len(hearing.said) == 3)
            await site.cameras[0].power_cut()
            await until(lambda: len(hearing.said) == 6)
        await until(lambda: len(hearing.said) == 9)
    assert {sender for sender, _ in hearing.said} == {LOBBY}
    told = [read(payload) for _, payload in hearing.said]
    assert {start for start, _ in told} == {"NOTIFY * HTTP/1.1"}
    assert [headers["NTS"] for _, headers in told] == ["ssdp:alive"] * 6 + ["ssdp:byebye"] * 3
    assert [headers["BOOTID.UPNP.ORG"] for _, headers in told] == ["1"] * 3 + ["2"] * 6
    assert {headers["HOST"] for _, headers in told} == {f"{GROUP}:{port}"}
    assert ["LOCATION" in headers for _, headers in told] == [True] * 6 + [False] * 3


async def test_a_device_that_serves_its_description_nowhere_does_not_announce_it() -> None:
    port = free_port()
    settings = (
        CameraSettings(host=GATE, http_port=None, ssdp=Ssdp()),
        CameraSettings(host=LOBBY, ssdp=Ssdp(), timing=Timing(switch=0.0)),
        CameraSettings(host=QUIET, ssdp=Ssdp()),
    )
    async with Hearing(GROUP, port) as hearing, Site(settings, ssdp_port=port) as site:
        for expected in ({LOBBY, QUIET}, {QUIET}):
            hearing.ask(search(BASIC))
            await finished(site.ssdp, hearing.answers)
            assert {sender for sender, _ in hearing.answers} == expected
            camera = site.cameras[1]
            async with Client(camera, "https") as client:
                assert (await client.ask(protocols(HTTP=(False, camera.http_port)))).status == 200
            hearing.answers.clear()


async def test_printers_file_servers_and_computers_answer_for_what_they_are() -> None:
    port = free_port()
    others = (
        bystanders.printer("Office", host="127.78.21.5", serial="5"),
        bystanders.nas("Backup", host="127.78.21.6", serial="6"),
        bystanders.windows("Desk", host="127.78.21.7", serial="7", http_port=0),
    )
    async with Hearing(GROUP, port) as hearing, Site(others, ssdp_port=port):
        hearing.ask(search("upnp:rootdevice"))
        await until(lambda: len(hearing.answers) == 3)
        kinds = {}
        for sender, payload in hearing.answers:
            _, description = await fetched(read(payload)[1]["LOCATION"])
            kinds[sender] = text(description, "deviceType").split(":")[3]
        assert kinds == {"127.78.21.5": "Printer", "127.78.21.6": "MediaServer", "127.78.21.7": "MediaServer"}
