"""What a simulated camera answers of its streams, asked by hand."""

import asyncio
import base64
import ssl
from contextlib import AsyncExitStack

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, VideoSettings
from core.simulator.soap import TR2, TRT
from tests.simulator.asking import Client, Reply, envelope, trusting, until

OPTIONS = b"OPTIONS rtsp://127.0.0.1/stream1 RTSP/1.0\r\nCSeq: 7\r\n\r\n"
OPEN = VideoSettings(login=False, rtsps_port=0)
ABSENT = "Sender/ter:InvalidArgVal/ter:InvalidStreamSetup"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def opened(stack: AsyncExitStack, camera: Camera, port: int, context: ssl.SSLContext | None = None) -> Streams:
    reader, writer = await asyncio.open_connection(camera.host, port, ssl=context)
    stack.callback(writer.close)
    return reader, writer


async def exchanged(camera: Camera, port: int, context: ssl.SSLContext | None, sent: bytes = OPTIONS) -> bytes:
    async with AsyncExitStack() as stack:
        reader, writer = await opened(stack, camera, port, context)
        writer.write(sent)
        return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)


def half(method: str, cookie: str, path: str = "/stream1", body: bytes = b"") -> bytes:
    length = "Content-Length: 32767\r\n" if body else ""
    return f"{method} {path} HTTP/1.0\r\nHost: x\r\nx-sessioncookie: {cookie}\r\n{length}\r\n".encode() + body


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_the_second_half_of_a_tunnel_brings_is_answered_over_the_first(scheme: str) -> None:
    async with Camera(CameraSettings(video=OPEN)) as camera, AsyncExitStack() as stack:
        port, context = (camera.https_port, trusting()) if scheme == "https" else (camera.http_port, None)
        down, asking = await opened(stack, camera, port, context)
        asking.write(half("GET", "c1"))
        head = await down.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n")
        _, up = await opened(stack, camera, port, context)
        encoded = base64.b64encode(OPTIONS)
        up.write(half("POST", "c1", body=encoded[:10]))
        up.write(encoded[10:])
        assert await down.readuntil(b"\r\n\r\n") == b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nPublic: OPTIONS\r\n\r\n"


@pytest.mark.parametrize(
    ("settings", "sent", "status"),
    [
        (OPEN, half("POST", "nobody's", body=b"AAAA"), b"404"),
        (OPEN, half("GET", "c1", "/elsewhere"), b"404"),
        (OPEN, b"GET /stream1 HTTP/1.0\r\nHost: x\r\n\r\n", b"404"),
        (VideoSettings(tunnel=False), half("GET", "c1"), b"404"),
        (None, half("GET", "c1"), b"404"),
    ],
)
async def test_what_belongs_to_no_tunnel_is_answered_like_any_request(
    settings: VideoSettings | None, sent: bytes, status: bytes
) -> None:
    async with Camera(CameraSettings(video=settings)) as camera:
        # The body of what is no tunnel is waited for, as with any request.
        whole = sent.replace(b"Content-Length: 32767", b"Content-Length: 4")
        assert (await exchanged(camera, camera.http_port, None, whole)).split()[1] == status


async def test_rtsp_and_rtsps_answer_options_alone() -> None:
    async with Camera(CameraSettings(video=OPEN, rtsp_port=0)) as camera:
        ports = camera.device.protocols["RTSP"].port, camera.device.protocols["RTSPS"].port
        for port, context in zip(ports, (None, trusting()), strict=True):
            assert (await exchanged(camera, port, context)).startswith(b"RTSP/1.0 200 OK\r\nCSeq: 7\r\n")
            describe = OPTIONS.replace(b"OPTIONS", b"DESCRIBE")
            assert (await exchanged(camera, port, context, describe)).startswith(b"RTSP/1.0 501 ")
            assert (await exchanged(camera, port, context, b"GET / HTTP/1.1\r\n\r\n")).startswith(b"RTSP/1.0 400 ")


async def test_who_does_not_log_in_is_told_so() -> None:
    async with Camera(CameraSettings(video=VideoSettings(), rtsp_port=0)) as camera:
        answer = await exchanged(camera, camera.device.protocols["RTSP"].port, None)
        assert answer.startswith(b"RTSP/1.0 401 Unauthorized\r\nCSeq: 7\r\nWWW-Authenticate: Digest ")


