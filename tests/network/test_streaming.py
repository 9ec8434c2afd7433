"""Probes of servers that speak RTSP, each over the transport that it should, and of some that speak nothing of it."""

import asyncio
import base64
import re
import ssl

import pytest

from core.decide.streaming import Probed
from core.network.streaming import probe_rtsp, probe_rtsps, probe_tunnel
from tests.network.leaves import Leaf, new_leaf
from tests.network.servers import (
    Behaviour,
    Line,
    Server,
    answer,
    answering,
    in_turn,
    presenting,
    repeating,
    saying,
    silent,
    until,
)

LEAF, OTHER = new_leaf(), new_leaf("other")
CONTEXT = LEAF.context()
TARGET = "/live/stream?channel=1"
YES, NO, UNCLEAR, OTHER_LEAF = Probed.YES, Probed.NO, Probed.UNCLEAR, Probed.OTHER_LEAF
BEGUN = b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\n\r\n"
SHORT = 0.3


class TunnelServer:
    """Holds the first half of each tunnel and answers over it what the second half asks for."""

    def __init__(self, reply: bytes, head: bytes = BEGUN, *, head_first: bool = True) -> None:
        self._reply, self._head, self._head_first = reply, head, head_first
        self._halves: dict[bytes, Line] = {}
        self.asked: list[bytes] = []

    async def __call__(self, line: Line) -> None:
        while b"\r\n\r\n" not in line.data:
            if not await line.read():
                return
        found = re.search(rb"x-sessioncookie: (\w+)\r\n", line.data)
        assert found
        if line.data.startswith(b"GET "):
            self._halves[found[1]] = line
            if self._head_first:
                await line.write(self._head)
            await silent(line)
            return
        down = self._halves[found[1]]
        while not (asked := _decoded(line.data)).endswith(b"\r\n\r\n"):
            await line.read()
        self.asked.append(asked)
        await down.write(self._reply if self._head_first else self._head + self._reply)
        await silent(line)


