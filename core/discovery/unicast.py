"""WS-Discovery where multicast does not get through: one address after the other is asked by itself."""

import logging
import socket
from collections.abc import Container

from wsdiscovery.actions.probe import constructProbe
from wsdiscovery.message import createSOAPMessage

from core.discovery.announcements import parse, to_sighting
from core.discovery.datagrams import Datagram, Inbox, UnreadableError
from core.discovery.sockets import numeric, open_asking
from core.discovery.source import Report
from core.discovery.ws_discovery import NAME, TYPES

_log = logging.getLogger(__name__)


class UnicastProbes:
    """Probes addresses at a UDP `port` and reports what answers; to be closed. Port 0 asks nobody.

    Only what comes from one of `asked` counts. A device answers a unicast probe as it does a multicast one
    (WS-Discovery, 5.2), so what it tells is told as by that source.
    """

    source = NAME

    def __init__(self, port: int, asked: Container[str], report: Report) -> None:
        self._port = port
        self._asked = asked
        self._report = report
        # The same for all: an id has to be new to each device only.
        self._messages = tuple(createSOAPMessage(constructProbe([kind], [])).encode() for kind in TYPES)
        self._inbox = Inbox(self._hear)
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}

    def probe(self, address: str) -> None:
        """Ask one address, without waiting for its answer."""
        if not self._port:
            return
        try:
            family, place = numeric(address, self._port)
            sock = self._sockets.get(family) or self._open(family)
            for message in self._messages:
                sock.sendto(message, place)
        except OSError as error:
            _log.debug("no probe to %s: %s", address, error)

    def close(self) -> None:
        """Hear nothing more."""
        self._inbox.close()

    def _open(self, family: socket.AddressFamily) -> socket.socket:
        sock = self._sockets[family] = open_asking(family)
        self._inbox.watch(sock, "")
        return sock

    def _hear(self, datagram: Datagram) -> bool:
        if datagram.address not in self._asked:
            return False
        try:
            announcements = parse(datagram.payload)
        except UnreadableError as error:
            _log.debug("dropped an answer of %s: %s", datagram.address, error)
            return False
        for announcement in announcements:
            self._report(to_sighting(announcement, datagram, NAME))
        return True
