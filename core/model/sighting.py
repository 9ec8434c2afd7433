"""What a discovery source said about a device. Claims of an unauthenticated peer: they explain, they never prove."""

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What a device says that it is."""

    CAMERA = "camera"
    UNKNOWN = "unknown"
    OTHER = "other"


class Sighting(msgspec.Struct, frozen=True):
    """One announcement or answer, already cleaned. Empty is what a source does not tell.

    `address` is the source address of the datagram (rule R27), never what the device claims. Identities are `endpoint`
    (WS-Discovery, `urn:uuid:…`), `udn` (UPnP), `mac` (`00:40:8c:…`, lower case), `serial`, and `key`, the fingerprint
    of the key in the leaf that it showed. `ports` are (scheme, port) pairs and `path` the path of its device service,
    both taken from what it announced. `gone` marks a farewell.
    """

    source: str
    address: str
    interface: str
    endpoint: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    path: str = ""
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    udn: str = ""
    mac: str = ""
    key: str = ""
    kind: Kind = Kind.UNKNOWN
    gone: bool = False


class SourceStatus(msgspec.Struct, frozen=True):
    """How one source is doing: answers heard, datagrams dropped as unreadable, and a problem in words if it has one.

    `devices` is of how many devices it tells now.
    """

    source: str
    heard: int = 0
    dropped: int = 0
    problem: str | None = None
    devices: int = 0
