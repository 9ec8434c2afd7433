"""Run inside an empty network namespace: a device at a link-local address, which is one of its interface only."""

import asyncio
import fcntl
import socket
import struct

from core.network.look import look
from core.network.plain import speaks_http
from tests.network.leaves import new_leaf

_FLAGS, _UP = 0x8914, 1  # SIOCSIFFLAGS and IFF_UP, netdevice(7)
_ADDRESS = 0x8916  # SIOCSIFADDR, with a struct in6_ifreq
_INTERFACE, _HOST = "lo", "fe80::1"


def set_up() -> int:
    """Give the loopback interface a link-local address; return its index."""
    index = socket.if_nametoindex(_INTERFACE)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _FLAGS, struct.pack("16sh22x", _INTERFACE.encode(), _UP))
        fcntl.ioctl(sock, _ADDRESS, struct.pack("=16sIi", socket.inet_pton(socket.AF_INET6, _HOST), 64, index))
    return index


def listening(index: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    sock.bind((_HOST, 0, 0, index))
    return sock


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    writer.close()
    await writer.wait_closed()


async def main() -> None:
    index = set_up()
    leaf = new_leaf()
    async with (
        await asyncio.start_server(serve, sock=listening(index)) as plain,
        await asyncio.start_server(serve, sock=listening(index), ssl=leaf.context()) as secure,
    ):
        http, https = plain.sockets[0].getsockname()[1], secure.sockets[0].getsockname()[1]
        for zone in (_INTERFACE, str(index)):
            assert await speaks_http(f"{_HOST}%{zone}", http)
            assert (await look(f"{_HOST}%{zone}", https)).fingerprint == leaf.fingerprint
        assert not await speaks_http(_HOST, http)


if __name__ == "__main__":
    asyncio.run(main())
