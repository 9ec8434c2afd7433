"""Ways to hear a burst of answers. `python -m tests.bench.hearers CPU NAME PORT COUNT` is one of them, on one CPU."""

import asyncio
import ipaddress
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from typing import Any, NamedTuple

from wsdiscovery import threaded
from wsdiscovery.discovery import ThreadedWSDiscovery
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

from core.discovery.mdns import Mdns
from core.discovery.source import Source
from core.discovery.ssdp import Ssdp
from core.discovery.ws_discovery import TYPES, WsDiscovery
from tests.bench.crowd import MDNS, MDNS_TYPE, SSDP, WS_DISCOVERY, Protocol
from tests.discovery.cameras import LOOPBACK, running

WAIT = 8.0
"""Seconds until what is missing counts as lost."""


class Heard(NamedTuple):
    """When each device was heard first, on the monotonic clock; `dropped` is None where a way does not count that."""

    times: list[float]
    dropped: int | None = None


class Hearer(NamedTuple):
    """A way to hear `hear(port, count)` answers. `port` is None where any will do; `everywhere` where it binds to all
    interfaces of the machine, whatever it is told."""

    name: str
    protocol: Protocol
    hear: Callable[[int, int], Heard]
    port: int | None = None
    everywhere: bool = False

    @property
    def ours(self) -> bool:
        """Whether the gate holds it to hear everything."""
        return self.port is None


class Log:
    """The time at which each of `count` devices was first heard; `full` is called when there are that many."""

    def __init__(self, count: int, full: Callable[[], None]) -> None:
        self._count = count
        self._full = full
        self._times: dict[str, float] = {}

    def hear(self, device: str) -> None:
        self._times.setdefault(device, time.monotonic())
        if len(self._times) == self._count:
            self._full()

    def heard(self, dropped: int | None = None) -> Heard:
        return Heard(sorted(self._times.values()), dropped)


def _ours(source: Callable[..., Source], port: int, count: int) -> Heard:
    return asyncio.run(_hear_ours(source((LOOPBACK,), period=3600, port=port), count))


async def _hear_ours(source: Source, count: int) -> Heard:
    full = asyncio.Event()
    log = Log(count, full.set)
    async with running(source, lambda sighting: log.hear(sighting.address)):
        await _wait(full)
        return log.heard(source.status().dropped)


async def _wait(full: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(full.wait(), WAIT)
    except TimeoutError:
        return  # the times tell what is missing


def _threads(_: int, count: int) -> Heard:
    # The package leaves out loopback interfaces. This is all that is changed.
    threaded._getNetworkAddrs = lambda family: [ipaddress.IPv4Address(LOOPBACK)] if family == socket.AF_INET else []
    full = threading.Event()
    log = Log(count, full.set)
    client = ThreadedWSDiscovery()
    add = client._addRemoteService

    def add_and_log(service: Any) -> None:
        add(service)
        log.hear(service.getEPR())

    client._addRemoteService = add_and_log
    client.start()
    client.searchServices(types=[TYPES[0]], timeout=0)
    full.wait(WAIT)
    return log.heard()


def _browser(_: int, count: int) -> Heard:
    return asyncio.run(_browse(count))


async def _browse(count: int) -> Heard:
    full = asyncio.Event()
    log = Log(count, full.set)

    def on_change(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Added:
            log.hear(name)

    async with AsyncZeroconf(interfaces=[LOOPBACK], ip_version=IPVersion.V4Only) as zeroconf:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, f"{MDNS_TYPE}.local.", handlers=[on_change])
        await _wait(full)
        await browser.async_cancel()
        return log.heard()


HEARERS = (
    Hearer("camtrust, WS-Discovery", WS_DISCOVERY, partial(_ours, WsDiscovery)),
    Hearer(f"wsdiscovery {version('wsdiscovery')}, its threads", WS_DISCOVERY, _threads, 3702, everywhere=True),
    Hearer("camtrust, mDNS", MDNS, partial(_ours, Mdns)),
    Hearer(f"zeroconf {version('zeroconf')}, its browser", MDNS, _browser, 5353),
    Hearer("camtrust, SSDP", SSDP, partial(_ours, Ssdp)),
)


def main(cpu: int, name: str, port: int, count: int) -> None:
    os.sched_setaffinity(0, {cpu})
    ways: Mapping[str, Hearer] = {hearer.name: hearer for hearer in HEARERS}
    print(json.dumps(ways[name].hear(port, count)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
