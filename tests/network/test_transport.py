import asyncio
import socket
import ssl
import time
from collections import Counter

import httpx
import pytest

from core.model.errors import (
    AnswerLostError,
    DeviceError,
    GarbledError,
    NotReachedError,
    TlsFailedError,
    WrongLeafError,
)
from core.network.transport import DeviceTransport
from tests.network.asking import LEAF, OTHER, SECRET, V12, V13, ask, client
from tests.network.conftest import open_files
from tests.network.leaves import anonymous_context, forged_leaf, unreadable_leaf
from tests.network.servers import Behaviour, Line, Server, answer, answering, in_turn, presenting, saying, silent, until

OK = answering(answer())
CLOSING = answering(answer(headers="Connection: close\r\n"))
BOTH = pytest.mark.parametrize("version", [V12, V13])


def data_at(server: Server, context: ssl.SSLContext) -> bytes:
    """What was sent over the connections that presented one leaf."""
    return b"".join(line.data for line in server.lines if line.tls and line.tls.context is context)


@pytest.mark.parametrize(("version", "name"), [(V12, "TLS 1.2"), (V13, "TLS 1.3")])
async def test_the_right_leaf_gets_the_request(version: ssl.TLSVersion, name: str) -> None:
    async with Server(OK, presenting(LEAF.context(version))) as server:
        bound = DeviceTransport("https", server.host, server.port, LEAF.fingerprint)
        assert bound.tls == ""
        async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
            response = await http.get(f"https://{server.host}:{server.port}/x", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.content, bound.tls) == (200, b"hello", name)
    assert server.heard.startswith(b"GET /x HTTP/1.1\r\n")
    assert b"accept-encoding: identity" in server.heard.lower()
    assert b"gzip" not in server.heard


async def test_plain_http_is_asked_only_where_no_leaf_is_expected() -> None:
    async with Server(OK) as server:
        assert (await ask(server, None)).content == b"hello"
    for scheme, leaf in (("https", None), ("https", ""), ("http", LEAF.fingerprint), ("ftp", None)):
        with pytest.raises(ValueError):
            DeviceTransport(scheme, "127.0.0.1", 1, leaf)


async def test_an_ipv6_address_works() -> None:
    async with Server(OK, presenting(LEAF.context()), "::1") as server:
        assert (await ask(server)).content == b"hello"


async def test_a_leaf_that_no_parser_reads_can_be_expected() -> None:
    leaf = unreadable_leaf()
    async with Server(OK, presenting(leaf.context())) as server:
        assert (await ask(server, leaf)).status_code == 200


@BOTH
async def test_a_wrong_leaf_gets_no_byte(version: ssl.TLSVersion) -> None:
    async with Server(OK, presenting(OTHER.context(version))) as server:
        for _ in range(5):
            with pytest.raises(WrongLeafError) as caught:
                await ask(server)
            assert caught.value.presented == OTHER.der
        await server.settled()
    assert len(server.lines) == 5
    assert server.heard == b""


@BOTH
async def test_a_wrong_leaf_on_a_later_connection_gets_no_byte(version: ssl.TLSVersion) -> None:
    good, bad = LEAF.context(version), OTHER.context(version)
    async with Server(CLOSING, in_turn(good, bad)) as server, client(server) as http:
        assert (await http.get("/first")).status_code == 200
        for _ in range(4):
            with pytest.raises(WrongLeafError):
                await http.get("/later")
        await server.settled()
    assert b"/later" not in server.heard
    assert data_at(server, bad) == b""


@BOTH
async def test_a_wrong_leaf_after_the_device_swapped_it_and_hung_up_gets_no_byte(version: ssl.TLSVersion) -> None:
    contexts, lines = [LEAF.context(version)], []

    async def behave(line: Line) -> None:
        lines.append(line)
        await OK(line)

    async with Server(behave, lambda: contexts[-1]) as server, client(server) as http:
        for _ in range(3):
            assert (await http.get("/kept")).status_code == 200
        assert len(server.lines) == 1
        contexts.append(OTHER.context(version))
        lines[0].writer.transport.abort()
        await server.settled()
        for _ in range(4):
            with pytest.raises(WrongLeafError):
                await http.get("/swapped")
        await server.settled()
    assert data_at(server, contexts[1]) == b""


async def test_a_wrong_leaf_on_the_second_connection_of_the_pool_gets_no_byte() -> None:
    good, bad = LEAF.context(), OTHER.context()
    go_on = asyncio.Event()

    async def slow(line: Line) -> None:
        await line.read()
        await go_on.wait()
        await line.write(answer())

    async with Server(slow, in_turn(good, bad)) as server, client(server) as http:
        first = asyncio.create_task(http.get("/first"))
        await until(lambda: b"/first" in server.heard)
        with pytest.raises(WrongLeafError):
            await http.get("/second")
        go_on.set()
        assert (await first).status_code == 200
        await server.settled()
    assert data_at(server, bad) == b""


@BOTH
async def test_an_alternating_server_gets_nothing_on_its_wrong_connections(version: ssl.TLSVersion) -> None:
    good, bad = LEAF.context(version), OTHER.context(version)
    async with Server(CLOSING, in_turn(*[good, bad] * 10)) as server, client(server) as http:
        ended = await asyncio.gather(*(http.get("/x") for _ in range(20)), return_exceptions=True)
        await server.settled()
    assert Counter(type(one) for one in ended) == {httpx.Response: 10, WrongLeafError: 10}
    assert data_at(server, bad) == b""
    assert data_at(server, good).count(SECRET) == 10


