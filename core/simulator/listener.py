"""A TCP port that can be closed and opened again without anybody else taking it meanwhile."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import cycle

from core.simulator.addresses import family_of, place
from core.simulator.tls import HandshakeRefused

_HANDSHAKE = 10.0
_GOODBYE = 1.0
_BACKLOG = 128

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Serves connections on one port of each address while open; while it is shut, connecting is refused.

    It accepts by itself: asyncio's servers do not know the connections whose TLS handshake is not finished yet, so that
    shutting one would leave them open.
    """

    def __init__(self, hosts: Sequence[str], serve: Serve) -> None:
        self._hosts = tuple(hosts)
        self._serve = serve
        self._kept: list[socket.socket] = []
        self._listening: list[socket.socket] = []
        self._is_open = False
        self._is_cut = False
        self._contexts: Iterator[ssl.SSLContext | None] = cycle([None])
        self._tasks: dict[asyncio.Task[None], socket.socket] = {}

    @property
    def port(self) -> int:
        """The port that is kept, 0 where there is none."""
        return int(self._kept[0].getsockname()[1]) if self._kept else 0

    def keep(self, port: int) -> int:
        """Take the port, 0 for any, without listening, and let go of another one. Return its number."""
        kept = _bound_on_each(self._hosts, port)
        self.release()
        self._kept = kept
        return self.port

    def release(self) -> None:
        """Let go of the port."""
        for sock in self._kept:
            sock.close()
        self._kept = []

    def open(self, context: ssl.SSLContext | None = None) -> None:
        """Serve on the port that is kept, with TLS if there is a context."""
        assert self._kept, "keep a port first"
        self._is_open = True
        self.present(context)
        if not self._is_cut:
            self._listen()

    def present(self, *contexts: ssl.SSLContext | None) -> None:
        """Let connections from now on begin with these in turn."""
        self._contexts = cycle(contexts)

    async def shut(self) -> None:
        """Serve no longer: connections are reset, new ones refused."""
        self._is_open = False
        await self._hang_up()

    async def cut(self) -> None:
        """Be out of reach, whether open or not, until it is mended."""
        self._is_cut = True
        await self._hang_up()

    def mend(self) -> None:
        """Be in reach again."""
        if self._is_cut and self._is_open:
            self._listen()
        self._is_cut = False

    def _listen(self) -> None:
        self._listening = _bound_on_each(self._hosts, self.port)
        for sock in self._listening:
            sock.setblocking(False)
            sock.listen(_BACKLOG)
            asyncio.get_running_loop().add_reader(sock, self._accept, sock)

    async def _hang_up(self) -> None:
        listening, self._listening = self._listening, []
        for sock in listening:
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()
        tasks = dict(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_BACKLOG):
            try:
                sock, _address = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            sock.setblocking(False)
            task = asyncio.create_task(self._run(sock, next(self._contexts)))
            self._tasks[task] = sock
            task.add_done_callback(self._ended)

    async def _run(self, sock: socket.socket, context: ssl.SSLContext | None) -> None:
        try:
            reader, writer = await _opened(sock, context)
        except OSError:
            # Whoever it was could not, or did not want to, go through with the handshake.
            return
        try:
            with suppress(OSError):
                await self._serve(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def _ended(self, task: asyncio.Task[None]) -> None:
        # Closed already, unless the task was cancelled before it began.
        self._tasks.pop(task).close()


class _Protocol(asyncio.StreamReaderProtocol):
    """Knows its transport once there is one."""

    _made: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._made = transport
        super().connection_made(transport)

    def abort(self) -> None:
        """End the connection at once, if there is one."""
        if isinstance(self._made, asyncio.WriteTransport):
            self._made.abort()


async def _opened(
    sock: socket.socket, context: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the streams of an accepted connection, after the handshake."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = _Protocol(reader)
    handshake, goodbye = (_HANDSHAKE, _GOODBYE) if context is not None else (None, None)
    # asyncio closes its socket without having sent the alert.
    with sock.dup() as spare:
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, sock, ssl=context, ssl_handshake_timeout=handshake, ssl_shutdown_timeout=goodbye
            )
        except HandshakeRefused as refused:
            spare.send(refused.alert)
            raise
        except asyncio.CancelledError:
            # Where the handshake was just done asyncio would say goodbye first, on a socket that is closed by then.
            protocol.abort()
            raise
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _bound_on_each(hosts: Sequence[str], port: int) -> list[socket.socket]:
    """Bind one socket an address, all to the same port; to none where one cannot have it."""
    with ExitStack() as stack:
        bound: list[socket.socket] = []
        for host in hosts:
            bound.append(stack.enter_context(_bound(host, port)))
            port = bound[0].getsockname()[1]
        stack.pop_all()
    return bound


def is_free(host: str, port: int) -> bool:
    """Tell whether a listener could have the port, as far as one can know before it tries."""
    try:
        _bound(host, port).close()
    except OSError:
        return False
    return True


def _bound(host: str, port: int) -> socket.socket:
    # With the protocol named, as asyncio sends without delay only what it knows to be TCP.
    sock = socket.socket(family_of(host), socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(place(host, port))
    except OSError:
        sock.close()
        raise
    return sock
