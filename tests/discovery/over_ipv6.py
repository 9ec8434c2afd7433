"""Run inside an empty network namespace: what the sources do over IPv6, where there is no IPv4 at all."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from core.discovery.claims import Url
from core.discovery.fetch import fetch
from core.discovery.interfaces import Interface, present
from core.discovery.mdns import Mdns
from core.discovery.multicast import Multicast
from core.discovery.sockets import open_probing
from core.discovery.ssdp import Ssdp
from core.discovery.unicast import UnicastProbes
from core.discovery.ws_discovery import WsDiscovery
from core.model.sighting import Sighting
from core.simulator.settings import CameraSettings, MdnsService
from core.simulator.settings import Ssdp as SsdpSettings
from core.simulator.site import Site
from tests.discovery.cameras import running, until
from tests.discovery.messages import GOOD, about, hello
from tests.discovery.web_server import WebServer, ok
from tests.link_local import CABLE, CABLE_END, CAMERA, OURS, ip, plug_in, pull_out, set_up_loopback, set_up_system

GROUP = "ff02::c"
WS_DISCOVERY, MDNS, SSDP = 3702, 5353, 1900
NO_IPV4 = "no network interface with an IPv4 address"
GONE = (
    f"cannot search from {CABLE}: the gateway has no such address; "
    f"devices that start are not noticed at once on {CABLE}: the gateway has no such address"
)
STARTED = hello(about(scopes="onvif://www.onvif.org/name/Started"))
GATE = CameraSettings(
    name="Gate", host=CAMERA, mdns=(MdnsService("_https._tcp", "https"),), ssdp=SsdpSettings(path="/gate.xml")
)

Heard = list[Sighting]


async def asked(source: Multicast) -> None:
    await until(lambda: (source.next_scan() or 0) > 0)


async def find_hear_and_miss(source: Multicast, problem: str | None) -> None:
    """A camera is heard when it starts, answers when it is asked, and is missed when it goes."""
    heard: Heard = []
    async with running(source, heard.append):
        await asked(source)
        async with Site([GATE], WS_DISCOVERY, OURS, mdns_port=MDNS, ssdp_port=SSDP):
            await until(lambda: any(sighting.ports for sighting in heard))
            heard.clear()
            source.rescan()
            await until(lambda: any(sighting.ports and "Gate" in sighting.name for sighting in heard))
            heard.clear()
        await until(lambda: bool(heard) and heard[-1].gone)
    assert {(sighting.address, sighting.interface) for sighting in heard} == {(CAMERA, OURS)}
    assert (source.status().dropped, source.status().problem) == (0, problem), source.status()


class CableEnd:
    """A device at the other end of the cable, which hears probes and answers them."""

    def __init__(self) -> None:
        self.index = socket.if_nametoindex("there")
        self.probes = 0
        self._ear = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        member = socket.inet_pton(socket.AF_INET6, GROUP) + self.index.to_bytes(4, "little")
        self._ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        self._ear.bind((GROUP, WS_DISCOVERY, 0, self.index))

    def say(self, payload: bytes, to: tuple[str, int, int, int]) -> None:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, self.index)
            sock.bind((CABLE_END.partition("%")[0], 0, 0, self.index))
            sock.sendto(payload, to)

    def _hear(self) -> None:
        payload, asker = self._ear.recvfrom(65536)
        if b":Probe>" in payload:
            self.probes += 1
            self.say(GOOD, asker)

    @classmethod
    @asynccontextmanager
    async def opened(cls) -> AsyncIterator["CableEnd"]:
        end, loop = cls(), asyncio.get_running_loop()
        loop.add_reader(end._ear, end._hear)
        try:
            yield end
        finally:
            loop.remove_reader(end._ear)
            end._ear.close()


async def come_and_go(interfaces: tuple[str, ...], problem_without: str, problem_with: str | None) -> None:
    """An interface comes, goes and comes back under another number; it is asked by itself, and after a rescan."""
    heard: Heard = []

    def report(sighting: Sighting) -> None:
        if sighting.interface == CABLE:  # without a choice, the other end is one of ours, too
            heard.append(sighting)

    source = WsDiscovery(interfaces, period=3600)
    async with running(source, report):
        await asked(source)
        for by_itself in (True, False):
            assert source.status().problem == problem_without, source.status()
            heard.clear()
            plug_in()
            async with CableEnd.opened() as end:
                if not by_itself:
                    source.rescan()
                await until(lambda: bool(heard) and source.status().problem == problem_with)
                assert end.probes
                end.say(STARTED, (GROUP, WS_DISCOVERY, 0, end.index))
                await until(lambda: "Started" in {sighting.name for sighting in heard})
                assert {sighting.address for sighting in heard} == {CABLE_END}
            pull_out()
            source.rescan()
            await until(lambda: source.status().problem == problem_without)


async def wait_until_it_is_ours() -> None:
    """An address that somebody else may have is none of ours yet; it can be used as soon as it is one."""
    assert present() == ()  # of the loopback, none is taken that was not asked for
    plug_in(at_once=False)
    assert CABLE not in {interface.name for interface in present()}
    assert present((CABLE,)) == (Interface(CABLE),)
    await until(lambda: CABLE in {interface.name for interface in present()})
    open_probing(*present((CABLE,))).close()
    pull_out()


async def leave_out_ports_of_bridges() -> None:
    """What comes in there is heard on the bridge."""
    plug_in()
    assert {CABLE, CABLE_END.replace("here", "there")} <= {interface.name for interface in present()}
    ip("link add bridge type bridge")
    ip("link set here master bridge")
    assert CABLE not in {interface.name for interface in present()}
    assert present((CABLE,))[0].scope
    ip("link delete bridge")
    pull_out()


async def ask_one_by_one() -> None:
    """A probe of its own reaches a link-local address, and its answer counts for that."""
    heard: Heard = []
    probes = UnicastProbes(WS_DISCOVERY, {CAMERA}, heard.append)
    async with Site([GATE], WS_DISCOVERY, OURS):
        probes.probe(CAMERA)
        await until(lambda: bool(heard))
    probes.close()
    assert {(sighting.address, sighting.name) for sighting in heard} == {(CAMERA, "Gate")}


async def fetch_from_a_link_local_address() -> None:
    """The zone is needed to get there, and is nothing that the device is told."""
    async with WebServer({"/d.xml": ok(b"<a/>")}, CAMERA) as server:
        assert await fetch(CAMERA, Url("http", "[fe80::66]", server.port, "/d.xml"), 100) == b"<a/>"
    [request] = server.requests
    assert f"\r\nhost: [fe80::5]:{server.port}\r\n".encode() in request.lower()


async def main() -> None:
    set_up_loopback()
    set_up_system()
    sources: tuple[Callable[[tuple[str, ...]], Multicast], ...] = (WsDiscovery, Mdns, Ssdp)
    for source in sources:
        await find_hear_and_miss(source((OURS,)), None)
    await ask_one_by_one()
    await fetch_from_a_link_local_address()
    await wait_until_it_is_ours()
    await leave_out_ports_of_bridges()
    await come_and_go((CABLE,), GONE, None)
    await come_and_go((), NO_IPV4, NO_IPV4)


if __name__ == "__main__":
    asyncio.run(main())