async def test_a_request_that_says_so_goes_over_a_connection_of_its_own() -> None:
    async with Server(OK, presenting(LEAF.context())) as server, client(server) as http:
        for path in ("/first", "/kept"):
            await http.get(path)
        assert len(server.lines) == 1
        await http.get("/alone", headers={"Connection": "close"})
        assert [b"/alone" in line.data for line in server.lines] == [False, True]
        await server.settled()


async def test_at_most_two_connections_are_open_at_once() -> None:
    now, most = 0, 0

    async def behave(line: Line) -> None:
        nonlocal now, most
        now, most = now + 1, max(most, now + 1)
        try:
            await line.read()
            await asyncio.sleep(0.01)
            await line.write(answer(headers="Connection: close\r\n"))
        finally:
            now -= 1

    async with Server(behave, presenting(LEAF.context())) as server, client(server) as http:
        await asyncio.gather(*(http.get("/x") for _ in range(10)))
    assert most == 2


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@BOTH
async def test_the_right_leaf_without_its_key_gets_no_byte(kind: str, version: ssl.TLSVersion) -> None:
    forged = forged_leaf(kind)
    async with Server(OK, presenting(forged.context(version))) as server:
        with pytest.raises(TlsFailedError, match="does not have the key"):
            await ask(server, forged)
        await server.settled()
    assert server.heard == b""


async def test_a_server_without_a_certificate_gets_no_byte() -> None:
    async with Server(OK, presenting(anonymous_context())) as server:
        with pytest.raises(TlsFailedError):
            await ask(server)
        await server.settled()
    assert server.heard == b""


@BOTH
async def test_no_session_is_ever_resumed(version: ssl.TLSVersion) -> None:
    async with Server(CLOSING, presenting(LEAF.context(version))) as server, client(server) as http:
        for _ in range(3):
            await http.get("/x")
    assert [bool(line.tls and line.tls.session_reused) for line in server.lines] == [False] * 3


async def test_a_proxy_in_the_environment_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Server(silent) as proxy, Server(OK, presenting(LEAF.context())) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://{proxy.host}:{proxy.port}")
        assert (await ask(server)).status_code == 200
        assert proxy.lines == []


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_redirect_is_handed_over_and_not_followed(scheme: str) -> None:
    async with Server(silent) as other:
        target = f"{scheme}://{other.host}:{other.port}/"
        redirect = answering(answer("307 Temporary Redirect", f"Location: {target}\r\n"))
        async with Server(redirect, presenting(LEAF.context())) as server:
            response = await ask(server)
        assert (response.status_code, response.headers["Location"]) == (307, target)
        assert other.lines == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{other}/", "https://127.0.0.2:{port}/", "https://127.0.0.1/"]
)
async def test_another_origin_is_refused_without_a_byte(url: str) -> None:
    async with Server(silent) as other, Server(OK, presenting(LEAF.context())) as server:
        async with client(server) as http:
            with pytest.raises(GarbledError, match="points to another address"):
                await http.get(url.format(port=server.port, other=other.port))
        assert (other.lines, server.lines) == ([], [])


async def test_a_callers_extensions_change_neither_name_nor_deadline() -> None:
    async with Server(silent, presenting(LEAF.context())) as server, client(server, deadline=0.5) as http:
        started = time.monotonic()
        with pytest.raises(AnswerLostError):
            await http.get("/x", timeout=0.01, extensions={"sni_hostname": "evil.example"})
        assert time.monotonic() - started >= 0.5
    assert b"evil.example" not in server.lines[0].hello
    assert SECRET in server.heard


async def test_the_deadline_covers_waiting_for_a_connection() -> None:
    async with Server(silent, presenting(LEAF.context())) as server, client(server, deadline=0.5) as http:
        started = time.monotonic()
        ended = await asyncio.gather(*(http.get("/x") for _ in range(3)), return_exceptions=True)
        assert 0.5 <= time.monotonic() - started < 3
    assert all(isinstance(one, DeviceError) for one in ended)
    assert sum(isinstance(one, AnswerLostError) for one in ended) == server.heard.count(SECRET) <= 2


async def test_a_closed_port_means_that_nothing_was_sent() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        bound = DeviceTransport("https", "127.0.0.1", port, LEAF.fingerprint)
        async with httpx.AsyncClient(transport=bound, trust_env=False) as http:
            with pytest.raises(NotReachedError, match=f"127.0.0.1:{port} refuses connections"):
                await http.get(f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (silent, "does not answer in time"),
        (saying(b""), "hangs up"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "wrong version number"),
        (saying(b"\x15\x03\x03\0\x02\x02\x46"), "outdated TLS versions"),
    ],
)
async def test_a_handshake_that_fails_means_that_nothing_was_sent(behave: Behaviour, words: str) -> None:
    async with Server(behave) as server:
        before = open_files()
        with pytest.raises(TlsFailedError, match=words):
            await ask(server, deadline=0.5)
        await server.settled()
        assert open_files() == before
    assert SECRET not in server.heard


async def test_a_request_that_cannot_be_written_was_not_sent() -> None:
    async with Server(OK, presenting(LEAF.context())) as server, client(server) as http:
        with pytest.raises(NotReachedError, match="not asked"):
            await http.get("/x", headers={"X-User": "a\nb"})
    assert server.heard == b""


@pytest.mark.parametrize("shakes", [False, True])
async def test_a_cancelled_request_leaves_nothing_open(shakes: bool) -> None:
    async with Server(silent, presenting(LEAF.context()) if shakes else lambda: None) as server:
        before = open_files()
        task = asyncio.create_task(ask(server))
        await until(lambda: bool(server.heard))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.settled()
        assert open_files() == before