def _decoded(half: bytes) -> bytes:
    body = half.partition(b"\r\n\r\n")[2]
    return base64.b64decode(body[: len(body) // 4 * 4], validate=True)


def rtsp(status: str) -> bytes:
    return f"RTSP/1.0 {status}\r\nCSeq: 1\r\nPublic: OPTIONS, DESCRIBE\r\n\r\n".encode()


def secured(behave: Behaviour, leaf: Leaf = LEAF) -> Server:
    return Server(behave, presenting(leaf.context()))


async def tunnel(server: Server, deadline: float = 5.0) -> Probed:
    return await probe_tunnel(server.host, server.port, TARGET, LEAF.fingerprint, deadline=deadline)


async def rtsps(server: Server, deadline: float = 5.0) -> Probed:
    return await probe_rtsps(server.host, server.port, TARGET, LEAF.fingerprint, deadline=deadline)


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_tunnel_answers_over_its_first_half_what_the_second_asked(status: str, version: ssl.TLSVersion) -> None:
    behave = TunnelServer(rtsp(status))
    async with Server(behave, presenting(LEAF.context(version))) as server:
        assert await tunnel(server) is YES
        [down, up] = [line.data for line in server.lines]
    assert behave.asked == [
        f"OPTIONS rtsp://127.0.0.1:{server.port}{TARGET} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: camtrust\r\n\r\n".encode()
    ]
    cookies = [re.findall(rb"x-sessioncookie: (\w{22})\r\n", half) for half in (down, up)]
    assert cookies[0] == cookies[1] != []
    assert down.startswith(f"GET {TARGET} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n".encode())
    assert b"\r\nAccept: application/x-rtsp-tunnelled\r\n" in down
    assert up.startswith(f"POST {TARGET} HTTP/1.1\r\n".encode())
    for name in (b"uthorization", b"ookie2", b"assword", b"Basic", b"Digest"):
        assert name not in down + up + behave.asked[0]


async def test_each_probe_has_a_cookie_of_its_own() -> None:
    async with secured(TunnelServer(rtsp("200 OK"))) as server:
        assert [await tunnel(server), await tunnel(server)] == [YES, YES]
        assert len(set(re.findall(rb"x-sessioncookie: (\w+)", server.heard))) == 2


async def test_a_device_may_begin_to_answer_only_when_both_halves_are_there() -> None:
    async with secured(TunnelServer(rtsp("200 OK"), head_first=False)) as server:
        assert await tunnel(server) is YES


async def test_a_tunnel_may_come_in_chunks() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with secured(TunnelServer(b"4C\r\n" + rtsp("401 Unauthorized"), head)) as server:
        assert await tunnel(server) is YES


@pytest.mark.parametrize(
    ("payload", "probed"),
    [
        (answer("404 Not Found"), NO),
        (answer("405 Method Not Allowed", "Allow: POST\r\n"), NO),
        (answer("501 Not Implemented"), NO),
        (answer("200 OK", "Content-Type: text/html\r\n", b"<html>Welcome</html>"), NO),
        (answer("401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="y"\r\n'), UNCLEAR),
        (answer("302 Found", "Location: https://elsewhere.example/\r\n"), UNCLEAR),
        (answer("500 Internal Server Error"), UNCLEAR),
        (answer("503 Service Unavailable"), UNCLEAR),
        (b"SSH-2.0-OpenSSH_9.6\r\n", UNCLEAR),
        (rtsp("200 OK"), UNCLEAR),
        (b"\r\n\r\n", UNCLEAR),
        (b"HTTP/1.1 999999999\r\n\r\n", UNCLEAR),
    ],
)
async def test_what_answers_without_a_tunnel_is_told_from_what_is_not_clear(payload: bytes, probed: Probed) -> None:
    async with secured(answering(payload)) as server:
        assert await tunnel(server, SHORT) is probed
        assert b"POST" not in server.heard


@pytest.mark.parametrize("reply", [rtsp("404 Not Found"), b"\0" * 20_000, b"RTSP/1.0 2000 OK\r\n", b"RTSP/1.0 200"])
async def test_a_tunnel_that_answers_anything_else_than_rtsp_is_not_clear(reply: bytes) -> None:
    async with secured(TunnelServer(reply)) as server:
        assert await tunnel(server, SHORT) is UNCLEAR


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
async def test_rtsps_answers(status: str) -> None:
    async with secured(saying_well(rtsp(status))) as server:
        assert await rtsps(server) is YES
        uri = f"rtsps://127.0.0.1:{server.port}{TARGET}"
        assert server.heard == f"OPTIONS {uri} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: camtrust\r\n\r\n".encode()


async def test_rtsp_in_clear_answers_and_is_not_told_the_address_of_a_stream() -> None:
    async with Server(saying(rtsp("200 OK"))) as server:
        assert await probe_rtsp(server.host, server.port) is YES
        start = f"OPTIONS rtsp://127.0.0.1:{server.port}/ RTSP/1.0\r\n".encode()
        assert server.heard.startswith(start)


async def test_a_wrong_leaf_on_the_rtsps_port_gets_no_byte() -> None:
    async with secured(silent, OTHER) as server:
        assert await rtsps(server) is OTHER_LEAF
        await server.settled()
        assert server.heard == b""


async def test_a_wrong_leaf_on_the_first_half_of_a_tunnel_gets_no_byte() -> None:
    async with secured(silent, OTHER) as server:
        assert await tunnel(server) is OTHER_LEAF
        await server.settled()
        assert server.heard == b""


async def test_a_wrong_leaf_on_the_second_half_of_a_tunnel_gets_no_byte() -> None:
    async with Server(TunnelServer(rtsp("200 OK")), in_turn(CONTEXT, OTHER.context())) as server:
        assert await tunnel(server) is OTHER_LEAF
        await server.settled()
        down, up = server.lines
        assert (down.data.startswith(b"GET "), up.data) == (True, b"")


HOSTILE = {
    "silent": silent,
    "endless": repeating(b"", b"A" * 4096),
    "endless lines": repeating(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 500),
    "endless body": repeating(BEGUN, b"A" * 4096),
    "endless half a line": repeating(b"RTSP/1.0 200", b" OK" * 1000),
    "a byte at a time": repeating(b"H", b"TTP/1.1 2", 0.05),
    "no TLS any more": saying(b"HTTP/1.1 200 OK\r\n\r\n"),
}


@pytest.mark.parametrize("behave", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_answers_are_not_clear_and_end_in_time(behave: Behaviour) -> None:
    loop = asyncio.get_running_loop()
    async with secured(behave) as server:
        for probe in (tunnel, rtsps):
            began = loop.time()
            assert await probe(server, SHORT) is UNCLEAR
            assert loop.time() - began < 1.5


@pytest.mark.parametrize("behave", list(HOSTILE.values())[:-1], ids=list(HOSTILE)[:-1])
async def test_hostile_answers_in_clear_are_not_clear_either(behave: Behaviour) -> None:
    async with Server(behave) as server:
        assert await probe_rtsp(server.host, server.port, deadline=SHORT) is UNCLEAR


async def test_endless_answers_are_not_read_to_their_end() -> None:
    sent = 0

    async def flood(line: Line) -> None:
        nonlocal sent
        await line.read()
        while True:
            await line.write(b"A" * 16_000)
            sent += 16_000

    async with secured(flood) as server:
        assert await rtsps(server) is UNCLEAR
        await server.settled()
        assert sent < 8_000_000


async def test_a_device_that_hangs_up_is_not_clear() -> None:
    async def hang_up(line: Line) -> None:
        await line.read()

    async with secured(hang_up) as server:
        assert [await tunnel(server), await rtsps(server)] == [UNCLEAR, UNCLEAR]


async def test_a_device_that_hangs_in_the_handshake_is_not_clear() -> None:
    async with Server(silent) as server:
        assert [await tunnel(server, SHORT), await rtsps(server, SHORT)] == [UNCLEAR, UNCLEAR]
        await until(lambda: len(server.lines) == 2)


async def test_a_port_without_tls_is_not_clear() -> None:
    async with Server(saying(rtsp("200 OK"))) as server:
        assert [await tunnel(server), await rtsps(server)] == [UNCLEAR, UNCLEAR]


async def test_a_closed_port_is_none() -> None:
    async with Server(silent) as server:
        pass
    assert [await tunnel(server), await rtsps(server), await probe_rtsp(server.host, server.port)] == [NO, NO, NO]


def saying_well(payload: bytes) -> Behaviour:
    """Answer the first request, in TLS where there is TLS."""

    async def behave(line: Line) -> None:
        while not line.data.endswith(b"\r\n\r\n"):
            if not await line.read():
                return
        await line.write(payload)
        await silent(line)

    return behave
