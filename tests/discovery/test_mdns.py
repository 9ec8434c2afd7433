import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from zeroconf import DNSIncoming  # type: ignore[attr-defined]

from core.discovery.interfaces import Interface
from core.discovery.mdns import GROUP, Mdns
from core.discovery.services import TYPES
from core.discovery.sockets import open_probing
from core.model.errors import UsageError
from core.model.sighting import Kind, Sighting, SourceStatus
from tests.discovery.cameras import LOOPBACK, Address, Cameras, address, free_port, running, send, until
from tests.discovery.dns_answers import BAD, CAMERA, PTR, SRV, TXT, answer

NEVER = 3600.0
MAC = {"macaddress": "ACCC8E012345"}
HTTPS = (("_https._tcp", 8443),)


class Hosts:
    """Whatever is on the network: who asks, what is asked, and what is reported of the answers."""

    def __init__(self, cameras: Cameras, source: Mdns, heard: list[Sighting], askers: list[Address]) -> None:
        self.cameras = cameras
        self.source = source
        self.heard = heard
        self.askers = askers

    def tell(self, number: int, payload: bytes) -> None:
        """Answer the asker, from an address of its own."""
        send(payload, address(number), self.askers[0])

    def of(self, number: int) -> list[Sighting]:
        return [sighting for sighting in self.heard if sighting.address == address(number)]

    def asked_for(self) -> list[str]:
        """The names of services whose port was asked for."""
        questions = [question for payload in self.cameras.probes for question in DNSIncoming(payload).questions]
        return [question.name for question in questions if question.type == SRV]


@asynccontextmanager
async def hosts() -> AsyncIterator[Hosts]:
    heard: list[Sighting] = []
    askers: list[Address] = []
    async with Cameras(free_port(), askers.append, group=GROUP, mark=b"_tcp") as cameras:
        source = Mdns((LOOPBACK,), period=NEVER, port=cameras.port)
        async with running(source, heard.append):
            await until(lambda: bool(askers))
            yield Hosts(cameras, source, heard, askers)


async def test_an_answer_becomes_a_sighting_whose_address_is_where_it_came_from() -> None:
    async with hosts() as here:
        here.tell(7, CAMERA)
        await until(lambda: bool(here.heard))
    assert here.heard == [
        Sighting(
            source="mDNS",
            address=address(7),
            interface=LOOPBACK,
            ports=(("https", 8443), ("http", 80)),
            name="Front door",
            manufacturer="Axis",
            mac="ac:cc:8e:01:23:45",
            kind=Kind.CAMERA,
        )
    ]


async def test_a_round_asks_for_all_types_three_times_from_a_port_of_its_own() -> None:
    async with hosts() as here:
        await until(lambda: len(here.cameras.probes) == 3)
        await until(lambda: (here.source.next_scan() or 0) > 0)
    for payload in here.cameras.probes:
        assert [question.name for question in DNSIncoming(payload).questions] == [f"{kind}.local." for kind in TYPES]
    assert {asker[0] for asker in here.askers} == {LOOPBACK}
    assert here.cameras.port not in {asker[1] for asker in here.askers}


async def test_announcements_and_farewells_are_heard_at_once() -> None:
    async with hosts() as here:
        here.cameras.say(CAMERA, address(3))
        await until(lambda: len(here.heard) == 1)
        here.cameras.say(answer(("_axis-video._tcp", 80), ttl=0, only=(PTR,)), address(3))
        await until(lambda: len(here.heard) == 2)
        here.cameras.say(answer(("_vapix-https._tcp", 8443), ttl=0, only=(PTR,)), address(3))
        await until(lambda: len(here.heard) == 3)
    assert [(sighting.gone, sighting.ports) for sighting in here.heard] == [
        (False, (("https", 8443), ("http", 80))),
        (False, (("https", 8443),)),
        (True, ()),
    ]


async def test_what_one_address_says_in_several_messages_adds_up_and_others_do_not_mix_in() -> None:
    async with hosts() as here:
        here.tell(1, answer(*HTTPS, only=(PTR,)))
        here.tell(2, answer(("_ipp._tcp", 631), label="Printer"))
        here.tell(1, answer(*HTTPS, only=(SRV,)))
        here.tell(1, answer(("_axis-video._tcp", 80), texts=MAC))
        await until(lambda: len(here.heard) == 4)
    last = here.of(1)[-1]
    assert (last.ports, last.mac, last.kind) == ((("https", 8443), ("http", 80)), "ac:cc:8e:01:23:45", Kind.CAMERA)
    assert [(sighting.kind, sighting.name) for sighting in here.of(2)] == [(Kind.OTHER, "Printer")]


