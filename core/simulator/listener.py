"""A TCP port that can be closed and opened again without anybody else taking it meanwhile."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

_HANDSHAKE = 10.0
_GOODBYE = 1.0
_BACKLOG = 128

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Serves connections on one address and port while open; while it is shut, connecting is refused."""

    def __init__(self, host: str, serve: Serve) -> None:
        self._host = host
        self._serve = serve
        self._kept: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._opened: object = None
        self._tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """The port that is kept, 0 where there is none."""
        return int(self._kept.getsockname()[1]) if self._kept is not None else 0

    def keep(self, port: int) -> int:
        """Take the port, 0 for any, without listening, and let go of another one. Return its number."""
        kept = _bound(self._host, port)
        self.release()
        self._kept = kept
        return self.port

    def release(self) -> None:
        """Let go of the port."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    async def open(self, context: ssl.SSLContext | None = None) -> None:
        """Serve on the port that is kept, with TLS if there is a context."""
        assert self._kept is not None, "keep a port first"
        sock = _bound(self._host, self.port)
        self._opened = object()
        handshake, goodbye = (_HANDSHAKE, _GOODBYE) if context is not None else (None, None)
        self._server = await asyncio.start_server(
            partial(self._connected, self._opened),
            sock=sock,
            ssl=context,
            backlog=_BACKLOG,
            ssl_handshake_timeout=handshake,
            ssl_shutdown_timeout=goodbye,
            start_serving=False,
        )
        # Only now, as who is cancelled while it starts has to know what to shut.
        await self._server.start_serving()

    async def shut(self) -> None:
        """Serve no longer: connections are reset, new ones refused."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        tasks = dict(self._tasks)
        for task, writer in tasks.items():
            writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _connected(self, opened: object, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None or opened is not self._opened:
            # The handshake was still under way when the port was shut.
            writer.transport.abort()
            return
        task = asyncio.create_task(self._run(reader, writer))
        self._tasks[task] = writer
        task.add_done_callback(self._tasks.pop)

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def is_free(host: str, port: int) -> bool:
    """Tell whether a listener could have the port, as far as one can know before it tries."""
    try:
        _bound(host, port).close()
    except OSError:
        return False
    return True


def _bound(host: str, port: int) -> socket.socket:
    # With the protocol named, as asyncio sends without delay only what it knows to be TCP.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock
