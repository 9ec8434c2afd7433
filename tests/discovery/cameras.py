"""Cameras that hear probes on the loopback interface and answer from addresses of their own."""

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.discovery.source import Source
from core.model.sighting import Sighting

GROUP = "239.255.255.250"
LOOPBACK = "127.0.0.1"

Address = tuple[str, int]


def free_port() -> int:
    """A UDP port that nothing uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
        return port


def address(number: int) -> str:
    """The address of a camera."""
    return str(ipaddress.IPv4Address("127.77.0.1") + number)


def send(payload: bytes, source: str, to: Address, interface: str = LOOPBACK) -> None:
    """One datagram from an address of ours; a multicast leaves through `interface`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        sock.bind((source, 0))
        sock.sendto(payload, to)


@asynccontextmanager
async def running(source: Source, report: Callable[[Sighting], None]) -> AsyncIterator[None]:
    """A source that runs until the end of the block."""
    task = asyncio.create_task(source.run(report))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for a condition, within a deadline."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


class Cameras:
    """Whoever is asked: `probes` are the questions with `mark` heard, `on_probe` is told where each came from."""

    def __init__(
        self,
        port: int,
        on_probe: Callable[[Address], None] = lambda _: None,
        interface: str = LOOPBACK,
        group: str = GROUP,
        mark: bytes = b":Probe>",
    ) -> None:
        self.port = port
        self.group = group
        self._mark = mark
        self.probes: list[bytes] = []
        self._on_probe = on_probe
        self._interface = interface

    async def __aenter__(self) -> "Cameras":
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._sock.bind((self.group, self.port))
        member = socket.inet_aton(self.group) + socket.inet_aton(self._interface)
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._sock.setblocking(False)
        asyncio.get_running_loop().add_reader(self._sock, self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()

    def say(self, payload: bytes, source: str = "127.77.0.1") -> None:
        """Multicast to all who listen."""
        send(payload, source, (self.group, self.port), self._interface)

    def _hear(self) -> None:
        payload, asker = self._sock.recvfrom(65536)
        if self._mark in payload:
            self.probes.append(payload)
            self._on_probe(asker)
