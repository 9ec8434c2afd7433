import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.discovery.claims import Url
from core.discovery.datagrams import UnreadableError
from core.discovery.fetch import DEADLINE, fetch
from tests.discovery.web_server import ADDRESS, Answer, WebServer, ok

LARGEST = 1000


@asynccontextmanager
async def serving(answer: Answer | bytes) -> AsyncIterator[WebServer]:
    async with WebServer({"/d.xml": answer, "/d.xml?x=1": answer, "/": answer}) as server:
        yield server


async def get(server: WebServer, path: str = "/d.xml", query: str = "") -> bytes:
    return await fetch(ADDRESS, Url("http", "203.0.113.9", server.port, path, query), LARGEST)


async def test_the_document_comes_from_the_given_address_whatever_host_is_claimed() -> None:
    async with serving(ok(b"<root/>")) as server:
        assert await get(server) == b"<root/>"
        assert await get(server, "/d.xml", "?x=1") == b"<root/>"
        assert await get(server, "") == b"<root/>"
    assert [request.split(b"\r\n")[0] for request in server.requests] == [
        b"GET /d.xml HTTP/1.1",
        b"GET /d.xml?x=1 HTTP/1.1",
        b"GET / HTTP/1.1",
    ]
    assert all(f"\r\nHost: {ADDRESS}:{server.port}\r\n".encode() in request for request in server.requests)
    assert not any(word in request.lower() for request in server.requests for word in (b"authorization", b"cookie"))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a/\r\n1\r\n>\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n<a/>",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 4\r\n\r\n<a/>",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<a/>",
    ],
)
async def test_whatever_way_it_is_sent(answer: bytes) -> None:
    async with serving(answer) as server:
        assert await get(server) == b"<a/>"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"\0" * 100,
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a/>",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n<a/>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 9000 + b"\r\n<a/>",
        ok(b"x" * (LARGEST + 1)),
        b"HTTP/1.0 200 OK\r\n\r\n" + b"x" * 1_000_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000,
        ok(gzip.compress(b"<a/>")).replace(b"200 OK", b"200 OK\r\nContent-Encoding: gzip"),
    ],
)
async def test_anything_but_a_plain_complete_small_document_is_refused(answer: bytes) -> None:
    async with serving(answer) as server:
        with pytest.raises(UnreadableError):
            await get(server)


async def test_the_limit_is_exact() -> None:
    async with serving(ok(b"x" * LARGEST)) as server:
        assert len(await get(server)) == LARGEST


async def test_nothing_there_is_an_error_of_the_network() -> None:
    async with serving(b"") as server:
        pass
    with pytest.raises(OSError):
        await get(server)


async def test_a_server_that_only_trickles_is_left_in_time() -> None:
    async def trickle(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.2)

    async with serving(trickle) as server:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await get(server)
        assert asyncio.get_running_loop().time() - begun < DEADLINE + 1


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_a_document_or_one_of_the_errors(payload: bytes, headed: bool) -> None:
    async def scenario() -> None:
        async with serving(b"HTTP/1.1 200 OK\r\n" * headed + payload) as server:
            with suppress(OSError, UnreadableError):
                assert len(await get(server)) <= LARGEST

    asyncio.run(scenario())
