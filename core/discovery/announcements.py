"""WS-Discovery messages of strangers, read without trusting them (WS-Discovery 2005/04 and 1.1; ONVIF Core, 7.3)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from core.decide.kinds import kind_of_discovered
from core.discovery.claims import Url, parse_url
from core.discovery.datagrams import LARGEST, Datagram, UnreadableError
from core.discovery.xml import walk
from core.model.sighting import Kind, Sighting
from core.model.text import clean

_DISCOVERY = frozenset(
    ("http://schemas.xmlsoap.org/ws/2005/04/discovery", "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01")
)
_ADDRESSING = frozenset(("http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://www.w3.org/2005/08/addressing"))
_SOAP = frozenset(("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"))

_ABOUT_A_DEVICE = frozenset(("ProbeMatch", "ResolveMatch", "Hello", "Bye"))
_OTHER_MESSAGES = frozenset(("Probe", "ProbeMatches", "Resolve", "ResolveMatches"))
_LISTS = frozenset(("Types", "Scopes", "XAddrs"))

_MOST_ELEMENTS = 512
_MOST_MATCHES = 32
_MOST_ITEMS = 64
_LONGEST_TEXT = 8192
_LONGEST_ENDPOINT = 128
_MOST_PORTS = 8

_SCOPE = re.compile(r"onvif://www\.onvif\.org/(name|hardware|serial)/(.+)", re.IGNORECASE | re.DOTALL)
_UUID = re.compile(r"(?:urn:)?(?:uuid:)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one message says about one device, its texts cleaned. `gone` marks a Bye."""

    endpoint: str = ""
    xaddrs: tuple[Url, ...] = ()
    name: str = ""
    model: str = ""
    serial: str = ""
    kind: Kind = Kind.UNKNOWN
    gone: bool = False


def parse(payload: bytes) -> list[Announcement]:
    """Return what a datagram says about devices; nothing for a Probe or a Resolve of somebody else.

    Missing headers are forgiven, as are wrong encodings. Raises `UnreadableError`, and only that, for SOAP faults, DTDs
    (rule R25) and whatever is too large, too deep or no XML.
    """
    return _Reader().read(payload)


def to_sighting(announcement: Announcement, datagram: Datagram, source: str) -> Sighting:
    """Return the sighting; where it came from is the datagram's sender and nothing else (rule R27)."""
    xaddrs = sorted(announcement.xaddrs, key=lambda xaddr: not xaddr.names(datagram.address))
    ports = dict.fromkeys((xaddr.scheme, xaddr.port) for xaddr in xaddrs)
    return Sighting(
        source=source,
        address=datagram.address,
        interface=datagram.interface,
        endpoint=announcement.endpoint,
        ports=tuple(ports)[:_MOST_PORTS],
        path=xaddrs[0].path if xaddrs else "",
        name=announcement.name,
        model=announcement.model,
        serial=announcement.serial,
        kind=announcement.kind,
        gone=announcement.gone,
    )


class _Reader:
    """Walks through one message. `_about` is set while inside an element that tells about a device."""

    def __init__(self) -> None:
        self._announcements: list[Announcement] = []
        self._namespaces: dict[str, str] = {}
        self._is_discovery = False
        self._about: dict[str, str] | None = None
        self._field: str | None = None
        self._text: list[str] = []

    def read(self, document: bytes) -> list[Announcement]:
        walk(document, self, largest=LARGEST, most_elements=_MOST_ELEMENTS)
        if not self._is_discovery:
            raise UnreadableError("no discovery message")
        return self._announcements

    def prefix(self, prefix: str | None, uri: str | None) -> None:
        self._namespaces[prefix or ""] = uri or ""

    def start(self, namespace: str, local: str, around: Sequence[str]) -> None:
        if local == "Fault" and namespace in _SOAP:
            raise UnreadableError("a fault")
        if namespace in _DISCOVERY:
            self._start_discovery(local)
        elif local == "Address" and namespace in _ADDRESSING and around[-1:] == ["EndpointReference"]:
            self._start_text("Address")

    def _start_discovery(self, local: str) -> None:
        self._is_discovery = self._is_discovery or local in _ABOUT_A_DEVICE or local in _OTHER_MESSAGES
        if local in _ABOUT_A_DEVICE:
            self._about = {}
        elif local in _LISTS:
            self._start_text(local)

    def _start_text(self, field: str) -> None:
        if self._about is not None and field not in self._about:
            self._field, self._text = field, []

    def text(self, data: str) -> None:
        if self._field:
            self._text.append(data)

    def end(self, local: str) -> None:
        if local == self._field and self._about is not None:
            self._about[local] = "".join(self._text)[:_LONGEST_TEXT]
            self._field = None
        elif local in _ABOUT_A_DEVICE and self._about is not None:
            self._finish(local, self._about)
            self._about = self._field = None

    def _finish(self, kind: str, said: Mapping[str, str]) -> None:
        if len(self._announcements) >= _MOST_MATCHES:
            raise UnreadableError("too many devices")
        self._announcements.append(_announcement(said, self._types(said), gone=kind == "Bye"))

    def _types(self, said: Mapping[str, str]) -> list[tuple[str, str]]:
        names = (item.rpartition(":") for item in _items(said.get("Types", "")))
        return [(self._namespaces.get(prefix, ""), name) for prefix, _, name in names]


def _announcement(said: Mapping[str, str], types: Iterable[tuple[str, str]], gone: bool) -> Announcement:
    scopes = _items(said.get("Scopes", ""))
    xaddrs = tuple(filter(None, map(parse_url, _items(said.get("XAddrs", "")))))
    named = _named(scopes)
    return Announcement(
        endpoint=_endpoint(said.get("Address", "").strip()),
        xaddrs=xaddrs,
        name=named.get("name", ""),
        model=named.get("hardware", ""),
        serial=named.get("serial", ""),
        kind=kind_of_discovered(types, scopes, ((xaddr.port, xaddr.path) for xaddr in xaddrs)),
        gone=gone,
    )


def _items(text: str) -> list[str]:
    return text.split(None, _MOST_ITEMS)[:_MOST_ITEMS]


def _endpoint(text: str) -> str:
    # Devices differ in case and prefix between their own messages; a UUID is the same in all of them (RFC 9562, 4).
    uuid = _UUID.fullmatch(text)
    return f"urn:uuid:{uuid[1].lower()}" if uuid else clean(text, _LONGEST_ENDPOINT)


def _named(items: Iterable[str]) -> dict[str, str]:
    scopes: dict[str, str] = {}
    for item in items:
        if match := _SCOPE.fullmatch(item):
            value = clean(unquote(match[2][:512], errors="replace"))
            scopes.setdefault(match[1].lower(), value)
    return scopes
