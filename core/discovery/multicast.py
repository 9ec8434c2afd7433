"""What all multicast sources do: ask a group on each interface, and hear answers, arrivals and farewells."""

import asyncio
import errno
import ipaddress
import logging
import random
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from core.discovery.datagrams import (
    Datagram,
    Inbox,
    UnreadableError,
    aim,
    join,
    local_addresses,
    open_listening,
    open_probing,
)
from core.discovery.source import Report
from core.model.errors import UsageError
from core.model.sighting import Sighting, SourceStatus

_REPEATS = 3
_SHORTEST_GAP, _LONGEST_GAP = 0.05, 0.25
# How soon an interface that comes is asked on; listing them costs a fraction of a millisecond.
_LOOK_EVERY = 3.0
_BURST = 64

_log = logging.getLogger(__name__)

Read = Callable[[Datagram], Iterable[Sighting]]


@dataclass(frozen=True, slots=True)
class Group:
    """Where a protocol is spoken: its `name` for people, its multicast address, its UDP port.

    `burst` is how many datagrams of one sender are read at once, for protocols that answer in many.
    """

    name: str
    address: str
    port: int
    burst: int = _BURST


@dataclass
class _Link:
    """The sockets on one interface, and what is wrong with each of the two."""

    interface: str
    probing: socket.socket | None = None
    listening: socket.socket | None = None
    probing_problem: str | None = None
    listening_problem: str | None = None


class Multicast:
    """A source that asks `group` on each interface and reads what it hears.

    `interfaces` are local IPv4 addresses; without any, all but the loopback are used. A round is the messages that
    `questions` returns, on each interface: three times over at the start, for a rescan and on an interface that comes,
    once each `period` (seconds) after that. `read` turns a datagram into sightings or raises `UnreadableError`. Raises
    `UsageError` for an interface that is no IPv4 address.
    """

    def __init__(
        self,
        group: Group,
        interfaces: tuple[str, ...],
        period: float,
        *,
        questions: Callable[[], Iterable[bytes]],
        read: Read,
    ) -> None:
        self.name = group.name
        self._group = group
        self._interfaces = tuple(_checked(interface) for interface in interfaces)
        self._period = period
        self._questions = questions
        self._read = read
        self._links: dict[str, _Link] = {}
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
        link = self._links.get(interface)
        if link is None or link.probing is None:
            return
        try:
            for message in messages:
                link.probing.sendto(message, (self._group.address, self._group.port))
            link.probing_problem = None
        except OSError as error:
            link.probing_problem = self._no_search(link, error)

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
            for interface in interfaces:
                self.send(interface, self._questions())

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
        wanted = self._interfaces or self._present()
        for interface in self._links.keys() - set(wanted):
            link = self._links.pop(interface)
            _close(inbox, link.probing)
            _close(inbox, link.listening)
        came = []
        for interface in wanted:
            link = self._links.setdefault(interface, _Link(interface))
            before = link.probing
            self._open_probing(inbox, link)
            self._open_listening(inbox, link)
            if link.probing is not None and link.probing is not before:
                came.append(interface)
        return came

    def _present(self) -> tuple[str, ...]:
        try:
            present = local_addresses()
        except OSError as error:
            self._listing_problem = f"the network interfaces cannot be listed: {self._reason(error)}"
            return tuple(self._links)
        self._listing_problem = None
        return present

    def _open_probing(self, inbox: Inbox, link: _Link) -> None:
        """Open the socket or see that it still fits its interface; what fails is tried anew soon."""
        try:
            if link.probing is None:
                link.probing = open_probing(link.interface)
                inbox.watch(link.probing, link.interface)
            else:
                aim(link.probing, link.interface)
        except OSError as error:
            _close(inbox, link.probing)
            link.probing = None
            link.probing_problem = self._no_search(link, error)

    def _open_listening(self, inbox: Inbox, link: _Link) -> None:
        try:
            if link.listening is None:
                link.listening = open_listening(link.interface, self._group.address, self._group.port)
                inbox.watch(link.listening, link.interface)
            else:
                join(link.listening, link.interface, self._group.address)
            link.listening_problem = None
        except OSError as error:
            _close(inbox, link.listening)
            link.listening = None
            reason = self._reason(error)
            link.listening_problem = f"devices that start are not noticed at once on {link.interface}: {reason}"

    def _close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
            self._dropped += self._inbox.dropped
        self._inbox = self._next_round = None
        self._links.clear()

    def _problem(self) -> str | None:
        problems = [self._listing_problem]
        if self._inbox is not None and self._next_round is not None and not self._links:
            problems.append("no network interface with an IPv4 address")
        for link in self._links.values():
            problems += [link.probing_problem, link.listening_problem]
        return "; ".join(filter(None, problems)) or None

    def _no_search(self, link: _Link, error: OSError) -> str:
        return f"cannot search from {link.interface}: {self._reason(error)}"

    def _reason(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return f"another program holds UDP port {self._group.port}"
        if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
            return "the gateway has no such address"
        return (error.strerror or "unknown reason").lower()


def _close(inbox: Inbox, sock: socket.socket | None) -> None:
    if sock is not None:
        inbox.forget(sock)


def _checked(interface: str) -> str:
    try:
        return str(ipaddress.IPv4Address(interface))
    except ValueError:
        raise UsageError(
            f"'{interface}' is not an IPv4 address", "Name interfaces by one of their own addresses, such as 10.0.0.2."
        ) from None
