"""A server that counts what it is sent, over real sockets and real TLS, and behaves as badly as it is told to.

TLS is done here, not by asyncio, so that each connection can present another leaf, a handshake that ends early is seen
too, and bytes can be sent that are no TLS at all.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

_READ = 64 * 1024


@dataclass
class Line:
    """One connection at the server. `data` is what the client said, decrypted; `hello` its first bytes, raw."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    tls: ssl.SSLObject | None = None
    incoming: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    outgoing: ssl.MemoryBIO = field(default_factory=ssl.MemoryBIO)
    hello: bytes = b""
    data: bytes = b""
    shaken: bool = False
    ended_well: bool = False

    async def shake(self, context: ssl.SSLContext) -> None:
        """The server's half of the handshake."""
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        await self._call(self.tls.do_handshake)
        self.shaken = True

    async def read(self) -> bytes:
        """What came next; nothing at the end."""
        data = await (self._call(self._read_tls) if self.tls else self.reader.read(_READ))
        self.data += data
        return data

    async def write(self, data: bytes) -> None:
        if self.tls:
            self.tls.write(data)
            data = self.outgoing.read()
        await self.write_raw(data)

    async def write_raw(self, data: bytes) -> None:
        """Send past TLS."""
        self.writer.write(data)
        await self.writer.drain()

    def _read_tls(self) -> bytes:
        assert self.tls
        data = self.tls.read(_READ)
        self.ended_well = not data
        return data

    async def _call(self, function: Callable[[], bytes | None]) -> bytes:
        while True:
            try:
                result = function()
            except ssl.SSLWantReadError:
                await self.write_raw(self.outgoing.read())
                await self._receive()
            except ssl.SSLError:
                await self.write_raw(self.outgoing.read())
                raise
            else:
                await self.write_raw(self.outgoing.read())
                return result or b""

    async def _receive(self) -> None:
        data = await self.reader.read(_READ)
        if not data:
            raise EOFError
        self.hello = self.hello or data
        self.incoming.write(data)


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition, within a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


Behaviour = Callable[[Line], Awaitable[None]]
Choice = Callable[[], ssl.SSLContext | None]


class Server:
    """Listens on a free port of `host`. `contexts` gives each connection its TLS; without it there is none."""

    def __init__(self, behave: Behaviour, contexts: Choice = lambda: None, host: str = "127.0.0.1") -> None:
        self.lines: list[Line] = []
        self.host = host
        self.port = 0
        self._behave = behave
        self._contexts = contexts
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await self.settled()
        await self._server.wait_closed()

    @property
    def heard(self) -> bytes:
        """Every byte of application data that ever arrived."""
        return b"".join(line.data for line in self.lines)

    async def settled(self) -> None:
        """Return once every connection so far has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        line = Line(reader, writer)
        self.lines.append(line)
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            await self._serve(line)
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _serve(self, line: Line) -> None:
        context = self._contexts()
        if context is not None:
            await line.shake(context)
        await self._behave(line)


def answer(status: str = "200 OK", headers: str = "", body: bytes = b"hello") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def answering(payload: bytes) -> Behaviour:
    """Answer each request, of which none has a body, with `payload`."""

    async def behave(line: Line) -> None:
        while await line.read():
            if line.data.endswith(b"\r\n\r\n"):
                await line.write(payload)

    return behave


def repeating(start: bytes, more: bytes, pause: float = 0.0) -> Behaviour:
    """Answer with `start`, then `more` for ever."""

    async def behave(line: Line) -> None:
        await line.read()
        await line.write(start)
        while True:
            await line.write(more)
            await asyncio.sleep(pause)

    return behave


async def silent(line: Line) -> None:
    """Read for ever."""
    while await line.read():
        pass


def saying(payload: bytes) -> Behaviour:
    """Send `payload` past TLS once something came, then hang up."""

    async def behave(line: Line) -> None:
        await line.read()
        await line.write_raw(payload)

    return behave


def presenting(context: ssl.SSLContext) -> Choice:
    """Present the same leaf on each connection."""
    return lambda: context


def in_turn(*contexts: ssl.SSLContext) -> Choice:
    """Present one leaf after the other, the last one for ever."""
    rest: Iterator[ssl.SSLContext] = iter(contexts)
    return lambda: next(rest, contexts[-1])
