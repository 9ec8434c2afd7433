"""XML of strangers, walked through without trusting it (rules R21, R25)."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from xml.parsers import expat

from core.discovery.datagrams import UnreadableError

_DEEPEST = 32


class Handler(Protocol):
    """What is told of a document while it is walked through. `local` is a name without its prefix."""

    def start(self, namespace: str, local: str, around: Sequence[str]) -> None:
        """Take in that an element begins; `around` are those that it is in, outermost first."""

    def end(self, local: str) -> None:
        """Take in that it ends."""

    def text(self, data: str) -> None:
        """Take in what stands in it, in parts."""

    def prefix(self, prefix: str | None, uri: str | None) -> None:
        """Take in what a prefix means from now on, None for none."""


def walk(document: bytes, handler: Handler, *, largest: int, most_elements: int) -> None:
    """Walk through a document of at most `largest` bytes.

    Declared encodings are not honoured: a device with a mangled name is better than one that is not seen. Raises
    `UnreadableError`, and only that, for DTDs and whatever is too large, too deep or no XML.
    """
    if len(document) > largest:
        raise UnreadableError("too large")
    if b"<!DOCTYPE" in document:
        raise UnreadableError("a document type declaration")
    bounds = _Bounds(handler, most_elements)
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    parser.StartElementHandler = bounds.start
    parser.EndElementHandler = bounds.end
    parser.CharacterDataHandler = handler.text
    parser.StartNamespaceDeclHandler = handler.prefix
    parser.StartDoctypeDeclHandler = _refuse_dtd
    try:
        parser.Parse(document.decode("utf-8-sig", "replace").strip("\0 \t\r\n").encode(), True)
    except expat.ExpatError as error:
        raise UnreadableError(f"no XML: {error}") from None


class _Bounds:
    """Stands before a handler and keeps account of the elements."""

    def __init__(self, handler: Handler, most: int) -> None:
        self._handler = handler
        self._left = most
        self._open: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._left -= 1
        if self._left < 0 or len(self._open) >= _DEEPEST:
            raise UnreadableError("too many elements")
        namespace, _, local = name.rpartition(" ")
        self._handler.start(namespace, local, self._open)
        self._open.append(local)

    def end(self, name: str) -> None:
        self._handler.end(self._open.pop())


def _refuse_dtd(*_: object) -> None:
    raise UnreadableError("a document type declaration")
