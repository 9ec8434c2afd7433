"""Services that are looked for by real mDNS on loopback; the messages are made and read by hand."""

import socket

import pytest
from zeroconf import (  # type: ignore[attr-defined]
    DNSAddress,
    DNSIncoming,
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    DNSRecord,
    DNSService,
    DNSText,
)

from core.simulator import bystanders
from core.simulator.mdns import GROUP
from core.simulator.settings import CameraSettings, MdnsService, Timing
from core.simulator.site import Site
from tests.simulator.asking import Client, until
from tests.simulator.hearing import Hearing, finished, free_port
from tests.simulator.test_restart import protocols

PTR, A, TXT, SRV, ANY = 12, 1, 16, 33, 255
IN, FLUSH = 1, 0x8000
HTTPS = "_https._tcp.local."
CAMERAS = "_axis-video._tcp.local."
SERVICES = (
    MdnsService("_axis-video._tcp", "http", {"macaddress": "{mac}"}),
    MdnsService("_https._tcp", "https"),
    MdnsService("_rtsp._tcp", "rtsp"),
)
TWO = (
    CameraSettings(name="Lobby", host="127.78.20.1", serial="00A1B2C30001", rtsp_port=554, mdns=SERVICES),
    CameraSettings(name="Gate", host="127.78.20.2", serial="odd one", https_port=None, mdns=SERVICES[:2]),
)
LOBBY, GATE = "127.78.20.1", "127.78.20.2"


def query(*questions: DNSQuestion, number: int = 0, known: DNSRecord | None = None) -> bytes:
    # Only multicast messages have the bit that asks for an answer of one's own.
    out = DNSOutgoing(0, multicast=not number, id_=number)
    for question in questions:
        out.add_question(question)
    if known is not None:
        out.add_answer_at_time(known, 0)
    [packet] = out.packets()
    return packet


def one(name: str, kind: int = PTR, *, unicast: bool = False) -> DNSQuestion:
    return DNSQuestion(name, kind, IN | (FLUSH if unicast else 0))


def read(payload: bytes) -> DNSIncoming:
    message = DNSIncoming(payload)
    assert message.valid
    assert message.is_response()
    return message


def found(message: DNSIncoming, kind: type[DNSRecord]) -> list[DNSRecord]:
    return [record for record in message.answers() if isinstance(record, kind)]


async def test_a_simple_resolver_gets_an_answer_of_its_own_from_each_camera_s_own_address() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(TWO, mdns_port=port) as site:
        before = len(hearing.said)
        hearing.ask(query(one(CAMERAS), number=77))
        await until(lambda: len(hearing.answers) == 2)
        answers = {sender: read(payload) for sender, payload in hearing.answers}
        assert set(answers) == {LOBBY, GATE}
        lobby = answers[LOBBY]
        assert lobby.id == 77
        assert [(question.name, question.type) for question in lobby.questions] == [(CAMERAS, PTR)]
        assert all(record.ttl <= 10 and not record.unique for record in lobby.answers())
        [service] = found(lobby, DNSService)
        assert isinstance(service, DNSService)
        assert service.port == site.cameras[0].http_port
        assert [record.text for record in found(lobby, DNSText) if isinstance(record, DNSText)] == [
            b"\x17macaddress=00A1B2C30001"
        ]
        addresses = [record.address for record in found(lobby, DNSAddress) if isinstance(record, DNSAddress)]
        assert addresses == [socket.inet_aton(LOBBY)]
        assert len(hearing.said) - before <= 2, "only what was announced at the start is said to all"


async def test_a_peer_gets_its_answer_with_everybody_unless_it_asks_for_its_own() -> None:
    port = free_port()
    async with Site(TWO, mdns_port=port) as site, Hearing(GROUP, port, as_peer=True) as hearing:
        hearing.ask(query(one(CAMERAS), number=78))
        await until(lambda: len(hearing.said) == 2)
        for _, payload in hearing.said:
            message = read(payload)
            assert (message.id, message.questions) == (0, [])
            assert all(record.ttl > 10 for record in message.answers())
            assert all(record.unique for record in found(message, DNSService))
        assert hearing.answers == []
        hearing.ask(query(one(CAMERAS, unicast=True)))
        await until(lambda: len(hearing.answers) == 2)
        await finished(site.mdns, hearing.answers)
        assert len(hearing.said) == 2


@pytest.mark.parametrize(
    ("kind", "record"), [(SRV, DNSService), (TXT, DNSText), (ANY, DNSService)], ids=["SRV", "TXT", "everything"]
)
async def test_what_an_answer_named_can_be_asked_for_by_itself(kind: int, record: type[DNSRecord]) -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(TWO, mdns_port=port) as site:
        name = f"Lobby - 00A1B2C30001.{HTTPS}"
        hearing.ask(query(one(name.upper(), kind)))
        await finished(site.mdns, hearing.answers)
        [(sender, payload)] = hearing.answers
        assert sender == LOBBY
        assert [answer.name for answer in found(read(payload), record)] == [name]
        assert len(found(read(payload), DNSAddress)) == (0 if kind == TXT else 1)


async def test_a_host_s_name_has_its_address_and_a_browser_of_types_gets_all_of_them() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(TWO, mdns_port=port):
        hearing.ask(query(one("mx-2240-v-00a1b2c30001.local.", A)))
        await until(lambda: hearing.answers)
        [address] = read(hearing.answers.pop()[1]).answers()
        assert isinstance(address, DNSAddress)
        assert address.address == socket.inet_aton(LOBBY)
        hearing.ask(query(one("_services._dns-sd._udp.local.")), LOBBY)
        await until(lambda: hearing.answers)
        kinds = [
            record.alias for record in found(read(hearing.answers[0][1]), DNSPointer) if isinstance(record, DNSPointer)
        ]
        assert kinds == [CAMERAS, HTTPS, "_rtsp._tcp.local."]


