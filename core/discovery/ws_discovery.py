"""WS-Discovery: ask by multicast who is there, and hear who comes and goes (ONVIF Core, 7.3)."""

import asyncio
import errno
import ipaddress
import logging
import random
import socket
from dataclasses import dataclass

from wsdiscovery.actions.probe import constructProbe
from wsdiscovery.message import createSOAPMessage
from wsdiscovery.qname import QName

from core.discovery.announcements import UnreadableError, parse, to_sighting
from core.discovery.datagrams import Datagram, Inbox, aim, join, local_addresses, open_listening, open_probing
from core.discovery.source import Report
from core.model.errors import UsageError
from core.model.sighting import SourceStatus

GROUP = "239.255.255.250"
PORT = 3702

# Asked for one by one: a type list means "all of them", and each type has devices that know only that one.
_TYPES = (
    QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter", "dn"),
    QName("http://www.onvif.org/ver10/device/wsdl", "Device", "tds"),
)
_REPEATS = 3
_SHORTEST_GAP, _LONGEST_GAP = 0.05, 0.25

_log = logging.getLogger(__name__)


@dataclass
class _Link:
    """The sockets on one interface, and what is wrong with each of the two."""

    interface: str
    probing: socket.socket | None = None
    listening: socket.socket | None = None
    probing_problem: str | None = None
    listening_problem: str | None = None


class WsDiscovery:
    """Probes on each interface and listens for Hello and Bye.

    `interfaces` are local IPv4 addresses; without any, all but the loopback are used, and looked up again for each
    round. A round is two probes an interface: three times over at the start and for a rescan, once each `period`
    (seconds) after that. An answer counts whatever it relates to, as devices get that wrong; what one address may say
    is limited (rule R26). No proxy is ever followed (rule R24). Raises `UsageError` for what is no IPv4 address.
    """

    name = "WS-Discovery"

    def __init__(self, interfaces: tuple[str, ...] = (), *, period: float = 60.0, port: int = PORT) -> None:
        self._interfaces = tuple(_checked(interface) for interface in interfaces)
        self._period = period
        self._port = port
        self._links: dict[str, _Link] = {}
        self._inbox: Inbox | None = None
        self._asked = asyncio.Event()
        self._next_round: float | None = None
        self._heard = 0
        self._dropped_before = 0

    async def run(self, report: Report) -> None:
        """Probe and listen until cancelled, calling `report` with each sighting."""
        self._inbox = Inbox(lambda datagram: self._hear(datagram, report))
        repeats = _REPEATS
        try:
            while True:
                self._asked.clear()
                self._open_links(self._inbox)
                await self._probe(repeats)
                repeats = _REPEATS if await self._pause() else 1
        finally:
            self._close()

    def rescan(self) -> None:
        """Ask the network again now, or right after the round that is under way."""
        self._asked.set()

    def status(self) -> SourceStatus:
        """Return the counters since the start, and what is wrong on which interface."""
        dropped = self._dropped_before + (self._inbox.dropped if self._inbox else 0)
        return SourceStatus(self.name, self._heard, dropped, self._problem())

    def next_scan(self) -> float | None:
        """Return the seconds until the next round; None while not running, 0 while probing."""
        if self._inbox is None:
            return None
        if self._next_round is None:
            return 0.0
        return max(0.0, self._next_round - asyncio.get_running_loop().time())

    def _hear(self, datagram: Datagram, report: Report) -> bool:
        try:
            announcements = parse(datagram.payload)
        except UnreadableError as error:
            _log.debug("dropped a datagram from %s: %s", datagram.address, error)
            return False
        for announcement in announcements:
            self._heard += 1
            report(to_sighting(announcement, datagram, self.name))
        return True

    async def _probe(self, repeats: int) -> None:
        self._next_round = None
        for repeat in range(repeats):
            if repeat:
                gap = random.uniform(_SHORTEST_GAP, _LONGEST_GAP)  # noqa: S311 - it spreads load and guards nothing
                await asyncio.sleep(gap)
            for link in self._links.values():
                self._send_probes(link)

    def _send_probes(self, link: _Link) -> None:
        if link.probing is None:
            return
        try:
            for kind in _TYPES:
                # A message of its own each time: devices that remember ids would answer a repeated one only once.
                link.probing.sendto(_probe_message(kind), (GROUP, self._port))
            link.probing_problem = None
        except OSError as error:
            link.probing_problem = f"cannot search from {link.interface}: {_reason(error, self._port)}"

    async def _pause(self) -> bool:
        """Wait for the next round; tell whether somebody asked for it."""
        self._next_round = asyncio.get_running_loop().time() + self._period
        try:
            async with asyncio.timeout(self._period):
                await self._asked.wait()
        except TimeoutError:
            return False
        return True

    def _open_links(self, inbox: Inbox) -> None:
        wanted = self._interfaces or self._present()
        for interface in self._links.keys() - set(wanted):
            link = self._links.pop(interface)
            _close(inbox, link.probing)
            _close(inbox, link.listening)
        for interface in wanted:
            link = self._links.setdefault(interface, _Link(interface))
            self._open_probing(inbox, link)
            self._open_listening(inbox, link)

    def _present(self) -> tuple[str, ...]:
        try:
            return local_addresses()
        except OSError as error:
            _log.warning("the network interfaces cannot be listed: %s", error)
            return tuple(self._links)

    def _open_probing(self, inbox: Inbox, link: _Link) -> None:
        """Open the socket or see that it still fits its interface; what fails is tried anew in the next round."""
        try:
            if link.probing is None:
                link.probing = open_probing(link.interface)
                inbox.watch(link.probing, link.interface)
            else:
                aim(link.probing, link.interface)
        except OSError as error:
            _close(inbox, link.probing)
            link.probing = None
            link.probing_problem = f"cannot search from {link.interface}: {_reason(error, self._port)}"

    def _open_listening(self, inbox: Inbox, link: _Link) -> None:
        try:
            if link.listening is None:
                link.listening = open_listening(link.interface, GROUP, self._port)
                inbox.watch(link.listening, link.interface)
            else:
                join(link.listening, link.interface, GROUP)
            link.listening_problem = None
        except OSError as error:
            _close(inbox, link.listening)
            link.listening = None
            reason = _reason(error, self._port)
            link.listening_problem = f"devices that start are not noticed at once on {link.interface}: {reason}"

    def _close(self) -> None:
        if self._inbox is not None:
            self._inbox.close()
            self._dropped_before += self._inbox.dropped
        self._inbox = self._next_round = None
        self._links.clear()

    def _problem(self) -> str | None:
        if self._inbox is not None and self._next_round is not None and not self._links:
            return "no network interface with an IPv4 address"
        problems = (
            problem for link in self._links.values() for problem in (link.probing_problem, link.listening_problem)
        )
        return "; ".join(filter(None, problems)) or None


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


def _probe_message(kind: QName) -> bytes:
    message: str = createSOAPMessage(constructProbe([kind], []))
    return message.encode()


def _reason(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"another program holds UDP port {port}"
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV):
        return "the gateway has no such address"
    return (error.strerror or "unknown reason").lower()
