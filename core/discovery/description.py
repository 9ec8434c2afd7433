"""UPnP device descriptions of strangers, read without trusting them (UPnP Device Architecture 1.1, section 2.3)."""

from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat

from core.discovery.claims import parse_url
from core.discovery.datagrams import UnreadableError
from core.model.text import clean

LARGEST_DESCRIPTION = 64 * 1024
"""Bytes of the largest description that is read (rule R28)."""

_DEEPEST = 32
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
    if len(document) > LARGEST_DESCRIPTION:
        raise UnreadableError("too large")
    if b"<!DOCTYPE" in document:
        raise UnreadableError("a document type declaration")
    reader = _Reader()
    reader.read(document.decode("utf-8-sig", "replace").strip("\0 \t\r\n").encode())
    return _description(reader.root, reader.types, port)


class _Reader:
    """Walks through one description: `root` has the texts of the outermost device, `types` those of all."""

    def __init__(self) -> None:
        self.root: dict[str, str] = {}
        self.types: list[str] = []
        self._open: list[str] = []
        self._elements = 0
        self._text: list[str] | None = None

    def read(self, document: bytes) -> None:
        parser = expat.ParserCreate("utf-8", " ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_dtd
        try:
            parser.Parse(document, True)
        except expat.ExpatError as error:
            raise UnreadableError(f"no XML: {error}") from None
        if not self.types:
            raise UnreadableError("no description of a device")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > _MOST_ELEMENTS or len(self._open) >= _DEEPEST:
            raise UnreadableError("too many elements")
        local = name.rpartition(" ")[2]
        self._text = [] if self._open and (local in _TYPES or self._is_of_the_root(local)) else None
        self._open.append(local)

    def _is_of_the_root(self, local: str) -> bool:
        return local in _OF_THE_ROOT and self._open == ["root", "device"] and local not in self.root

    def _characters(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _end(self, name: str) -> None:
        local = self._open.pop()
        if self._text is None:
            return
        text = "".join(self._text)[:_LONGEST_TEXT].strip()
        self._text = None
        if local not in _TYPES:
            self.root[local] = text
        elif len(self.types) < _MOST_TYPES:
            self.types.append(clean(text, _LONGEST_NAME))


def _refuse_dtd(*_: object) -> None:
    raise UnreadableError("a document type declaration")


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
