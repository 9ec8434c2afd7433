"""TCP connections of which hundreds are open at once, each for a moment.

The loop watches one epoll for all of them: registering each socket with the loop would cost a look more time than all
else that Python does for it.
"""

import asyncio
import os
import select
import socket
from typing import Any, ClassVar

_READ = 16 * 1024
# Each wakes a task that may compute for a millisecond; more would keep the loop from everything else.
_MOST_AT_A_TURN = 8


class Line:
    """A TCP connection of the running loop. To be closed by whoever made it; one task uses it at a time."""

    def __init__(self, family: int) -> None:
        self._sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            self._poll = _Poll.join()
        except BaseException:
            self._sock.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._poll.leave(self._sock)
        self._sock.close()

    async def connect(self, address: Any) -> None:
        """Connect to a numeric address, in the form of the socket's family. Raises OSError."""
        try:
            self._sock.connect(address)
        except BlockingIOError:
            await self._poll.ready(self._sock, select.EPOLLOUT)
            code = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code)) from None

    async def send(self, data: bytes) -> None:
        """Send all of it. Raises OSError."""
        await self._send(data, 0)

    async def send_last(self, data: bytes) -> None:
        """Send all of it and say, in the same packet where possible, that nothing follows. Raises OSError."""
        await self._send(data, socket.MSG_MORE)
        self._sock.shutdown(socket.SHUT_WR)

    async def receive(self, most: int = _READ) -> bytes:
        """Return the next bytes, at least one, or none at the end. Raises OSError."""
        while True:
            await self._poll.ready(self._sock, select.EPOLLIN)
            try:
                return self._sock.recv(most)
            except BlockingIOError:
                continue

    async def _send(self, data: bytes, flags: int) -> None:
        while data:
            try:
                data = data[self._sock.send(data, flags) :]
            except BlockingIOError:
                await self._poll.ready(self._sock, select.EPOLLOUT)


class _Poll:
    """The epoll of one loop. It is there as long as a line is."""

    _of: ClassVar[dict[asyncio.AbstractEventLoop, "_Poll"]] = {}

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._epoll = select.epoll()
        self._lines = 0
        self._waiting: dict[int, asyncio.Future[None]] = {}
        loop.add_reader(self._epoll, self._wake)

    @classmethod
    def join(cls) -> "_Poll":
        """Return the running loop's, for one more line."""
        loop = asyncio.get_running_loop()
        poll = cls._of.get(loop) or cls._of.setdefault(loop, cls(loop))
        poll._lines += 1
        return poll

    def leave(self, sock: socket.socket) -> None:
        """Forget a line."""
        if self._waiting.pop(sock.fileno(), None):
            self._epoll.unregister(sock)
        self._lines -= 1
        if not self._lines:
            del self._of[self._loop]
            self._loop.remove_reader(self._epoll)
            self._epoll.close()

    def ready(self, sock: socket.socket, event: int) -> asyncio.Future[None]:
        """Return what is done once the event, an error or the end has come."""
        number = sock.fileno()
        watch = self._epoll.modify if number in self._waiting else self._epoll.register
        watch(number, event | select.EPOLLONESHOT)
        future = self._waiting[number] = self._loop.create_future()
        return future

    def _wake(self) -> None:
        for number, _ in self._epoll.poll(0, _MOST_AT_A_TURN):
            if not self._waiting[number].done():
                self._waiting[number].set_result(None)
