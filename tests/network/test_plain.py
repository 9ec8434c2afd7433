import asyncio
import time

import pytest

from core.network.plain import https_port, speaks_http
from tests.network.leaves import new_leaf
from tests.network.servers import Line, Server, answering, presenting, repeating, saying, silent


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "302 Found", "500 No"])
async def test_any_status_is_http(host: str, status: str) -> None:
    async with Server(answering(f"HTTP/1.1 {status}\r\n\r\n".encode()), host=host) as server:
        assert await speaks_http(host, server.port)
    name = f"[{host}]" if ":" in host else host
    assert server.heard == f"GET / HTTP/1.1\r\nHost: {name}:{server.port}\r\nConnection: close\r\n\r\n".encode()


async def test_an_answer_byte_by_byte_is_http() -> None:
    async def slowly(line: Line) -> None:
        await line.read()
        for byte in b"HTTP/":
            await line.write(bytes([byte]))
            await asyncio.sleep(0.02)

    async with Server(slowly) as server:
        assert await speaks_http(server.host, server.port)


@pytest.mark.parametrize(
    "payload", [b"", b"HTT", b"RTSP/1.0 400 no\r\n\r\n", b"SSH-2.0-x\r\n", b"\x15\x03\x01\0\x02\x02\x16"]
)
async def test_anything_else_is_not(payload: bytes) -> None:
    async with Server(saying(payload)) as server:
        assert not await speaks_http(server.host, server.port)


async def test_tls_is_not_http() -> None:
    async with Server(silent, presenting(new_leaf().context())) as server:
        assert not await speaks_http(server.host, server.port)


async def test_silence_is_not_http_at_the_deadline() -> None:
    async with Server(silent) as server:
        started = time.monotonic()
        assert not await speaks_http(server.host, server.port, deadline=0.2)
        assert 0.2 <= time.monotonic() - started < 3
        assert not await speaks_http(server.host, 1)


async def test_an_endless_answer_is_not_read() -> None:
    async with Server(repeating(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536)) as server:
        assert await speaks_http(server.host, server.port)


@pytest.mark.parametrize(
    ("head", "port"),
    [
        ("HTTP/1.1 302 Found\r\nServer: x\r\nLocation: https://192.0.2.9:9443/index.html", 9443),
        ("HTTP/1.0 301 Moved\r\nlocation:https://camera/", 443),
        ("HTTP/1.1 307 T\r\nLOCATION: HTTPS://[fe80::1]:444", 444),
        ("HTTP/1.1 302 Found\r\nLocation: http://192.0.2.9:8080/", None),
        ("HTTP/1.1 302 Found\r\nLocation: /login.html", None),
        ("HTTP/1.1 302 Found\r\nLocation: https://camera:99999/", None),
        ("HTTP/1.1 200 OK\r\nLocation: https://camera:9443/", None),
        ("SSH-2.0-x", None),
    ],
)
async def test_a_redirect_tells_the_port_of_https(head: str, port: int | None) -> None:
    async with Server(answering(f"{head}\r\n\r\n".encode())) as server:
        assert await https_port(server.host, server.port) == port


async def test_an_endless_head_tells_no_port() -> None:
    async with Server(repeating(b"HTTP/1.1 302 Found\r\nX: ", b"y" * 65536)) as server:
        assert await https_port(server.host, server.port) is None