async def test_a_long_name_with_dots_in_it_is_one_label_all_the_same() -> None:
    port = free_port()
    settings = CameraSettings(name="Büro 2.1, " * 9, host=LOBBY, mdns=SERVICES)
    async with Hearing(GROUP, port) as hearing, Site([settings], mdns_port=port):
        hearing.ask(query(one(HTTPS)))
        await until(lambda: hearing.answers)
        [pointer] = found(read(hearing.answers[0][1]), DNSPointer)
        assert isinstance(pointer, DNSPointer)
        assert pointer.alias.startswith("Büro 2 1, Büro 2 1, ")
        assert pointer.alias.endswith(f" - 00A1B2C30001.{HTTPS}")


async def test_only_the_camera_that_was_asked_at_its_address_answers() -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(TWO, mdns_port=port) as site:
        hearing.ask(query(one(CAMERAS)), GATE)
        await finished(site.mdns, hearing.answers)
        assert [sender for sender, _ in hearing.answers] == [GATE]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\0" * 11,
        b"\0\0\x84\0" + query(one(HTTPS))[4:],
        query(one(HTTPS))[:-3],
        b"\0\0\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\x0c\0\1",
        query(one("_ipp._tcp.local.")),
    ],
    ids=["nothing", "half a header", "an answer", "cut off", "a loop", "something else"],
)
async def test_what_cannot_be_answered_is_not_and_the_next_question_is(payload: bytes) -> None:
    port = free_port()
    async with Hearing(GROUP, port) as hearing, Site(TWO, mdns_port=port) as site:
        hearing.ask(payload)
        hearing.ask(query(one(HTTPS), number=5))
        await finished(site.mdns, hearing.answers)
        assert [(sender, read(answer).id) for sender, answer in hearing.answers] == [(LOBBY, 5)]


async def test_a_peer_is_not_told_what_it_knows_already() -> None:
    port = free_port()
    async with Site(TWO, mdns_port=port) as site, Hearing(GROUP, port, as_peer=True) as hearing:
        known = DNSPointer(CAMERAS, PTR, IN, 4500, f"Lobby - 00A1B2C30001.{CAMERAS}")
        hearing.ask(query(one(CAMERAS), known=known))
        await finished(site.mdns, hearing.said)
        assert [sender for sender, _ in hearing.said] == [GATE]


async def test_cameras_announce_themselves_at_each_start_and_say_goodbye_at_the_end() -> None:
    port = free_port()
    settings = [CameraSettings(host=LOBBY, mdns=SERVICES, timing=Timing(boot=0.02)), CameraSettings(host=GATE)]
    async with Hearing(GROUP, port) as hearing:
        async with Site(settings, mdns_port=port) as site:
            await until(lambda: len(hearing.said) == 1)
            await site.cameras[0].power_cut()
            await until(lambda: len(hearing.said) == 2)
        await until(lambda: len(hearing.said) == 3)
    assert {sender for sender, _ in hearing.said} == {LOBBY}
    announced, again, goodbye = (read(payload).answers() for _, payload in hearing.said)
    assert [record.ttl for record in goodbye] == [0] * len(announced)
    for records in (announced, again, goodbye):
        assert {(record.name, record.type) for record in records} >= {(CAMERAS, PTR), (HTTPS, PTR)}
    assert all(record.ttl > 10 for record in announced)


async def test_a_service_is_announced_only_while_its_protocol_is_on() -> None:
    port = free_port()
    settings = CameraSettings(host=LOBBY, mdns=SERVICES, https_enabled=False, timing=Timing(switch=0, restart=0))
    async with Hearing(GROUP, port) as hearing, Site([settings], mdns_port=port) as site:
        camera = site.cameras[0]
        hearing.ask(query(one(HTTPS), one(CAMERAS)))
        await finished(site.mdns, hearing.answers)
        [(_, payload)] = hearing.answers
        assert {record.name for record in found(read(payload), DNSPointer)} == {CAMERAS}
        async with Client(camera) as client:
            assert (await client.ask(protocols(HTTPS=(True, camera.https_port)))).status == 200
        await until(lambda: len(hearing.said) == 2)
        announced = [found(read(payload), DNSService) for _, payload in hearing.said]
        assert [len(services) for services in announced] == [1, 2], "what changes is announced again"
        assert camera.leaf
        hearing.answers.clear()
        hearing.ask(query(one(HTTPS)))
        await until(lambda: hearing.answers)
        [service] = found(read(hearing.answers[0][1]), DNSService)
        assert isinstance(service, DNSService)
        assert service.port == camera.https_port


async def test_printers_and_file_servers_answer_too_and_computers_do_not() -> None:
    port = free_port()
    others = (
        bystanders.printer("Office", host="127.78.20.5", serial="5"),
        bystanders.nas("Backup", host="127.78.20.6", serial="6"),
        bystanders.windows("Desk", host="127.78.20.7", serial="7", http_port=0),
    )
    async with Hearing(GROUP, port) as hearing, Site(others, mdns_port=port) as site:
        hearing.ask(query(one("_ipp._tcp.local."), one("_smb._tcp.local."), one("_http._tcp.local.")))
        await until(lambda: len(hearing.answers) == 2)
        await finished(site.mdns, hearing.answers)
        assert {sender for sender, _ in hearing.answers} == {"127.78.20.5", "127.78.20.6"}
