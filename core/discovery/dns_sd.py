"""DNS-SD in mDNS messages: questions for services, and what strangers answer (RFC 6762, RFC 6763)."""

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from zeroconf import DNSIncoming, DNSPointer, DNSRecord, DNSService, DNSText  # type: ignore[attr-defined]

from core.discovery.claims import is_usable, mac_of
from core.discovery.datagrams import LARGEST, UnreadableError

PTR, TXT, SRV = 12, 16, 33

_IN = 1
_LONGEST_LABEL = 63
_LARGEST_QUESTION = 1400
_MOST_FACTS = 128
_MOST_TEXTS = 64
_MAC_KEYS = frozenset((b"macaddress", b"mac"))


class Service(NamedTuple):
    """One instance: its type, such as `_http._tcp`, in lower case, and its label as it came."""

    type: str
    label: str


class Fact(NamedTuple):
    """What one record says of a service. `record` is PTR, SRV or TXT; `gone` marks a farewell."""

    service: Service
    record: int
    port: int = 0
    mac: str = ""
    gone: bool = False


def read_facts(payload: bytes, types: Iterable[str]) -> list[Fact]:
    """Return what an answer says of services of these types, lower case; nothing for a question of somebody else.

    Hosts in records are not read (rule R20). Raises `UnreadableError`, and only that.
    """
    if len(payload) > LARGEST:
        raise UnreadableError("too large")
    message = DNSIncoming(payload)
    if not message.valid:
        raise UnreadableError("no DNS message")
    if message.is_query():
        return []
    known = frozenset(types)
    facts = (_fact(record, known) for record in message.answers()[:_MOST_FACTS])
    return [fact for fact in facts if fact is not None]


def browse(types: Iterable[str]) -> bytes:
    """Return one message that asks for all services of these types."""
    return _message([_question((*kind.split("."), "local"), PTR) for kind in types])


def ask_for(services: Iterable[Service]) -> Iterator[bytes]:
    """Return messages, each of which fits into a packet, that ask for port and texts of services.

    The instance is one label, dots and all, so the names are written here and not by a library that splits at dots.
    """
    batch: list[bytes] = []
    for service in services:
        labels = (service.label, *service.type.split("."), "local")
        if len(service.label.encode()) > _LONGEST_LABEL:
            continue
        questions = [_question(labels, record) for record in (SRV, TXT)]
        if sum(map(len, batch + questions)) > _LARGEST_QUESTION:
            yield _message(batch)
            batch = []
        batch += questions
    if batch:
        yield _message(batch)


def _message(questions: list[bytes]) -> bytes:
    return struct.pack("!6H", 0, 0, len(questions), 0, 0, 0) + b"".join(questions)


def _question(labels: Iterable[str], record: int) -> bytes:
    encoded = (label.encode() for label in labels)
    name = b"".join(bytes((len(label),)) + label for label in encoded)
    return name + b"\0" + struct.pack("!2H", record, _IN)


def _fact(record: DNSRecord, types: frozenset[str]) -> Fact | None:
    service = _service(record.alias if isinstance(record, DNSPointer) else record.name, types)
    if service is None:
        return None
    gone = record.ttl == 0
    if isinstance(record, DNSPointer):
        return Fact(service, PTR, gone=gone)
    if isinstance(record, DNSService):
        return Fact(service, SRV, port=record.port if is_usable(record.port) else 0, gone=gone)
    if isinstance(record, DNSText):
        return Fact(service, TXT, mac=_mac(record.text), gone=gone)
    return None


def _service(name: str, types: frozenset[str]) -> Service | None:
    label, *suffix = name.removesuffix(".").rsplit(".", 3)
    if len(suffix) < 3 or not label or suffix[2].lower() != "local":
        return None
    kind = f"{suffix[0]}.{suffix[1]}".lower()
    return Service(kind, label) if kind in types else None


def _mac(text: bytes) -> str:
    for item in _texts(text):
        key, _, value = item.partition(b"=")
        if key.lower() in _MAC_KEYS and (mac := mac_of(value.decode("ascii", "replace"))):
            return mac
    return ""


def _texts(text: bytes) -> Iterator[bytes]:
    start = 0
    for _ in range(_MOST_TEXTS):
        if start >= len(text):
            return
        end = start + 1 + text[start]
        yield text[start + 1 : end]
        start = end
