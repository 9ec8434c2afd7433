"""What the DNS-SD services of one address say about it, put together from several messages."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from core.decide.kinds import kind_of_services
from core.discovery.datagrams import Datagram
from core.discovery.dns_sd import PTR, SRV, TXT, Fact, Service
from core.model.sighting import Sighting
from core.model.text import clean

_MOST_SERVICES = 32
_MOST_PORTS = 8

# The scheme that the port of a service speaks, if any; those that name a device best come first.
_SCHEMES: dict[str, str] = {
    "_axis-video._tcp": "http",
    "_vapix-https._tcp": "https",
    "_vapix-http._tcp": "http",
    "_onvif._tcp": "http",
    "_CGI._tcp": "http",
    "_psia._tcp": "http",
    "_https._tcp": "https",
    "_http._tcp": "http",
    "_rtsp._tcp": "",
    "_ipp._tcp": "",
    "_ipps._tcp": "",
    "_printer._tcp": "",
    "_pdl-datastream._tcp": "",
    "_smb._tcp": "",
    "_afpovertcp._tcp": "",
    "_googlecast._tcp": "",
    "_airplay._tcp": "",
}
_BY_TYPE = {kind.lower(): scheme for kind, scheme in _SCHEMES.items()}
_RANK = {kind: rank for rank, kind in enumerate(_BY_TYPE)}
_AXIS = frozenset(("_axis-video._tcp", "_vapix-https._tcp", "_vapix-http._tcp"))

TYPES = tuple(_SCHEMES)
"""The types that are asked for: those of cameras, and those that tell what is none."""

KNOWN_TYPES = frozenset(_BY_TYPE)
"""The same in lower case."""


@dataclass(slots=True)
class _Known:
    """What is known of one service; `records` are the ones that came."""

    heard: float
    port: int = 0
    mac: str = ""
    records: int = 0


_RECORDS = {PTR: 1, SRV: 2, TXT: 4}


class Services:
    """The services of one address, at most 32, each forgotten `seconds` after the last word of it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._known: OrderedDict[Service, _Known] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, facts: Iterable[Fact], now: float) -> None:
        """Take in what one message says at `now` (monotonic seconds)."""
        for fact in facts:
            if fact.gone:
                self._forget(fact)
            else:
                self._note(fact, now)
        for service in [service for service, known in self._known.items() if now - known.heard > self._seconds]:
            del self._known[service]

    def incomplete(self) -> list[Service]:
        """Return the services whose port or texts did not come and would tell something."""
        return [service for service, known in self._known.items() if _wanted(service) & ~known.records]

    def sighting(self, datagram: Datagram, source: str) -> Sighting:
        """Return what is known; the address is that of the sender and no other (rule R27)."""
        ranked = sorted(self._known.items(), key=lambda item: (_RANK[item[0].type], item[0].label, item[1].port))
        kinds = [service.type for service, _ in ranked]
        return Sighting(
            source=source,
            address=datagram.address,
            interface=datagram.interface,
            ports=_ports((_BY_TYPE[service.type], known.port) for service, known in ranked),
            name=clean(ranked[0][0].label) if ranked else "",
            manufacturer="Axis" if _AXIS.intersection(kinds) else "",
            mac=next((known.mac for _, known in ranked if known.mac), ""),
            kind=kind_of_services(kinds),
            gone=not ranked,
        )

    def _note(self, fact: Fact, now: float) -> None:
        known = self._known.pop(fact.service, None) or _Known(now)
        self._known[fact.service] = known
        known.heard = now
        known.records |= _RECORDS[fact.record]
        if fact.record == SRV:
            known.port = fact.port
        elif fact.record == TXT:
            known.mac = fact.mac
        if len(self._known) > _MOST_SERVICES:
            self._known.popitem(last=False)

    def _forget(self, fact: Fact) -> None:
        # A changed text is announced as a farewell of the old one; only the service itself can leave.
        if fact.record in (PTR, SRV):
            self._known.pop(fact.service, None)


def _wanted(service: Service) -> int:
    scheme = _BY_TYPE[service.type]
    return (_RECORDS[SRV] if scheme else 0) | (_RECORDS[TXT] if service.type in _AXIS else 0)


def _ports(claims: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    usable = dict.fromkeys((scheme, port) for scheme, port in claims if scheme and port)
    return tuple(sorted(usable, key=lambda port: port[0] != "https"))[:_MOST_PORTS]
