"""What a discovery source said about a device. Claims of an unauthenticated peer: they explain, they never prove."""

import msgspec


class Sighting(msgspec.Struct, frozen=True):
    """One announcement or answer, already cleaned.

    `address` is the source address of the datagram (rule R27), never what the device claims. `endpoint` is the
    device's own stable identity (`urn:uuid:…`), empty where the source has none. `ports` are (scheme, port) pairs and
    `path` the path of its device service, both taken from what it announced. `gone` marks a farewell.
    """

    source: str
    address: str
    interface: str
    endpoint: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    path: str = ""
    name: str = ""
    model: str = ""
    serial: str = ""
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
