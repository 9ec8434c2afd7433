"""SSDP: ask for UPnP devices, hear who comes and goes, and read how they describe themselves."""

import asyncio
import logging
import socket

from core.discovery.claims import Url
from core.discovery.datagrams import Datagram, UnreadableError
from core.discovery.description import LARGEST_DESCRIPTION, read_description
from core.discovery.fetch import fetch
from core.discovery.link import Group
from core.discovery.memory import Memory
from core.discovery.multicast import Multicast
from core.discovery.rate import RateLimit
from core.discovery.source import Report
from core.discovery.ssdp_messages import ROOT, read_message, search
from core.discovery.upnp import UpnpHost
from core.model.sighting import Sighting

NAME = "SSDP"
GROUP, GROUP6 = "239.255.255.250", "ff02::c"
PORT = 1900

# Axis answers its own type also where the rest of UPnP is off.
_TARGETS = (ROOT, "ssdp:all", "urn:axis-com:service:BasicService:1")
_ANSWER_WITHIN = 2
# One answer for each device and service, three times over at the start.
_BURST = 128
_ROUNDS_REMEMBERED = 3
_FETCHED_AT_ONCE = 8
_MOST_WAITING = 1024
_MOST_FETCHED_OF_ONE = 8

_log = logging.getLogger(__name__)


class Ssdp(Multicast):
    """Searches on each interface and listens for notices of arrival and farewell.

    What one address says in its messages adds up to one sighting. The first comes at once; another follows when the
    description was read, which is fetched only from the address that sent the message (rule R28): once for each place,
    and again where the device says that it changed or it could not be read, but at most 8 of one address in a `period`.
    """

    def __init__(self, interfaces: tuple[str, ...] = (), *, period: float = 60.0, port: int = PORT) -> None:
        group = Group(NAME, GROUP, GROUP6, port, _BURST)
        super().__init__(group, interfaces, period, questions=self._searches, read=self._take)
        remembered = _ROUNDS_REMEMBERED * period
        self._hosts = Memory(lambda: UpnpHost(remembered, period / 2), remembered)
        self._limit = RateLimit(_MOST_FETCHED_OF_ONE / period, _MOST_FETCHED_OF_ONE)
        self._slots = asyncio.Semaphore(_FETCHED_AT_ONCE)
        self._fetches: set[asyncio.Task[None]] = set()
        self._report: Report = lambda _: None

    async def run(self, report: Report) -> None:
        """Ask, listen and read descriptions until cancelled, calling `report` with each sighting."""
        self._report = report
        try:
            await super().run(report)
        finally:
            for task in self._fetches:
                task.cancel()
            await asyncio.gather(*self._fetches, return_exceptions=True)

    def _searches(self, family: socket.AddressFamily) -> list[bytes]:
        return [search(target, self._group.address(family), self._group.port, _ANSWER_WITHIN) for target in _TARGETS]

    def _take(self, datagram: Datagram) -> list[Sighting]:
        message = read_message(datagram.payload)
        if message is None:
            return []
        now = asyncio.get_running_loop().time()
        host = self._hosts.hear(datagram.address, now)
        place = host.learn(message, now)
        if place and len(self._fetches) < _MOST_WAITING and self._limit.allow(datagram.address, now):
            host.fetching(place, message.version, now)
            task = asyncio.create_task(self._describe(host, place, datagram))
            self._fetches.add(task)
            task.add_done_callback(self._fetches.discard)
        return [host.sighting(datagram, NAME)]

    async def _describe(self, host: UpnpHost, place: Url, datagram: Datagram) -> None:
        try:
            async with self._slots:
                document = await fetch(datagram.address, place, LARGEST_DESCRIPTION)
            description = read_description(document, place.port)
        except (OSError, UnreadableError) as error:
            _log.debug("no description from %s: %s", datagram.address, error)
            host.failed(place)
            self.count_dropped()
            return
        if host.describe(place, description) and self._hosts.get(datagram.address) is host:
            self._tell(host.sighting(datagram, NAME))

    def _tell(self, sighting: Sighting) -> None:
        try:
            self._report(sighting)
        except Exception:  # noqa: BLE001 - as for datagrams: one device may not end the hearing of all others
            _log.exception("what %s describes could not be taken in", sighting.address)
