"""HTTPS that is off until somebody turns it on, as cameras do that, and as some of them do not."""

import asyncio

import msgspec
import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks, Timing
from tests.simulator.asking import Client, leaf_of, until
from tests.simulator.test_http_server import request
from tests.simulator.test_restart import protocols

MOMENT = Timing(switch=0.05, restart=0.05, boot=0.02)
CLOCK = "<tds:GetSystemDateAndTime/>"
IN_USE = "Sender/ter:InvalidArgVal/ter:PortAlreadyInUse"


def off(**quirks: bool) -> CameraSettings:
    return CameraSettings(https_enabled=False, timing=MOMENT, quirks=msgspec.convert(quirks, Quirks))


async def told(client: Client) -> dict[str, tuple[str, str]]:
    reply = await client.ask("<tds:GetNetworkProtocols/>")
    return dict(
        zip(reply.texts("Name"), zip(reply.texts("Enabled"), reply.texts("Port"), strict=True), strict=True),
    )


async def closed(camera: Camera) -> bool:
    try:
        await leaf_of(camera)
    except ConnectionRefusedError:
        return True
    return False


async def test_https_is_told_as_off_and_closed_until_it_was_turned_on_and_took_a_moment() -> None:
    async with Camera(off()) as camera, Client(camera) as client:
        port = camera.https_port
        assert await told(client) == {"HTTP": ("true", str(camera.http_port)), "HTTPS": ("false", str(port))}
        assert await closed(camera)
        assert (await client.ask(protocols(HTTPS=(True, port)))).status == 200
        assert await closed(camera), "it takes a moment"
        assert (await told(client))["HTTPS"] == ("true", str(port))
        await until(lambda: camera.leaf)
        assert await leaf_of(camera) == camera.leaf
        await camera.power_cut()
        assert await leaf_of(camera) == camera.leaf


async def test_only_an_administrator_turns_it_on() -> None:
    settings = off()
    async with Camera(settings) as camera, Client(camera) as client:
        on = protocols(HTTPS=(True, camera.https_port))
        assert (await client.ask(on, anonymous=True)).status == 401
        assert await closed(camera)
        assert (await told(client))["HTTPS"][0] == "false"


async def test_what_was_asked_is_noted_and_http_turned_off_with_it() -> None:
    async with Camera(off()) as camera, Client(camera) as client:
        http, https = camera.http_port, camera.https_port
        await client.ask(protocols(HTTP=(True, http), HTTPS=(True, https)))
        await client.ask(protocols(HTTP=(False, http)))
        asked = [each.note for each in camera.log.requests if each.operation == "SetNetworkProtocols" and each.login]
        assert asked == [f"HTTP on {http}, HTTPS on {https}", f"HTTP off {http}"]


@pytest.mark.parametrize("together", [False, True], ids=["two web servers", "one web server"])
async def test_a_web_server_that_does_both_restarts_when_https_is_turned_on(together: bool) -> None:
    async with Camera(off(http_restarts_too=together)) as camera:
        reader, writer = await asyncio.open_connection(camera.host, camera.http_port)
        async with Client(camera) as client:
            assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
        await until(lambda: camera.leaf)
        if together:
            assert await reader.read() == b""
        else:
            writer.write(request())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
        async with Client(camera) as client:
            assert (await client.ask(CLOCK)).status == 200


async def test_some_cameras_say_yes_and_do_nothing() -> None:
    async with Camera(off(ignores_protocols=True)) as camera, Client(camera) as client:
        assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
        assert (await told(client))["HTTPS"][0] == "false"
        assert await closed(camera)


async def test_some_cameras_allow_only_the_port_that_they_have() -> None:
    async with Camera(off(fixed_ports=True)) as camera, Client(camera) as client:
        port, other = camera.https_port, camera.https_port + 1 if camera.https_port < 65535 else 1024
        assert (await client.ask(protocols(HTTPS=(True, other)))).fault == IN_USE
        assert (await client.ask(protocols(HTTP=(True, port), HTTPS=(True, camera.http_port)))).fault == IN_USE
        assert (await told(client))["HTTPS"] == ("false", str(port))
        assert (await client.ask(protocols(HTTPS=(True, port)))).status == 200
        await until(lambda: camera.leaf)


@pytest.mark.parametrize("how", ["on demand", "power"])
async def test_some_cameras_turn_it_on_at_their_next_start_only(how: str) -> None:
    async with Camera(off(protocols_need_reboot=True)) as camera:
        async with Client(camera) as client:
            port = camera.https_port
            assert (await client.ask(protocols(HTTPS=(True, port)))).status == 200
            assert (await told(client))["HTTPS"] == ("true", str(port))
            assert not camera.device.on("HTTPS")
            assert await closed(camera)
            assert (await client.ask("<tds:SystemReboot/>", anonymous=True)).status == 401
            if how == "on demand":
                assert "restarts" in (await client.ask("<tds:SystemReboot/>")).text("Message")
            else:
                await camera.power_cut()
        await until(lambda: camera.leaf)
        assert await leaf_of(camera) == camera.leaf


async def test_rtsp_is_told_and_comes_back_as_it_was() -> None:
    async with Camera(CameraSettings(https_enabled=False, rtsp_port=554)) as camera, Client(camera) as client:
        assert (await told(client))["RTSP"] == ("true", "554")
        whole = {"HTTP": (True, camera.http_port), "HTTPS": (True, camera.https_port), "RTSP": (True, 554)}
        assert (await client.ask(protocols(**whole))).status == 200
        assert (await told(client))["RTSP"] == ("true", "554")