@pytest.mark.parametrize("is_same", [True, False])
async def test_rtsps_may_have_a_certificate_of_its_own_and_keeps_it_over_a_change(is_same: bool) -> None:
    settings = VideoSettings(rtsps_port=0, rtsps_same_certificate=is_same)
    async with Camera(CameraSettings(video=settings)) as camera:
        place = (camera.host, camera.device.protocols["RTSPS"].port)

        async def leaf() -> bytes:
            return ssl.PEM_cert_to_DER_cert(await asyncio.to_thread(ssl.get_server_certificate, place))

        before = await leaf()
        assert (before == camera.leaf) == is_same
        await camera.change_certificate("new_certificate")
        assert (await leaf() == camera.leaf) == is_same
        assert (await leaf() == before) != is_same


async def uri(client: Client, protocol: str, token: str = "profile_1") -> Reply:
    asked = f"<t:Protocol>{protocol}</t:Protocol><t:ProfileToken>{token}</t:ProfileToken>"
    return await client.post(
        "/onvif/media2_service", envelope(f'<t:GetStreamUri xmlns:t="{TR2}">{asked}</t:GetStreamUri>')
    )


@pytest.mark.parametrize(
    ("quirk", "host"),
    [
        ("", "127.0.0.1:{0}"),
        ("nat", "10.99.0.7:{0}"),
        ("mapped", "::ffff:127.0.0.1:{0}"),
        ("doubled_port", "127.0.0.1:{0}:{0}"),
    ],
)
async def test_addresses_of_streams_are_malformed_as_told(quirk: str, host: str) -> None:
    video = VideoSettings(rtsps_port=0, uri_quirk=quirk)  # type: ignore[arg-type]
    async with Camera(CameraSettings(video=video, rtsp_port=0)) as camera, Client(camera, "https") as client:
        protocols = camera.device.protocols
        places = {"RtspOverHttp": ("https", camera.https_port)}
        places |= {"RtspsUnicast": ("rtsps", protocols["RTSPS"].port), "RTSP": ("rtsp", protocols["RTSP"].port)}
        for protocol, (scheme, port) in places.items():
            assert (await uri(client, protocol)).text("Uri") == f"{scheme}://{host.format(port)}/stream1"


async def test_what_there_is_not_is_refused() -> None:
    async with Camera(CameraSettings(video=VideoSettings(tunnel=False))) as camera, Client(camera) as client:
        assert [(await uri(client, each)).fault for each in ("RtspOverHttp", "RtspsUnicast", "RTSP", "x")] == [
            ABSENT
        ] * 4
        assert (await uri(client, "RTSP", "p9")).fault == "Sender/ter:InvalidArgVal/ter:NoProfile"
        nonsense = await client.post("/onvif/media2_service", envelope(f'<t:GetStreamUri xmlns:t="{TR2}"/>'))
        assert nonsense.fault == "Sender/ter:InvalidArgs"


async def test_its_services_are_listed_and_answer_by_their_descriptions() -> None:
    async with Camera(CameraSettings(video=OPEN)) as camera, Client(camera) as client:
        listed = await client.ask(
            "<tds:GetServices><tds:IncludeCapability>true</tds:IncludeCapability></tds:GetServices>"
        )
        assert {TRT, TR2} <= set(listed.texts("Namespace"))
        old = await client.ask("<tds:GetCapabilities><tds:Category>All</tds:Category></tds:GetCapabilities>")
        assert f"http://{camera.host}:{camera.http_port}/onvif/media_service" in old.texts("XAddr")
        setup = "<tt:Stream>RTP-Unicast</tt:Stream><tt:Transport><tt:Protocol>HTTP</tt:Protocol></tt:Transport>"
        asked = f"<t:StreamSetup>{setup}</t:StreamSetup><t:ProfileToken>profile_1</t:ProfileToken>"
        body = envelope(f'<t:GetStreamUri xmlns:t="{TRT}">{asked}</t:GetStreamUri>')
        reply = await client.post("/onvif/media_service", body)
        assert reply.text("Uri") == f"http://{camera.host}:{camera.http_port}/stream1"
        assert (await client.post("/onvif/media_service", body, anonymous=True)).status == 401
        names = await client.ask("<tds:GetNetworkProtocols/>")
        assert "RTSPS" not in names.texts("Name")


async def test_a_power_cut_ends_a_tunnel() -> None:
    async with Camera(CameraSettings(video=OPEN)) as camera, AsyncExitStack() as stack:
        down, asking = await opened(stack, camera, camera.http_port)
        asking.write(half("GET", "c1"))
        await down.readuntil(b"\r\n\r\n")
        await camera.power_off()
        assert await asyncio.wait_for(down.read(), 10) == b""
        await camera.power_on()
        await until(lambda: camera.is_on)
        assert (await exchanged(camera, camera.http_port, None, half("GET", "c1"))).startswith(b"HTTP/1.0 200 OK")
