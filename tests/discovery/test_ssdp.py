import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.discovery.interfaces import Interface
from core.discovery.sockets import open_probing
from core.discovery.ssdp import GROUP, Ssdp
from core.model.errors import UsageError
from core.model.sighting import Kind, Sighting, SourceStatus
from tests.discovery.cameras import LOOPBACK, Address, Cameras, address, free_port, running, send, until
from tests.discovery.upnp_messages import (
    AXIS_TYPE,
    BAD,
    BAD_DESCRIPTIONS,
    GOOD,
    GOOD_DESCRIPTION,
    MEDIA_SERVER,
    ROOT,
    UDN,
    answer,
    description,
    notice,
)
from tests.discovery.web_server import Answer, WebServer, ok

NEVER = 3600.0


class Hosts:
    """Whatever is on the network: who asks, what is asked, and what is reported of the answers."""

    def __init__(self, cameras: Cameras, source: Ssdp, heard: list[Sighting], askers: list[Address]) -> None:
        self.cameras = cameras
        self.source = source
        self.heard = heard
        self.askers = askers

    def tell(self, number: int, payload: bytes) -> None:
        """Answer the asker, from an address of its own."""
        send(payload, address(number), self.askers[0])

    def of(self, number: int) -> list[Sighting]:
        return [sighting for sighting in self.heard if sighting.address == address(number)]


@asynccontextmanager
async def hosts(report: Callable[[Sighting], None] = lambda _: None) -> AsyncIterator[Hosts]:
    heard: list[Sighting] = []
    askers: list[Address] = []

    def keep(sighting: Sighting) -> None:
        heard.append(sighting)
        report(sighting)

    async with Cameras(free_port(), askers.append, group=GROUP, mark=b"M-SEARCH") as cameras:
        source = Ssdp((LOOPBACK,), period=NEVER, port=cameras.port)
        async with running(source, keep):
            await until(lambda: bool(askers))
            yield Hosts(cameras, source, heard, askers)


@asynccontextmanager
async def web(answer: Answer | bytes = b"", number: int = 7) -> AsyncIterator[WebServer]:
    async with WebServer({"/d.xml": answer or ok(GOOD_DESCRIPTION)}, address(number)) as server:
        yield server


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def at(server: WebServer, host: str = "203.0.113.9") -> str:
    return f"http://{host}:{server.port}/d.xml"


async def test_an_answer_is_told_at_once_and_again_with_what_its_description_says() -> None:
    async with web() as server, hosts() as here:
        here.tell(7, answer(at(server)))
        await until(lambda: len(here.heard) == 2)
    first = Sighting("SSDP", address(7), LOOPBACK, udn=UDN.lower(), mac="ac:cc:8e:01:23:45")
    assert here.heard == [
        first,
        Sighting(
            source="SSDP",
            address=address(7),
            interface=LOOPBACK,
            ports=(("http", 80),),
            name="Front door",
            manufacturer="AXIS",
            model="M3045-V",
            serial="ACCC8E012345",
            udn=UDN.lower(),
            mac="ac:cc:8e:01:23:45",
            kind=Kind.CAMERA,
        ),
    ]


async def test_the_description_is_fetched_once_and_only_from_the_address_that_answered() -> None:
    async with web(number=7) as server, web(number=8) as innocent, hosts() as here:
        here.tell(7, answer(at(server, address(8))))
        here.tell(7, answer(at(server, "127.0.0.1"), target=AXIS_TYPE))
        await until(lambda: any(sighting.name for sighting in here.heard))
        here.tell(7, answer(at(server)))
        here.tell(9, answer(at(innocent, address(8)), udn="uuid:liar"))
        await until(lambda: here.source.status().dropped == 1)
    assert (len(server.requests), innocent.requests) == (1, [])
    assert here.of(7)[-1].name == "Front door" and here.of(9)[-1].name == ""


async def test_a_round_asks_for_root_devices_all_and_axis_three_times() -> None:
    async with hosts() as here:
        await until(lambda: len(here.cameras.probes) == 9)
        await until(lambda: (here.source.next_scan() or 0) > 0)
    lines = [payload.decode().split("\r\n") for payload in here.cameras.probes]
    assert [line[4] for line in lines] == [f"ST: {target}" for target in (ROOT, "ssdp:all", AXIS_TYPE)] * 3
    assert {line[0] for line in lines} == {"M-SEARCH * HTTP/1.1"}


