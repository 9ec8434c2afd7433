import asyncio
import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from core.discovery.datagrams import LARGEST, Datagram, Inbox
from core.discovery.interfaces import Interface
from core.discovery.sockets import open_probing
from tests.discovery.cameras import LOOPBACK, address, send, until


@contextmanager
def receiving(handle: Callable[[Datagram], bool]) -> Iterator[tuple[Inbox, socket.socket]]:
    """An inbox with one socket."""
    inbox, sock = Inbox(handle), open_probing(Interface(LOOPBACK))
    inbox.watch(sock, LOOPBACK)
    try:
        yield inbox, sock
    finally:
        inbox.close()


def keeping(heard: list[Datagram]) -> Callable[[Datagram], bool]:
    def handle(datagram: Datagram) -> bool:
        heard.append(datagram)
        return True

    return handle


async def test_the_address_is_the_senders_own_and_the_interface_ours() -> None:
    heard: list[Datagram] = []
    with receiving(keeping(heard)) as (inbox, sock):
        send(b"hello", "127.77.0.9", sock.getsockname())
        await until(lambda: bool(heard))
        assert (heard, inbox.dropped) == ([Datagram(b"hello", "127.77.0.9", LOOPBACK)], 0)


async def test_what_is_unreadable_or_fails_is_counted_and_the_next_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Datagram] = []

    def handle(datagram: Datagram) -> bool:
        if datagram.payload == b"fails":
            raise ZeroDivisionError
        heard.append(datagram)
        return datagram.payload != b"unreadable"

    with receiving(handle) as (inbox, sock):
        for payload in (b"fails", b"unreadable", b"good"):
            send(payload, "127.77.0.9", sock.getsockname())
        await until(lambda: len(heard) == 2)
        assert inbox.dropped == 2
    assert "127.77.0.9 could not be handled" in caplog.text


async def test_what_is_too_large_is_dropped_unread() -> None:
    heard: list[Datagram] = []
    with receiving(keeping(heard)) as (inbox, sock):
        for size in (LARGEST + 1, 60000, LARGEST, 0):
            send(b"x" * size, "127.77.0.9", sock.getsockname())
        await until(lambda: len(heard) == 2)
        assert [len(datagram.payload) for datagram in heard] == [LARGEST, 0]
        assert inbox.dropped == 2


async def test_one_sender_is_limited_and_the_others_are_not() -> None:
    heard: list[Datagram] = []
    with receiving(keeping(heard)) as (inbox, sock):
        for _ in range(200):
            send(b"flood", "127.77.0.66", sock.getsockname())
        send(b"quiet", "127.77.0.9", sock.getsockname())
        await until(lambda: heard[-1:] == [Datagram(b"quiet", "127.77.0.9", LOOPBACK)])
        assert 64 <= len(heard) - 1 < 80
        assert inbox.dropped == 200 - (len(heard) - 1)


async def test_a_burst_is_read_from_the_kernel_before_the_first_of_it_is_handled() -> None:
    waiting: list[bool] = []

    def handle(_: Datagram) -> bool:
        waiting.append(bool(select.select([sock], [], [], 0)[0]))
        return True

    with receiving(handle) as (_, sock):
        for number in range(100):
            send(b"x" * 1400, address(number), sock.getsockname())
        await until(lambda: len(waiting) == 100)
    assert not any(waiting)


async def test_slow_handling_leaves_turns_to_everybody_else() -> None:
    turns, handled = 0, 0

    def handle(_: Datagram) -> bool:
        nonlocal handled
        handled += 1
        time.sleep(0.004)
        return True

    with receiving(handle) as (_, sock):
        for number in range(40):
            send(b"x", address(number), sock.getsockname())
        async with asyncio.timeout(10):
            while handled < 40:
                await asyncio.sleep(0)
                turns += 1
    assert turns >= 40


async def test_what_waits_is_bounded() -> None:
    def handle(_: Datagram) -> bool:
        time.sleep(0.005)
        return True

    with receiving(handle) as (inbox, sock):
        for number in range(4400):
            send(b"", address(number), sock.getsockname())
        await until(lambda: inbox.dropped > 0)
        assert inbox.dropped <= 4400 - 4096


async def test_after_closing_nothing_is_handled() -> None:
    heard: list[Datagram] = []

    def handle(datagram: Datagram) -> bool:
        heard.append(datagram)
        inbox.close()
        return True

    with receiving(handle) as (inbox, sock):
        for _ in range(5):
            send(b"x", LOOPBACK, sock.getsockname())
        await until(lambda: bool(heard))
        await asyncio.sleep(0.05)
    assert len(heard) == 1
