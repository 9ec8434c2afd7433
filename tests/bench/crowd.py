"""Devices that all answer one question on the loopback interface, each from an address of its own."""

import re
import socket
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from tests.discovery.cameras import LOOPBACK, address
from tests.discovery.dns_answers import answer as dns_answer
from tests.discovery.messages import SCOPES, about, probe_matches
from tests.discovery.upnp_messages import answer as upnp_answer

WINDOW = 0.5
"""Seconds over which the answers are spread evenly."""

MDNS_TYPE = "_axis-video._tcp"

_MATCHES = "http://schemas.xmlsoap.org/ws/2005/04/discovery/ProbeMatches"
_MORE_SCOPES = " ".join(f"onvif://www.onvif.org/location/building-1/floor-{floor}" for floor in range(5))
_LARGEST_QUESTION = 65536
PATIENCE = 10.0
"""Seconds that the crowd waits for a question."""


class Protocol(NamedTuple):
    """Where a question is asked, how it is known, and what device `number` answers to it."""

    group: str
    mark: bytes
    answer: Callable[[int, bytes], bytes]


class Burst(NamedTuple):
    """When the answers began, on the monotonic clock of this machine, and the seconds until the last one was sent."""

    began: float
    took: float


class Crowd:
    """Hears the questions of one protocol at `port`, on the loopback interface only."""

    def __init__(self, protocol: Protocol, port: int) -> None:
        self._protocol = protocol
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._sock.bind((protocol.group, port))
        member = socket.inet_aton(protocol.group) + socket.inet_aton(LOOPBACK)
        self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def answer(self, count: int, patience: float = PATIENCE) -> Burst | None:
        """Answer the first question, once from each of `count` devices. Return None where nobody asks in time."""
        deadline = time.monotonic() + patience
        while (left := deadline - time.monotonic()) > 0:
            self._sock.settimeout(left)
            try:
                question, asker = self._sock.recvfrom(_LARGEST_QUESTION)
            except TimeoutError:
                break
            # Whoever else is on this machine gets no answer.
            if self._protocol.mark in question and asker[0] == LOOPBACK:
                return _send([self._protocol.answer(number, question) for number in range(count)], asker)
        return None


def _send(answers: Sequence[bytes], asker: tuple[str, int]) -> Burst:
    began = time.monotonic()
    for number, payload in enumerate(answers):
        if (early := began + WINDOW * number / len(answers) - time.monotonic()) > 0:
            time.sleep(early)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((address(number), 0))
            sock.sendto(payload, asker)
    return Burst(began, time.monotonic() - began)


def _probe_match(number: int, question: bytes) -> bytes:
    asked = re.search(rb"MessageID>([^<]*)<", question)
    header = (
        f"<a:MessageID>urn:uuid:00000000-0000-4000-9000-{number:012}</a:MessageID>"
        f"<a:RelatesTo>{asked[1].decode() if asked else ''}</a:RelatesTo><a:Action>{_MATCHES}</a:Action>"
        f'<d:AppSequence InstanceId="1" MessageNumber="{number}"/>'
    )
    endpoint = f"urn:uuid:00000000-0000-4000-8000-{number:012}"
    xaddrs = f"http://{address(number)}/onvif/device_service"
    return probe_matches(about(endpoint, xaddrs, f"{SCOPES} {_MORE_SCOPES}"), header=header)


def _service(number: int, _: bytes) -> bytes:
    return dns_answer((MDNS_TYPE, 80), label=f"Camera {number}")


def _root_device(number: int, _: bytes) -> bytes:
    return upnp_answer(location=None, udn=f"uuid:00000000-0000-4000-8000-{number:012}")


WS_DISCOVERY = Protocol("239.255.255.250", b":Probe>", _probe_match)
MDNS = Protocol("224.0.0.251", MDNS_TYPE.partition(".")[0].encode(), _service)
SSDP = Protocol("239.255.255.250", b"M-SEARCH", _root_device)
