"""Whoever looks for devices on loopback: asks a group, and hears what comes back and what is said to all."""

import asyncio
import socket
from dataclasses import dataclass, field

from core.simulator.responder import Responder
from tests.simulator.asking import until

LOOPBACK = "127.0.0.1"


@dataclass
class Hearing:
    """Raw datagrams with who sent them. With `as_peer` it asks from the group's port, as a responder does."""

    group: str
    port: int
    as_peer: bool = False
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    said: list[tuple[str, bytes]] = field(default_factory=list)

    async def __aenter__(self) -> "Hearing":
        self._asking = _udp()
        self._asking.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(LOOPBACK))
        self._asking.bind((LOOPBACK, self.port if self.as_peer else 0))
        self._hearing = _udp()
        self._hearing.bind((self.group, self.port))
        member = socket.inet_aton(self.group) + socket.inet_aton(LOOPBACK)
        self._hearing.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        self._own = self._asking.getsockname()
        for sock, heard in ((self._asking, self.answers), (self._hearing, self.said)):
            asyncio.get_running_loop().add_reader(sock, self._read, sock, heard)
        return self

    async def __aexit__(self, *_: object) -> None:
        for sock in (self._asking, self._hearing):
            asyncio.get_running_loop().remove_reader(sock)
            sock.close()

    def ask(self, payload: bytes, host: str = "") -> None:
        """Ask everybody, or one host."""
        self._asking.sendto(payload, (host or self.group, self.port))

    def _read(self, sock: socket.socket, heard: list[tuple[str, bytes]]) -> None:
        payload, sender = sock.recvfrom(65536)
        if sender != self._own:
            heard.append((sender[0], payload))


def _udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((LOOPBACK, 0))
        port: int = sock.getsockname()[1]
        return port


async def finished(responder: Responder | None, heard: list[tuple[str, bytes]]) -> None:
    """Wait until there is an answer and no other one will follow."""
    assert responder is not None
    await until(lambda: heard)
    await until(lambda: not responder.pending)
    # What was sent last is in the socket's buffer already, and read in the loop's next turns.
    for _ in range(3):
        await asyncio.sleep(0)
