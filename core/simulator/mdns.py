"""mDNS as a responder speaks it: the services of a camera, by zeroconf's messages (RFC 6762, RFC 6763)."""

import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zeroconf import (  # type: ignore[attr-defined]
    DNSAddress,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
    const,
)

from core.simulator.responder import History
from core.simulator.settings import MdnsService
from core.simulator.standing import Standing

GROUP, GROUP6 = "224.0.0.251", "ff02::fb"
_SERVICES = "_services._dns-sd._udp.local."
# RFC 6762, 10: for what holds a host's name or address, and for the rest.
_SHORT, _LONG = 120, 4500
# RFC 6762, 6.7: who asks once does not notice what changes.
_LONGEST_LEGACY = 10
_RESPONSE = const._FLAGS_QR_RESPONSE | const._FLAGS_AA
_SHARED, _UNIQUE = const._CLASS_IN, const._CLASS_IN | const._CLASS_UNIQUE


@dataclass(frozen=True, slots=True)
class _Asked:
    """The questions of one message. `legacy` is a simple resolver that gets its own answer, as from any DNS server."""

    message: DNSIncoming
    legacy: bool

    @property
    def to_all(self) -> bool:
        return not self.legacy and not all(question.unicast for question in self.message.questions)

    def concerns(self, standing: Standing) -> bool:
        return bool(self._answers(standing))

    def answers(self, standing: Standing, _: History) -> Sequence[bytes]:
        found = self._answers(standing)
        names = {record.alias for record in found if isinstance(record, DNSPointer) and record.name != _SERVICES}
        more = [record for record in self._held(standing) if record not in found and _follows(record, found, names)]
        out = DNSOutgoing(_RESPONSE, multicast=not self.legacy, id_=self.message.id if self.legacy else 0)
        for question in self.message.questions if self.legacy else ():
            out.add_question(DNSQuestion(question.name, question.type, question.class_))
        for record in found:
            out.add_answer_at_time(record, 0)
        for record in more:
            out.add_additional_answer(record)
        return out.packets()

    def _held(self, standing: Standing) -> list[DNSRecord]:
        return records(standing, _LONGEST_LEGACY if self.legacy else _LONG)

    def _answers(self, standing: Standing) -> list[DNSRecord]:
        """Return the records that are asked for and that the asker does not have already (RFC 6762, 7.1)."""
        asked = [
            record for record in self._held(standing) if any(_answers(record, one) for one in self.message.questions)
        ]
        return [record for record in asked if self.legacy or not record.suppressed_by(self.message)]


class Mdns:
    """Multicast DNS on any UDP port."""

    group, group6 = GROUP, GROUP6
    hops = 255

    def spoken_by(self, standing: Standing) -> bool:
        """Tell whether a camera takes part."""
        return any(_services(standing))

    def question(self, payload: bytes, *, from_peer: bool) -> _Asked | None:
        """Return the questions in a datagram, None where there are none."""
        message = DNSIncoming(payload)
        if not message.valid or not message.is_query() or not message.questions:
            return None
        return _Asked(message, not from_peer)

    def hello(self, standing: Standing, _: History) -> Sequence[bytes]:
        """Return an announcement of everything (RFC 6762, 8.3)."""
        return _unasked(records(standing))

    def bye(self, standing: Standing, _: History) -> Sequence[bytes]:
        """Return a goodbye to everything (RFC 6762, 10.1)."""
        return _unasked(records(standing, 0))


def records(standing: Standing, longest: int = _LONG) -> list[DNSRecord]:
    """Return all that a camera has to say at one of its addresses, none of it valid for more than `longest` seconds."""
    short, long = min(_SHORT, longest), min(_LONG, longest)
    settings = standing.settings
    server = f"{settings.model}-{settings.mac_digits}.local.".lower().replace(" ", "-")
    told: list[DNSRecord] = []
    for service in _services(standing):
        kind = f"{service.type}.local."
        name = f"{_label(settings.name)} - {settings.mac_digits}.{kind}"
        port, text = standing.ports[service.protocol], _text(service, settings.mac_digits)
        told += [
            DNSPointer(_SERVICES, const._TYPE_PTR, _SHARED, long, kind),
            DNSPointer(kind, const._TYPE_PTR, _SHARED, long, name),
            DNSService(name, const._TYPE_SRV, _UNIQUE, short, 0, 0, port, server),
            DNSText(name, const._TYPE_TXT, _UNIQUE, long, text),
        ]
    return [*told, *(_address(server, short, host) for host in settings.hosts)]


def _address(server: str, seconds: int, host: str) -> DNSAddress:
    address = ipaddress.ip_address(host)
    kind = const._TYPE_A if address.version == 4 else const._TYPE_AAAA
    return DNSAddress(server, kind, _UNIQUE, seconds, address.packed)


def _services(standing: Standing) -> Iterator[MdnsService]:
    return (service for service in standing.settings.mdns if service.protocol in standing.ports)


def _label(name: str) -> str:
    """Return a name that fits before a MAC address in a label of 63 bytes, without what would end the label."""
    return name.replace(".", " ").encode()[:48].decode(errors="ignore")


def _text(service: MdnsService, mac: str) -> bytes:
    """Return a TXT record's content; one without anything is a single zero byte (RFC 6763, 6.1)."""
    pairs = [f"{key}={value.replace('{mac}', mac)}".encode() for key, value in service.txt.items()]
    return b"".join(bytes((len(pair),)) + pair for pair in pairs) or b"\0"


def _answers(record: DNSRecord, question: DNSQuestion) -> bool:
    return record.key == question.key and question.type in (record.type, const._TYPE_ANY)


def _follows(record: DNSRecord, found: Sequence[DNSRecord], names: set[str]) -> bool:
    """Tell whether who gets `found` will ask for the record next (RFC 6763, 12)."""
    if isinstance(record, DNSAddress):
        return bool(names) or any(isinstance(other, DNSService) for other in found)
    return record.name in names


def _unasked(told: Sequence[DNSRecord]) -> list[bytes]:
    out = DNSOutgoing(_RESPONSE, multicast=True)
    for record in told:
        out.add_answer_at_time(record, 0)
    return out.packets()
