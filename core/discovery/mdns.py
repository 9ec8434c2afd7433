"""mDNS: ask for the services that cameras and other things announce, and hear who comes and goes (RFC 6762)."""

import asyncio
from collections.abc import Iterable

from core.discovery.datagrams import Datagram
from core.discovery.dns_sd import Service, ask_for, browse, read_facts
from core.discovery.link import Group
from core.discovery.memory import Memory
from core.discovery.multicast import Multicast
from core.discovery.rate import RateLimit
from core.discovery.services import KNOWN_TYPES, TYPES, Services
from core.model.sighting import Sighting

NAME = "mDNS"
GROUP, GROUP6 = "224.0.0.251", "ff02::fb"
PORT = 5353

_ROUNDS_REMEMBERED = 3
_MOST_ASKED_OF_ONE = 32
_MOST_UNANSWERED = 512
_GATHERED_FOR = 0.05

_BROWSE = (browse(TYPES),)


class Mdns(Multicast):
    """Browses on each interface and listens for announcements and farewells.

    It asks from a port of its own, so that answers come to it alone (RFC 6762, 6.7). Whatever one address says in its
    messages adds up to one sighting. Ports and texts that an answer leaves out are asked for, once each `period` for a
    service, and no more than 32 of one address.
    """

    def __init__(self, interfaces: tuple[str, ...] = (), *, period: float = 60.0, port: int = PORT) -> None:
        group = Group(NAME, GROUP, GROUP6, port)
        super().__init__(group, interfaces, period, questions=lambda _: _BROWSE, read=self._take)
        remembered = _ROUNDS_REMEMBERED * period
        self._hosts = Memory(lambda: Services(remembered), remembered)
        self._asks_of_service = RateLimit(1 / period, 1)
        self._asks_of_address = RateLimit(_MOST_ASKED_OF_ONE / period, _MOST_ASKED_OF_ONE)
        self._unanswered: dict[tuple[str, str, Service], None] = {}

    def _take(self, datagram: Datagram) -> list[Sighting]:
        facts = read_facts(datagram.payload, KNOWN_TYPES)
        if not facts:
            return []
        now = asyncio.get_running_loop().time()
        services = self._hosts.hear(datagram.address, now)
        services.learn(facts, now)
        self._ask_for(services.incomplete(), datagram, now)
        return [services.sighting(datagram, NAME)]

    def _ask_for(self, services: Iterable[Service], datagram: Datagram, now: float) -> None:
        for service in services:
            if len(self._unanswered) >= _MOST_UNANSWERED:
                return
            once = self._asks_of_service.allow(f"{datagram.address} {service.type} {service.label}", now)
            if once and self._asks_of_address.allow(datagram.address, now):
                if not self._unanswered:
                    asyncio.get_running_loop().call_later(_GATHERED_FOR, self._send_unanswered)
                self._unanswered[datagram.interface, datagram.address, service] = None

    def _send_unanswered(self) -> None:
        unanswered, self._unanswered = self._unanswered, {}
        wanted: dict[str, list[Service]] = {}
        for interface, address, service in unanswered:
            # What an answer leaves out often comes in the next packet.
            services = self._hosts.get(address)
            if services and service in services.incomplete():
                wanted.setdefault(interface, []).append(service)
        for interface, missing in wanted.items():
            self.send(interface, ask_for(missing))