async def test_ports_that_an_answer_leaves_out_are_asked_for_once() -> None:
    async with hosts() as here:
        for _ in range(3):
            here.tell(1, answer(*HTTPS, label="Door 2.1", only=(PTR,)))
        await until(lambda: bool(here.asked_for()))
        here.tell(1, answer(*HTTPS, label="Door 2.1", only=(PTR,)))
        here.tell(2, answer(*HTTPS, label="Gate", only=(PTR,)))
        await until(lambda: len(here.asked_for()) > 1)
        here.tell(1, answer(*HTTPS, label="Door 2.1", only=(SRV, TXT)))
        await until(lambda: any(sighting.ports for sighting in here.heard))
    assert here.asked_for() == ["Door 2.1._https._tcp.local.", "Gate._https._tcp.local."]
    assert here.of(1)[-1].ports == (("https", 8443),)


async def test_what_comes_in_the_next_packet_is_not_asked_for() -> None:
    async with hosts() as here:
        here.tell(1, answer(*HTTPS, label="Door", only=(PTR,)))
        here.tell(1, answer(*HTTPS, label="Door", only=(SRV, TXT)))
        here.tell(2, answer(*HTTPS, label="Gate", only=(PTR,)))
        await until(lambda: bool(here.asked_for()))
    assert here.asked_for() == ["Gate._https._tcp.local."]


async def test_one_address_cannot_make_it_ask_without_end() -> None:
    async with hosts() as here:
        services = [(f"_{kind}._tcp", 80) for kind in ("http", "https", "axis-video", "psia", "onvif")]
        for number in range(40):
            here.tell(1, answer(*services, label=f"x{number}", only=(PTR,)))
        here.tell(2, answer(*HTTPS, label="last", only=(PTR,)))
        await until(lambda: "last._https._tcp.local." in here.asked_for())
    assert len(here.asked_for()) <= 33


async def test_a_burst_of_a_thousand_answers_is_heard_without_loss() -> None:
    with open_probing(Interface(LOOPBACK)) as sock:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # Where the kernel grants little, the burst is what fits.
    numbers = range(min(1000, granted // 2048))
    async with hosts() as here:
        for number in numbers:
            here.tell(number, CAMERA)
        await until(lambda: len(here.heard) >= len(numbers))
        assert here.source.status().dropped == 0
    assert {sighting.address for sighting in here.heard} == {address(number) for number in numbers}


@pytest.mark.parametrize("way", ["multicast", "answer"])
async def test_no_bad_packet_ends_the_hearing_of_good_ones_or_fills_the_log(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with hosts() as here:
        to = (GROUP, here.cameras.port) if way == "multicast" else here.askers[0]
        for count, payload in enumerate(BAD.values()):
            send(payload, address(2 * count), to)
            send(CAMERA, address(2 * count + 1), to)
            await until(lambda count=count: bool(here.of(2 * count + 1)))  # type: ignore[misc]
        assert here.source.status() == SourceStatus("mDNS", heard=len(BAD), dropped=len(BAD))
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_services_of_no_interest_are_neither_sightings_nor_unreadable() -> None:
    async with hosts() as here:
        here.tell(1, answer(("_workstation._tcp", 9)))
        here.tell(2, CAMERA)
        await until(lambda: bool(here.heard))
        assert (here.of(1), here.source.status()) == ([], SourceStatus("mDNS", heard=1))


async def test_a_port_that_is_held_is_told_and_answers_are_still_heard() -> None:
    port = free_port()
    heard: list[Sighting] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((GROUP, port))
        source = Mdns((LOOPBACK,), period=NEVER, port=port)
        async with running(source, heard.append):
            await until(lambda: (source.next_scan() or 0) > 0)
            assert source.status().problem == (
                f"devices that start are not noticed at once on 127.0.0.1: another program holds UDP port {port}"
            )


def test_only_addresses_name_interfaces() -> None:
    with pytest.raises(UsageError, match="is no address of an interface"):
        Mdns(("eth0",))
