import asyncio
import gzip
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.model.errors import AnswerLostError, DeviceError, GarbledError
from core.network.transport import SHORT
from tests.network.asking import LEAF, SECRET, ask, client
from tests.network.servers import (
    Behaviour,
    Line,
    Server,
    answer,
    answering,
    presenting,
    repeating,
    saying,
    silent,
    until,
)

BOMB = gzip.compress(bytes(200 * 1024 * 1024 // 16), 9)
GARBLED: dict[str, Behaviour] = {
    "gzip": answering(answer(headers="Content-Encoding: gzip\r\n", body=BOMB)),
    "gzip twice": answering(answer(headers="Content-Encoding: gzip, gzip\r\n", body=gzip.compress(BOMB))),
    "gzip in two headers": answering(
        answer(headers="Content-Encoding: identity\r\nContent-Encoding: gzip\r\n", body=BOMB)
    ),
    "endless body": repeating(b"HTTP/1.1 200 OK\r\n\r\n", bytes(65536)),
    "endless chunks": repeating(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + bytes(65535) + b"\r\n"
    ),
    "announced too long": repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", bytes(65536)),
}
LOST: dict[str, Behaviour] = {
    "silent": silent,
    "slow body": repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", 0.02),
    "slow header": repeating(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02),
    "endless continue": repeating(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "endless header": repeating(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 65536),
    "endless chunk extension": repeating(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"y" * 65536),
    "negative length": answering(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
    "two lengths": answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "no http": answering(b"\0\1\2\3\r\n\r\n"),
    "cut short": saying(b""),
    "garbage for tls": saying(b"\x17\x03\x03\0\x10" + bytes(16)),
    "plain http within tls": saying(b"HTTP/1.1 200 OK\r\n\r\n"),
}


@pytest.mark.parametrize("kind", GARBLED)
async def test_what_is_encoded_or_too_long_is_refused(kind: str) -> None:
    async with Server(GARBLED[kind], presenting(LEAF.context())) as server:
        with pytest.raises(GarbledError):
            await ask(server, deadline=10, largest=256 * 1024)


@pytest.mark.parametrize("kind", GARBLED)
async def test_what_is_refused_does_not_use_up_the_connections(kind: str) -> None:
    async with Server(GARBLED[kind], presenting(LEAF.context())) as server, client(server, largest=1024) as http:
        for _ in range(3):
            with pytest.raises(GarbledError):
                await http.get("/x")
        await server.settled()


@pytest.mark.parametrize("kind", LOST)
async def test_an_answer_that_does_not_come_is_lost_at_the_deadline_at_the_latest(kind: str) -> None:
    async with Server(LOST[kind], presenting(LEAF.context())) as server:
        started = time.monotonic()
        with pytest.raises(AnswerLostError) as caught:
            await ask(server, deadline=0.6)
        assert time.monotonic() - started < 3
    assert SECRET in server.heard
    assert SECRET.decode() not in caught.value.title + caught.value.hint


async def test_a_length_that_is_announced_and_too_long_is_not_waited_for() -> None:
    announced = repeating(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n", b"", 0.01)
    async with Server(announced, presenting(LEAF.context())) as server:
        with pytest.raises(GarbledError, match="too long"):
            await ask(server, deadline=20)


async def test_of_long_answers_only_so_many_are_read_at_a_time() -> None:
    room, more = asyncio.Semaphore(1), asyncio.Event()

    async def behave(line: Line) -> None:
        await line.read()
        await line.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes(SHORT + 1))
        await more.wait()

    async with Server(behave) as server, Server(answering(answer(body=bytes(SHORT)))) as other:
        first = asyncio.create_task(ask(server, None, long_answers=room))
        await until(room.locked)
        with pytest.raises(AnswerLostError):
            await ask(server, None, long_answers=room, deadline=0.3)
        assert len((await ask(other, None, long_answers=room)).content) == SHORT
        second = asyncio.create_task(ask(server, None, long_answers=room))
        more.set()
        assert [len((await task).content) for task in (first, second)] == [SHORT + 1, SHORT + 1]
    assert not room.locked()


async def test_a_body_of_the_largest_size_is_read() -> None:
    async with Server(answering(answer(body=bytes(1000))), presenting(LEAF.context())) as server:
        assert len((await ask(server, largest=1000)).content) == 1000
        with pytest.raises(GarbledError, match="too long"):
            await ask(server, largest=999)


def test_whatever_bytes_come_back_are_an_answer_or_a_device_error() -> None:
    payload = b""

    async def behave(line: Line) -> None:
        await line.read()
        await line.write(payload)

    async def try_one(server: Server) -> None:
        try:
            response = await ask(server, None, deadline=2)
        except DeviceError as error:
            assert isinstance(error, AnswerLostError | GarbledError)
        else:
            assert 100 <= response.status_code < 1000

    heads = st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 101 x\r\n", b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 "])
    names = (b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Content-Encoding: x", b"Upgrade: y")
    headers = st.sampled_from([b"", *(name + b"\r\n" for name in names)])

    with asyncio.Runner() as runner:
        server = runner.run(Server(behave).__aenter__())

        @settings(max_examples=150, deadline=None)
        @given(heads, headers, st.sampled_from([b"", b"\r\n"]), st.binary(max_size=60))
        def check(head: bytes, header: bytes, end: bytes, rest: bytes) -> None:
            nonlocal payload
            payload = head + header + end + rest
            runner.run(try_one(server))

        check()
        runner.run(server.__aexit__())
