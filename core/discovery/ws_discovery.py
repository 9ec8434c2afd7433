"""WS-Discovery: ask by multicast who is there, and hear who comes and goes (ONVIF Core, 7.3)."""

import socket
from collections.abc import Iterator

from wsdiscovery.actions.probe import constructProbe
from wsdiscovery.message import createSOAPMessage
from wsdiscovery.qname import QName

from core.discovery.announcements import parse, to_sighting
from core.discovery.datagrams import Datagram
from core.discovery.link import Group
from core.discovery.multicast import Multicast
from core.model.sighting import Sighting

NAME = "WS-Discovery"
GROUP, GROUP6 = "239.255.255.250", "ff02::c"
PORT = 3702

# Asked for one by one: a type list means "all of them", and each type has devices that know only that one.
TYPES = (
    QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter", "dn"),
    QName("http://www.onvif.org/ver10/device/wsdl", "Device", "tds"),
)


class WsDiscovery(Multicast):
    """Probes on each interface and listens for Hello and Bye.

    An answer counts whatever it relates to, as devices get that wrong; what one address may say is limited (rule R26).
    No proxy is ever followed (rule R24).
    """

    def __init__(self, interfaces: tuple[str, ...] = (), *, period: float = 60.0, port: int = PORT) -> None:
        super().__init__(Group(NAME, GROUP, GROUP6, port), interfaces, period, questions=_probes, read=_read)


def _probes(_: socket.AddressFamily) -> Iterator[bytes]:
    for kind in TYPES:
        # A message of its own each time: devices that remember ids would answer a repeated one only once.
        message: str = createSOAPMessage(constructProbe([kind], []))
        yield message.encode()


def _read(datagram: Datagram) -> list[Sighting]:
    return [to_sighting(announcement, datagram, NAME) for announcement in parse(datagram.payload)]