async def test_arrivals_and_farewells_are_heard_at_once() -> None:
    async with web() as server, hosts() as here:
        here.cameras.say(notice("ssdp:alive", at(server)), address(7))
        await until(lambda: len(here.heard) == 2)
        here.cameras.say(notice("ssdp:byebye"), address(7))
        await until(lambda: len(here.heard) == 3)
        here.cameras.say(notice("ssdp:alive", at(server)), address(7))
        await until(lambda: len(here.heard) == 5)
    assert [(sighting.gone, sighting.name) for sighting in here.heard] == [
        (False, ""),
        (False, "Front door"),
        (True, ""),
        (False, ""),
        (False, "Front door"),
    ]


async def test_a_media_server_is_told_as_something_else() -> None:
    async with web(ok(description(name="Films", kind=MEDIA_SERVER, text=""))) as server, hosts() as here:
        here.tell(7, answer(at(server)))
        await until(lambda: len(here.heard) == 2)
    assert [sighting.kind for sighting in here.heard] == [Kind.UNKNOWN, Kind.OTHER]


@pytest.mark.parametrize("kind", BAD_DESCRIPTIONS)
async def test_a_bad_description_is_counted_and_the_device_stays(kind: str) -> None:
    async with web(ok(BAD_DESCRIPTIONS[kind])) as server, hosts() as here:
        here.tell(7, answer(at(server)))
        await until(lambda: here.source.status().dropped == 1)
        here.tell(8, GOOD)
        await until(lambda: bool(here.of(8)))
    assert len(here.of(7)) == 1


@pytest.mark.parametrize("way", ["multicast", "answer"])
async def test_no_bad_packet_ends_the_hearing_of_good_ones_or_fills_the_log(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    good = answer(None)
    async with hosts() as here:
        to = (GROUP, here.cameras.port) if way == "multicast" else here.askers[0]
        for count, payload in enumerate(BAD.values()):
            send(payload, address(2 * count), to)
            send(good, address(2 * count + 1), to)
            await until(lambda count=count: bool(here.of(2 * count + 1)))  # type: ignore[misc]
        assert here.source.status() == SourceStatus("SSDP", heard=len(BAD), dropped=len(BAD))
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_a_burst_of_a_thousand_answers_is_heard_without_loss() -> None:
    with open_probing(Interface(LOOPBACK)) as sock:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # Where the kernel grants little, the burst is what fits.
    numbers = range(min(1000, granted // 2048))
    async with hosts() as here:
        for number in numbers:
            here.tell(number, answer(None, udn=f"uuid:{number}"))
        await until(lambda: len(here.heard) >= len(numbers))
        assert here.source.status().dropped == 0
    assert {(sighting.address, sighting.udn) for sighting in here.heard} == {
        (address(number), f"uuid:{number}") for number in numbers
    }


async def test_few_descriptions_are_fetched_at_once_and_all_in_the_end() -> None:
    async def slow(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(ok(GOOD_DESCRIPTION))

    async with WebServer({"/d.xml": slow}, "0.0.0.0") as server, hosts() as here:
        for number in range(40):
            here.tell(number, answer(at(server)))
        await until(lambda: sum(bool(sighting.name) for sighting in here.heard) == 40)
    assert server.most_at_once == 8


async def test_one_address_cannot_make_it_fetch_without_end() -> None:
    async with web() as server, hosts() as here:
        for number in range(60):
            here.tell(7, answer(f"{at(server)}?{number}", udn=f"uuid:{number}"))
        here.tell(8, answer(None, udn="uuid:last"))
        await until(lambda: bool(here.of(8)) and here.source.status().dropped == 8)
    assert len(server.requests) == 8


async def test_a_sighting_that_cannot_be_taken_in_does_not_end_the_hearing(caplog: pytest.LogCaptureFixture) -> None:
    def report(sighting: Sighting) -> None:
        if sighting.name:
            raise LookupError("no row")

    async with web() as server, hosts(report) as here:
        here.tell(7, answer(at(server)))
        await until(lambda: "could not be taken in" in caplog.text)
        here.tell(8, GOOD)
        await until(lambda: bool(here.of(8)))


async def test_when_it_ends_no_fetch_and_no_socket_stays() -> None:
    entered = asyncio.Event()

    async def never(_: asyncio.StreamWriter) -> None:
        entered.set()
        await asyncio.Event().wait()

    async with web(never) as server:
        before = open_files()
        async with hosts() as here:
            here.tell(7, answer(at(server)))
            await entered.wait()
            assert open_files() > before + 3
        await until(lambda: open_files() == before + 1)  # the server's end of the connection
        assert not [task for task in asyncio.all_tasks() if "_describe" in repr(task)]


def test_only_addresses_name_interfaces() -> None:
    with pytest.raises(UsageError, match="is no address of an interface"):
        Ssdp(("eth0",))
