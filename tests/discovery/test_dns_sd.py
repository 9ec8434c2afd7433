import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from zeroconf import DNSIncoming  # type: ignore[attr-defined]

from core.discovery.datagrams import Datagram, UnreadableError
from core.discovery.dns_sd import PTR, SRV, TXT, Fact, Service, ask_for, browse, read_facts
from core.discovery.services import KNOWN_TYPES, TYPES, Services
from tests.discovery.dns_answers import ANSWER, BAD, CAMERA, IN, QUESTION, TTL, answer, name, raw

VIDEO, VAPIX = Service("_axis-video._tcp", "Front door"), Service("_vapix-https._tcp", "Front door")
MAC = "ac:cc:8e:01:23:45"


def facts(payload: bytes) -> list[Fact]:
    return read_facts(payload, KNOWN_TYPES)


def test_an_answer_tells_services_ports_and_the_mac_and_no_host() -> None:
    assert facts(CAMERA) == [
        Fact(VIDEO, PTR),
        Fact(VIDEO, SRV, port=80),
        Fact(VIDEO, TXT, mac=MAC),
        Fact(VAPIX, PTR),
        Fact(VAPIX, SRV, port=8443),
        Fact(VAPIX, TXT, mac=MAC),
    ]


def test_no_time_to_live_is_a_farewell() -> None:
    assert facts(answer(("_http._tcp", 80), ttl=0, only=(PTR,))) == [
        Fact(Service("_http._tcp", "Front door"), PTR, gone=True)
    ]


def test_types_are_one_in_any_case_and_labels_may_have_dots() -> None:
    for kind in ("_CGI._tcp", "_cgi._TCP"):
        [fact] = facts(answer((kind, 80), label="Door 2.1 west", only=(PTR,)))
        assert fact.service == Service("_cgi._tcp", "Door 2.1 west")


def test_ports_that_no_device_is_asked_at_are_none() -> None:
    for port in (0, 22, 445):
        assert facts(answer(("_http._tcp", port), only=(SRV,))) == [Fact(Service("_http._tcp", "Front door"), SRV)]


@pytest.mark.parametrize("kind", ["_workstation._tcp", "_http._udp", "_services._dns-sd._udp", "_tcp"])
def test_other_services_are_left_out(kind: str) -> None:
    assert facts(answer((kind, 80))) == []


def test_names_that_are_no_instances_are_left_out() -> None:
    rest = struct.pack("!HHIH", SRV, IN, TTL, 9) + struct.pack("!3H", 0, 0, 80) + name(b"h")
    for labels in ((b"_http", b"_tcp", b"local"), (b"a", b"_http", b"_tcp", b"com"), (b"local",), ()):
        assert facts(raw(name(*labels) + rest)) == []


def test_questions_of_others_are_no_answers() -> None:
    assert facts(browse(TYPES)) == facts(raw(b"", 0, QUESTION)) == []


@pytest.mark.parametrize("kind", BAD)
def test_what_is_bad_is_refused(kind: str) -> None:
    with pytest.raises(UnreadableError):
        facts(BAD[kind])


def test_of_a_message_that_is_cut_short_the_whole_records_are_read() -> None:
    assert facts(CAMERA[:-5]) == facts(CAMERA)[:-1]


@pytest.mark.parametrize(
    "text",
    [b"", b"\0", b"\xff", b"\x05mac", b"\x04mac=", b"\x10macaddress=xxxxx", b"\0" * 500, b"\x0fMac=00000000000"],
)
def test_texts_that_tell_no_mac_are_none(text: bytes) -> None:
    record = name(b"a", b"_http", b"_tcp", b"local") + struct.pack("!HHIH", TXT, IN, TTL, len(text)) + text
    assert facts(raw(record)) == [Fact(Service("_http._tcp", "a"), TXT)]


def test_no_more_facts_are_read_than_a_device_has() -> None:
    record = name(b"a", b"_http", b"_tcp", b"local") + struct.pack("!HHIH", TXT, IN, TTL, 1) + b"\0"
    assert len(facts(raw(record * 300, 300))) == 128


def test_browsing_asks_for_each_type_in_one_packet() -> None:
    payload = browse(TYPES)
    message = DNSIncoming(payload)
    assert message.valid and message.is_query() and len(payload) < 1400
    assert [(question.name, question.type, question.class_) for question in message.questions] == [
        (f"{kind}.local.", PTR, IN) for kind in TYPES
    ]


def test_what_is_missing_is_asked_for_in_packets_that_fit() -> None:
    services = [Service("_http._tcp", f"Camera {number}.1 " + "x" * 40) for number in range(40)]
    messages = list(ask_for([*services, Service("_http._tcp", "x" * 64)]))
    assert max(map(len, messages)) <= 1500 and len(messages) > 1
    questions = [question for payload in messages for question in DNSIncoming(payload).questions]
    assert [(question.name, question.type) for question in questions] == [
        (f"{service.label}._http._tcp.local.", record) for service in services for record in (SRV, TXT)
    ]
    assert b"\x0bDoor.2 west\x05_http" in next(ask_for([Service("_http._tcp", "Door.2 west")]))
    assert list(ask_for([])) == []


def check(payload: bytes) -> None:
    """Whatever comes in: facts that make a clean sighting, or the one error."""
    try:
        read = facts(payload)
    except UnreadableError:
        return
    services = Services(60)
    services.learn(read, 0)
    seen = services.sighting(Datagram(payload, "10.0.0.7", "10.0.0.1"), "mDNS")
    assert (seen.address, seen.interface) == ("10.0.0.7", "10.0.0.1")
    assert (seen.name + seen.mac + seen.manufacturer).isprintable() and len(seen.name) <= 64
    assert len(seen.ports) <= 8 and all(0 < port < 65536 for _, port in seen.ports)
    assert len(services) <= 32
    list(ask_for(services.incomplete()))


@given(st.binary(max_size=1000))
def test_any_bytes(payload: bytes) -> None:
    check(payload)
    check(raw(payload, 3))


@settings(max_examples=1000)
@given(st.lists(st.tuples(st.integers(0, len(CAMERA)), st.integers(0, 20), st.binary(max_size=12)), max_size=6))
def test_any_mutation_of_a_good_message(cuts: list[tuple[int, int, bytes]]) -> None:
    payload = CAMERA
    for start, length, patch in cuts:
        payload = payload[:start] + patch + payload[start + length :]
    check(payload)


@given(st.binary(min_size=1, max_size=63), st.binary(max_size=200))
def test_any_label_and_text(label: bytes, text: bytes) -> None:
    owner = name(label, b"_axis-video", b"_tcp", b"local")
    check(raw(owner + struct.pack("!HHIH", TXT, IN, TTL, len(text)) + text, flags=ANSWER))
