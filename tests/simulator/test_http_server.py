import asyncio

import pytest

from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.simulator.asking import DEVICE, envelope, leaf_of, trusting, until

HOSTNAME = envelope("<tds:GetHostname/>")


def request(body: bytes = HOSTNAME, *headers: str, method: str = "POST", target: str = DEVICE) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: x", "Content-Type: application/soap+xml", *headers]
    if not any(header.startswith(("Content-Length", "Transfer-Encoding")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


async def exchange(camera: Camera, *sent: bytes, end: bool = True) -> bytes:
    """Everything that comes back on one connection until the camera ends it, or we do."""
    reader, writer = await asyncio.open_connection(camera.host, camera.http_port)
    try:
        for piece in sent:
            writer.write(piece)
            await writer.drain()
        if end:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_several_requests_on_one_connection_are_answered_in_order() -> None:
    async with Camera() as camera:
        answers = await exchange(camera, request() + request(envelope("<tds:GetServiceCapabilities/>")))
        assert answers.count(b"HTTP/1.1 200 OK") == 2
        assert answers.index(b"GetHostnameResponse") < answers.index(b"GetServiceCapabilitiesResponse")
        [connection] = camera.log.connections
        assert (connection.scheme, connection.requests) == ("http", 2)


async def test_a_request_may_come_in_pieces_and_chunks() -> None:
    async with Camera() as camera:
        chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(HOSTNAME), HOSTNAME)
        whole = request(chunked, "Transfer-Encoding: chunked")
        answer = await exchange(camera, *(whole[at : at + 97] for at in range(0, len(whole), 97)))
        assert answer.startswith(b"HTTP/1.1 200 OK")


async def test_who_waits_for_a_hundred_gets_it() -> None:
    async with Camera() as camera:
        answer = await exchange(camera, request(HOSTNAME, "Expect: 100-continue"))
        assert b"HTTP/1.1 200 OK" in answer
        reader, writer = await asyncio.open_connection(camera.host, camera.http_port)
        writer.write(request(b"", "Expect: 100-continue", f"Content-Length: {len(HOSTNAME)}"))
        assert (await reader.readline()).startswith(b"HTTP/1.1 100")
        writer.write(HOSTNAME)
        assert await reader.readline() == b"\r\n"
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
        (b"GET\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (request(b"", f"Content-Length: {10**9}") + b"x" * 2_000_000, b"413"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 100_000, b"431"),
    ],
    ids=["TLS", "no HTTP", "no host", "body", "header"],
)
async def test_what_is_no_request_is_told_so_and_ends_the_connection(sent: bytes, status: bytes) -> None:
    async with Camera() as camera:
        try:
            answer = await exchange(camera, sent, end=False)
        except ConnectionResetError:
            # More was sent than the camera read, which resets the connection, with the answer or before it.
            return
        assert answer.split()[1] == status
        assert not camera.log.requests


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (request(b"", method="GET", target="/"), b"200"),
        (request(b"", method="GET", target=DEVICE), b"405"),
        (request(b"", method="POST", target="/"), b"405"),
        (request(b"", method="GET", target="/cgi-bin/login"), b"404"),
        (request().replace(b"soap+xml", b"json"), b"415"),
        (request().replace(b"application/soap+xml", b"text/xml"), b"415"),
    ],
)
async def test_other_requests_get_the_status_that_fits(sent: bytes, status: bytes) -> None:
    async with Camera() as camera:
        answer = await exchange(camera, sent)
        assert answer.split()[1] == status
        assert [entry.outcome for entry in camera.log.requests] == ([status.decode()])


async def test_a_head_has_no_body() -> None:
    async with Camera() as camera:
        answer = await exchange(camera, request(b"", method="HEAD", target="/"))
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert answer.endswith(b"\r\n\r\n")


async def test_the_date_is_the_camera_s_own() -> None:
    async with Camera(CameraSettings(lost_clock=True)) as camera:
        assert b"\r\nDate: Thu, 01 Jan 1970 00:00:0" in await exchange(camera, request())


async def test_every_byte_is_counted_and_a_handshake_is_none() -> None:
    async with Camera() as camera:
        await leaf_of(camera)
        await until(lambda: camera.log.connections)
        assert camera.log.received("https") == 0
        reader, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=trusting())
        writer.write(b"GET ")
        await until(lambda: camera.log.received("https") == 4)
        writer.write(b"/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 OK")
        assert [connection.received for connection in camera.log.connections] == [0, 46]
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_goes_away_half_way_leaves_nothing_behind() -> None:
    async with Camera() as camera:
        assert (await exchange(camera, request()[:-5])).startswith(b"HTTP/1.1 400")
        assert await exchange(camera, b"") == b""
        assert not camera.log.requests
        assert (await exchange(camera, request())).startswith(b"HTTP/1.1 200 OK")
