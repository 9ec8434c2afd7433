"""Run inside an empty network namespace: what discovery does while addresses of the gateway go and come back."""

import asyncio
import fcntl
import resource
import socket
import struct

from core.discovery.ws_discovery import WsDiscovery
from core.model.sighting import Sighting
from tests.discovery.cameras import GROUP, Cameras, send, until
from tests.discovery.messages import GOOD, hello

OURS, CAMERA = "10.9.9.2", "127.77.0.7"
PORT = 3702
BOTH_FAIL = (
    f"cannot search from {OURS}: the gateway has no such address; "
    f"devices that start are not noticed at once on {OURS}: the gateway has no such address"
)
_SET_FLAGS, _SET_ADDRESS = 0x8914, 0x8916  # SIOCSIFFLAGS and SIOCSIFADDR, netdevice(7)


def configure(request: int, name: str, value: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, request, struct.pack("16s16s", name.encode(), value))


def switch(name: str, on: bool) -> None:
    configure(_SET_FLAGS, name, struct.pack("=h", on))


def give(name: str, address: str) -> None:
    configure(_SET_ADDRESS, name, struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(address)))


async def follow(source: WsDiscovery, heard: list[Sighting], problem: str) -> None:
    """The address is there, goes and comes back, and so do answers and Hellos."""
    for _ in range(2):
        give("lo:1", OURS)
        heard.clear()
        source.rescan()
        async with Cameras(PORT, lambda asker: send(GOOD, CAMERA, asker, OURS), OURS) as cameras:
            await until(lambda: bool(heard))
            heard.clear()
            await until(lambda: (source.next_scan() or 0) > 0)
            send(hello(), CAMERA, (GROUP, PORT), OURS)
            await until(lambda: bool(heard) and source.status().problem is None)
            assert cameras.probes
        switch("lo:1", False)
        source.rescan()
        await until(lambda: source.status().problem == problem)


async def notice(source: WsDiscovery, heard: list[Sighting]) -> None:
    """An address that comes is asked on within five seconds, though nobody asked for it and no round is near."""
    heard.clear()
    async with Cameras(PORT, lambda asker: send(GOOD, CAMERA, asker, OURS), OURS) as cameras:
        await until(lambda: bool(heard) and source.status().problem is None, 5)
        assert cameras.probes
        assert (source.next_scan() or 0) > 3000


async def come(source: WsDiscovery, heard: list[Sighting], problem: str) -> None:
    """The address is there, goes, and both are noticed without a rescan."""
    give("lo:1", OURS)
    await notice(source, heard)
    switch("lo:1", False)
    await until(lambda: source.status().problem == problem, 5)


async def live_without_files(source: WsDiscovery) -> None:
    """No more files can be opened for a while, so that not even the interfaces can be listed."""
    await until(lambda: (source.next_scan() or 0) > 0)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    source.rescan()
    await until(lambda: source.next_scan() == 0)
    await until(lambda: (source.next_scan() or 0) > 0)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def main() -> None:
    switch("lo", True)
    for interfaces, problem in (((OURS,), BOTH_FAIL), ((), "no network interface with an IPv4 address")):
        heard: list[Sighting] = []
        source = WsDiscovery(interfaces, period=3600, port=PORT)
        task = asyncio.create_task(source.run(heard.append))
        await live_without_files(source)
        await follow(source, heard, problem)
        if not interfaces:
            await come(source, heard, problem)
        task.cancel()
        await asyncio.wait([task])


asyncio.run(main())
