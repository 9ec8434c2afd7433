"""What all multicast sources do: ask a group on each interface, and hear answers, arrivals and farewells."""

import asyncio
import logging
import random
import socket
from collections.abc import Callable, Collection, Iterable

from core.decide.interfaces import parse_interface
from core.discovery.datagrams import Datagram, Inbox, UnreadableError
from core.discovery.interfaces import Interface, present
from core.discovery.link import Group, Link, reason
from core.discovery.source import Report
from core.model.sighting import Sighting, SourceStatus

_REPEATS = 3
_SHORTEST_GAP, _LONGEST_GAP = 0.05, 0.25
# How soon an interface that comes is asked on; listing them costs a fraction of a millisecond.
_LOOK_EVERY = 3.0

_log = logging.getLogger(__name__)

Read = Callable[[Datagram], Iterable[Sighting]]
Questions = Callable[[socket.AddressFamily], Iterable[bytes]]


class Multicast:
    """A source that asks `group` on each interface and reads what it hears, over IPv4 and over IPv6.

    `interfaces` are local addresses, IPv6 ones with their zone; without any, all but the loopback are used. A round is
    the messages that `questions` returns, on each interface: three times over at the start, for a rescan and on an
    interface that comes, once each `period` (seconds) after that. `read` turns a datagram into sightings or raises
    `UnreadableError`. Raises `UsageError` for an interface that is no such address.
    """

    def __init__(
        self,
        group: Group,
        interfaces: tuple[str, ...],
        period: float,
        *,
        questions: Questions,
        read: Read,
    ) -> None:
        self.name = group.name
        self._group = group
        self._interfaces = tuple(map(parse_interface, interfaces))
        self._period = period
        self._questions = questions
        self._read = read
        self._links: dict[str, Link] = {}
        self._listing_problem: str | None = None
        self._inbox: Inbox | None = None
        self._asked = asyncio.Event()
        self._next_round: float | None = None
        self._heard = 0
        self._dropped = 0

    async def run(self, report: Report) -> None:
        """Ask and listen until cancelled, calling `report` with each sighting."""
        self._inbox = Inbox(lambda datagram: self._hear(datagram, report), burst=self._group.burst)
        repeats = _REPEATS
        try:
            while True:
                self._asked.clear()
                self._next_round = None
                self._open_links(self._inbox)
                await self._ask(self._links.keys(), repeats)
                repeats = _REPEATS if await self._pause(self._inbox) else 1
        finally:
            self._close()

    def rescan(self) -> None:
        """Ask the network again now, or right after the round that is under way."""
        self._asked.set()

    def status(self) -> SourceStatus:
        """Return the counters since the start, and what is wrong on which interface."""
        dropped = self._dropped + (self._inbox.dropped if self._inbox else 0)
        return SourceStatus(self.name, self._heard, dropped, self._problem())

    def next_scan(self) -> float | None:
        """Return the seconds until the next round; None while not running, 0 while asking."""
        if self._inbox is None:
            return None
        if self._next_round is None:
            return 0.0
        return max(0.0, self._next_round - asyncio.get_running_loop().time())

    def send(self, interface: str, messages: Iterable[bytes]) -> None:
        """Ask the group on one interface; what hinders it becomes the problem of that interface."""
        if interface in self._links:
            self._links[interface].send(messages)

    def count_dropped(self) -> None:
        """Count something unreadable that did not come as a datagram."""
        self._dropped += 1

    def _hear(self, datagram: Datagram, report: Report) -> bool:
        try:
            sightings = self._read(datagram)
        except UnreadableError as error:
            _log.debug("%s: dropped a datagram from %s: %s", self.name, datagram.address, error)
            return False
        for sighting in sightings:
            self._heard += 1
            report(sighting)
        return True

    async def _ask(self, interfaces: Collection[str], repeats: int) -> None:
        for repeat in range(repeats):
            if repeat:
                gap = random.uniform(_SHORTEST_GAP, _LONGEST_GAP)  # noqa: S311 - it spreads load and guards nothing
                await asyncio.sleep(gap)
            for link in [self._links[interface] for interface in interfaces]:
                link.send(self._questions(link.interface.family))

    async def _pause(self, inbox: Inbox) -> bool:
        """Wait for the next round, and ask on what comes meanwhile; tell whether somebody asked for the round."""
        loop = asyncio.get_running_loop()
        end = self._next_round = loop.time() + self._period
        while (left := end - loop.time()) > 0:
            try:
                async with asyncio.timeout(min(left, _LOOK_EVERY)):
                    await self._asked.wait()
                return True
            except TimeoutError:
                await self._ask(self._open_links(inbox), _REPEATS)
        return False

    def _open_links(self, inbox: Inbox) -> list[str]:
        """Fit the links to the interfaces that there are now; return those that can be asked on only since now."""
        wanted = self._present()
        for link in [link for link in self._links.values() if link.interface not in wanted]:
            link.close()
            del self._links[link.interface.name]
        links = [self._links.setdefault(one.name, Link(one, self._group, inbox)) for one in wanted]
        return [link.interface.name for link in links if link.open()]

    def _present(self) -> tuple[Interface, ...]:
        try:
            interfaces = present(self._interfaces)
        except OSError as error:
            why = reason(error, self._group.port)
            self._listing_problem = f"the network interfaces cannot be listed: {why}"
            return tuple(link.interface for link in self._links.values())
        self._listing_problem = None
        return interfaces

    def _close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
            self._dropped += self._inbox.dropped
        self._inbox = self._next_round = None
        self._links.clear()

    def _problem(self) -> str | None:
        problems = [self._listing_problem, self._no_ipv4()]
        for link in self._links.values():
            problems += link.problems
        return "; ".join(filter(None, problems)) or None

    def _no_ipv4(self) -> str | None:
        """Most cameras are found over IPv4 only, so that its lack is worth a word; hosts without IPv6 are usual."""
        families = {link.interface.family for link in self._links.values()}
        waits = self._inbox is not None and self._next_round is not None
        if self._interfaces or not waits or socket.AF_INET in families:
            return None
        return "no network interface with an IPv4 address"
