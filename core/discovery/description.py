"""UPnP device descriptions of strangers, read without trusting them (UPnP Device Architecture 1.1, section 2.3)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.discovery.claims import parse_url
from core.discovery.datagrams import UnreadableError
from core.discovery.xml import walk
from core.model.text import clean

LARGEST_DESCRIPTION = 64 * 1024
"""Bytes of the largest description that is read (rule R28)."""

_MOST_ELEMENTS = 2048
_MOST_TYPES = 64
_LONGEST_TEXT = 1024
_LONGEST_NAME = 128

_TYPES = frozenset(("deviceType", "serviceType"))
_OF_THE_ROOT = frozenset(
    (
        "friendlyName",
        "manufacturer",
        "modelDescription",
        "modelName",
        "modelNumber",
        "serialNumber",
        "UDN",
        "presentationURL",
    )
)


class Description(NamedTuple):
    """What a device says of itself, its texts cleaned. `ports` is that of its web pages, a (scheme, port) pair.

    `types` are those of all its devices and services, `words` what its model is said to be, in no fixed form.
    """

    name: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    udn: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    types: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def read_description(document: bytes, port: int) -> Description:
    """Return what a description says; `port` is where it came from, as addresses in it may leave that out.

    Raises `UnreadableError`, and only that, for DTDs (rule R25) and whatever is too large, too deep or no XML.
    """
    reader = _Reader()
    reader.read(document)
    return _description(reader.root, reader.types, port)


class _Reader:
    """Walks through one description: `root` has the texts of the outermost device, `types` those of all."""

    def __init__(self) -> None:
        self.root: dict[str, str] = {}
        self.types: list[str] = []
        self._text: list[str] | None = None

    def read(self, document: bytes) -> None:
        walk(document, self, largest=LARGEST_DESCRIPTION, most_elements=_MOST_ELEMENTS)
        if not self.types:
            raise UnreadableError("no description of a device")

    def prefix(self, prefix: str | None, uri: str | None) -> None:
        pass

    def start(self, namespace: str, local: str, around: Sequence[str]) -> None:
        is_type = local in _TYPES and bool(around)
        is_of_the_root = local in _OF_THE_ROOT and around == ["root", "device"] and local not in self.root
        self._text = [] if is_type or is_of_the_root else None

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, local: str) -> None:
        if self._text is None:
            return
        text = "".join(self._text)[:_LONGEST_TEXT].strip()
        self._text = None
        if local not in _TYPES:
            self.root[local] = text
        elif len(self.types) < _MOST_TYPES:
            self.types.append(clean(text, _LONGEST_NAME))


def _description(root: Mapping[str, str], types: list[str], port: int) -> Description:
    def text(name: str) -> str:
        return clean(root.get(name, ""))

    return Description(
        name=text("friendlyName"),
        manufacturer=text("manufacturer"),
        model=text("modelName") or text("modelNumber"),
        serial=text("serialNumber"),
        udn=clean(root.get("UDN", "").lower(), _LONGEST_NAME),
        ports=_ports(root.get("presentationURL", ""), port),
        types=tuple(types),
        words=tuple(clean(root.get(name, ""), _LONGEST_NAME) for name in ("modelDescription", "modelName")),
    )


def _ports(presentation: str, port: int) -> tuple[tuple[str, int], ...]:
    if not presentation:
        return ()
    if "://" not in presentation:
        return (("http", port),)
    url = parse_url(presentation)
    return ((url.scheme, url.port),) if url else ()
