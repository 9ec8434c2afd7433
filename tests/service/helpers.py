"""A small handler of commands, a server on it, and a client that knows nothing of ours but the lines."""

import asyncio
import json
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

from core.engine.board import Board
from core.model.caller import Caller
from core.model.device import Connection, DeviceView
from core.model.errors import UsageError
from core.model.messages import (
    AnyCommand,
    AnyResult,
    CancelInstall,
    Devices,
    Done,
    Event,
    ListDevices,
    ReadAuthority,
    Rescan,
    ShowDevice,
    Status,
)
from core.service.access import Access
from core.service.server import Server

DEADLINE = 10.0
NOBODY_ELSE = Access()


class Bench:
    """Does some commands in the ways that a server has to cope with."""

    def __init__(self) -> None:
        self.board = Board(lambda: Status(gateway="gw-test", version="0", pid=os.getpid()))
        self.handled: list[tuple[AnyCommand, Caller]] = []
        self.waiting = 0
        self.finished = 0
        self.gate = asyncio.Event()

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        self.handled.append((command, caller))
        match command:
            case ListDevices():
                return Devices(tuple(self.board.devices.values()))
            case Rescan():
                self.waiting += 1
                await self.gate.wait()
                self.finished += 1
            case ShowDevice():
                raise UsageError(f"No device {command.device}", "List them first.")
            case CancelInstall():
                work = asyncio.ensure_future(self.gate.wait())
                work.cancel()
                await work
            case ReadAuthority():
                raise ZeroDivisionError("not for the client's eyes")
        return Done()


class Lines:
    """A client made of a bare socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, path: Path) -> Self:
        return cls(*await asyncio.open_unix_connection(path, limit=8 * 1024 * 1024))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, message: bytes | dict[str, Any]) -> None:
        self.writer.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
        await self.writer.drain()

    async def request(self, seq: int, command: str, **fields: Any) -> None:
        await self.send({"type": "request", "seq": seq, "command": {"type": command, **fields}})

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(DEADLINE):
            message: dict[str, Any] = json.loads(await self.reader.readline())
        return message

    async def hello(self, **fields: Any) -> dict[str, Any]:
        await self.send({"type": "hello", "protocol": 1, **fields})
        return await self.receive()

    async def ended(self) -> bool:
        """Wait until the engine hangs up; tell whether nothing came before."""
        async with asyncio.timeout(DEADLINE):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:
                return True


class Serving:
    """A server on a bench, and where it listens."""

    def __init__(self, bench: Bench, server: Server, path: Path) -> None:
        self.bench = bench
        self.server = server
        self.path = path


@asynccontextmanager
async def serving(path: Path, access: Access = NOBODY_ELSE, *, hello_deadline: float = 5.0) -> AsyncIterator[Serving]:
    """Serve a bench on `path`, or on `engine.sock` where that is a folder."""
    path = path / "engine.sock" if path.is_dir() else path
    bench = Bench()
    server = Server(bench, bench.board, Path("/state/log/camtrust.jsonl"), access, hello_deadline=hello_deadline)
    await server.start(path)
    try:
        yield Serving(bench, server, path)
    finally:
        await server.close("the test is over")


async def until(condition: Callable[[], object], what: str) -> None:
    """Wait for a condition that other tasks of this loop or other processes bring about."""
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"never happened: {what}"
        await asyncio.sleep(0.005)


def view(number: int, name: str = "") -> DeviceView:
    return DeviceView(
        id=f"d{number:05}",
        name=name or f"Camera {number}",
        address=f"https://10.0.{number // 250}.{number % 250}",
        connection=Connection.ONLINE,
    )


def event(seq: int) -> Event:
    return Event(seq=seq, at="2026-11-24T07:00:00Z", who="camtrust", kind="note", text=f"event {seq}")


def bare_socket(path: Path) -> socket.socket:
    """Return a connected, blocking socket that nobody reads."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(os.fspath(path))
    return sock
