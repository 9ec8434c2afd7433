import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.discovery.interfaces import Interface
from core.discovery.sockets import open_probing
from core.discovery.ws_discovery import WsDiscovery
from core.model.errors import UsageError
from core.model.sighting import Kind, Sighting, SourceStatus
from tests.alone import run_alone
from tests.discovery.cameras import GROUP, LOOPBACK, Address, Cameras, address, free_port, running, send, until
from tests.discovery.messages import A2004, BAD, D2005, GOOD, about, bye, envelope, hello, probe_matches

NEVER = 3600.0


@asynccontextmanager
async def searching(
    port: int, report: Callable[[Sighting], None], *interfaces: str, period: float = NEVER
) -> AsyncIterator[WsDiscovery]:
    source = WsDiscovery(interfaces or (LOOPBACK,), period=period, port=port)
    async with running(source, report):
        yield source


def answering(*numbers: int) -> Callable[[Address], None]:
    """Cameras that answer every probe at once, each from its own address."""

    def on_probe(asker: Address) -> None:
        for number in numbers:
            send(answer(number), address(number), asker)

    return on_probe


def answer(number: int) -> bytes:
    return probe_matches(about(endpoint=f"urn:uuid:00000000-0000-4000-8000-{number:012d}"))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def seen(heard: list[Sighting]) -> set[str]:
    return {sighting.address for sighting in heard}


async def test_an_answer_becomes_a_sighting_whose_address_is_where_it_came_from() -> None:
    heard: list[Sighting] = []
    async with Cameras(free_port(), answering(7)) as cameras, searching(cameras.port, heard.append):
        await until(lambda: bool(heard))
    assert heard[0] == Sighting(
        source="WS-Discovery",
        address=address(7),
        interface=LOOPBACK,
        endpoint="urn:uuid:00000000-0000-4000-8000-000000000007",
        ports=(("http", 80),),
        path="/onvif/device_service",
        name="Front door",
        model="X-100",
        serial="4711",
        kind=Kind.CAMERA,
    )


async def test_sightings_come_as_the_answers_do_and_wait_for_no_round_to_end() -> None:
    heard: list[Sighting] = []
    askers: list[Address] = []
    async with Cameras(free_port(), askers.append) as cameras, searching(cameras.port, heard.append):
        for number in range(3):
            await until(lambda: bool(askers))
            send(answer(number), address(number), askers[0])
            await until(lambda number=number: address(number) in seen(heard))  # type: ignore[misc]
    assert [sighting.address for sighting in heard] == [address(number) for number in range(3)]


async def test_hello_and_bye_are_heard_at_once() -> None:
    heard: list[Sighting] = []
    async with Cameras(free_port()) as cameras, searching(cameras.port, heard.append):
        await until(lambda: bool(cameras.probes))
        cameras.say(hello(), address(3))
        await until(lambda: len(heard) == 1)
        cameras.say(bye(), address(3))
        await until(lambda: len(heard) == 2)
    assert [(sighting.address, sighting.gone) for sighting in heard] == [(address(3), False), (address(3), True)]


@pytest.mark.parametrize("way", ["multicast", "answer"])
async def test_no_bad_packet_ends_the_hearing_of_good_ones_or_fills_the_log(
    way: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Sighting] = []
    askers: list[Address] = []
    async with Cameras(free_port(), askers.append) as cameras, searching(cameras.port, heard.append) as source:
        await until(lambda: bool(askers))
        to = (GROUP, cameras.port) if way == "multicast" else askers[0]
        for count, payload in enumerate(BAD.values()):
            send(payload, address(2 * count), to)
            send(GOOD, address(2 * count + 1), to)
            await until(lambda count=count: address(2 * count + 1) in seen(heard))  # type: ignore[misc]
        assert source.status() == SourceStatus("WS-Discovery", heard=len(BAD), dropped=len(BAD))
    assert len(heard) == len(BAD)
    assert not [record for record in caplog.records if record.levelno > logging.INFO]


async def test_a_sighting_that_cannot_be_taken_in_does_not_end_the_hearing() -> None:
    heard: list[Sighting] = []

    def report(sighting: Sighting) -> None:
        if sighting.address == address(0):
            raise LookupError("no row")
        heard.append(sighting)

    async with Cameras(free_port(), answering(0, 1)) as cameras, searching(cameras.port, report) as source:
        await until(lambda: len(heard) == 6)
        assert source.status().dropped == 6


async def test_a_burst_of_a_thousand_answers_is_heard_without_loss() -> None:
    with open_probing(Interface(LOOPBACK)) as sock:
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    # The kernel counts some 2.8 KB for each of these; where it grants little, the burst is what fits.
    numbers = range(min(1000, granted // 4096))
    heard: list[Sighting] = []
    asked = False

    def burst(asker: Address) -> None:
        nonlocal asked
        if not asked:
            asked = True
            answering(*numbers)(asker)

    async with Cameras(free_port(), burst) as cameras, searching(cameras.port, heard.append) as source:
        await until(lambda: len(heard) >= len(numbers))
        assert source.status().dropped == 0
    assert seen(heard) == {address(number) for number in numbers}


async def test_one_address_that_floods_is_limited_and_the_others_are_heard() -> None:
    heard: list[Sighting] = []
    async with Cameras(free_port()) as cameras, searching(cameras.port, heard.append) as source:
        await until(lambda: bool(cameras.probes))
        for number in range(300):
            cameras.say(hello(about(endpoint=f"urn:{number}")), address(66))
        cameras.say(hello(), address(1))
        await until(lambda: address(1) in seen(heard))
        assert 64 <= len(heard) - 1 < 90
        assert source.status().dropped >= 200


async def test_a_round_asks_for_both_types_three_times_and_each_question_has_its_own_id() -> None:
    async with Cameras(free_port()) as cameras, searching(cameras.port, lambda _: None) as source:
        await until(lambda: len(cameras.probes) == 6)
        await until(lambda: (source.next_scan() or 0) > 0)
    trees = [ElementTree.fromstring(probe) for probe in cameras.probes]
    kinds = [tree.findtext(f".//{{{D2005}}}Types") or "" for tree in trees]
    assert [kind.rpartition(":")[2] for kind in kinds] == ["NetworkVideoTransmitter", "Device"] * 3
    for probe, kind in zip(cameras.probes, kinds, strict=True):
        namespace = "network" if "Network" in kind else "device"
        assert f'xmlns:{kind.partition(":")[0]}="http://www.onvif.org/ver10/{namespace}/wsdl"'.encode() in probe
    assert len({tree.findtext(f".//{{{A2004}}}MessageID") for tree in trees}) == 6
    assert {tree.findtext(f".//{{{A2004}}}Action") for tree in trees} == {f"{D2005}/Probe"}


async def test_a_rescan_asks_anew_at_once() -> None:
    async with Cameras(free_port()) as cameras, searching(cameras.port, lambda _: None) as source:
        await until(lambda: (source.next_scan() or 0) > 0 and len(cameras.probes) == 6)
        source.rescan()
        await until(lambda: len(cameras.probes) == 12)


async def test_a_rescan_during_a_round_comes_right_after_it() -> None:
    async with Cameras(free_port()) as cameras, searching(cameras.port, lambda _: None) as source:
        await until(lambda: bool(cameras.probes))
        assert source.next_scan() == 0
        source.rescan()
        source.rescan()
        await until(lambda: len(cameras.probes) == 12)
        await until(lambda: (source.next_scan() or 0) > 0)
        cameras.say(hello())
        await until(lambda: source.status().heard == 1)
        assert len(cameras.probes) == 12


async def test_it_asks_again_by_itself_but_only_once_over() -> None:
    async with Cameras(free_port()) as cameras, searching(cameras.port, lambda _: None, period=0.3) as source:
        for count in (6, 8, 10):
            await until(lambda count=count: len(cameras.probes) >= count)  # type: ignore[misc]
            if count > 6:
                assert (source.next_scan() or 0) > 0, "it would say 0 between two probes of one round"


async def test_no_proxy_is_followed() -> None:
    header = "<d:Suppression/><a:ReplyTo><a:Address>soap.udp://127.0.0.1:9</a:Address></a:ReplyTo>"
    suppression = envelope(f"<d:Hello>{about(types='d:DiscoveryProxy tds:Device')}</d:Hello>", header=header)
    async with Cameras(free_port()) as cameras, searching(cameras.port, lambda _: None) as source:
        await until(lambda: len(cameras.probes) == 6)
        cameras.say(suppression)
        await until(lambda: source.status().heard == 1)
        source.rescan()
        await until(lambda: len(cameras.probes) == 12)


async def test_an_interface_that_does_not_exist_is_told_and_the_others_work() -> None:
    heard: list[Sighting] = []
    async with (
        Cameras(free_port(), answering(1)) as cameras,
        searching(cameras.port, heard.append, "203.0.113.9", LOOPBACK) as source,
    ):
        await until(lambda: bool(heard))
        assert source.status().problem == (
            "cannot search from 203.0.113.9: the gateway has no such address; "
            "devices that start are not noticed at once on 203.0.113.9: the gateway has no such address"
        )


async def test_a_port_that_is_held_is_told_and_answers_are_still_heard_until_it_is_free() -> None:
    heard: list[Sighting] = []
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind((GROUP, port))
        async with searching(port, heard.append) as source:
            await until(lambda: (source.next_scan() or 0) > 0)
            assert source.status().problem == (
                f"devices that start are not noticed at once on 127.0.0.1: another program holds UDP port {port}"
            )
            holder.close()
            source.rescan()
            await until(lambda: source.status().problem is None)
            send(hello(), address(1), (GROUP, port))
            await until(lambda: bool(heard))


def test_only_addresses_name_interfaces() -> None:
    for name in ("eth0", "fe80::1", "", "10.0.0", "10.0.0.1/24"):
        with pytest.raises(UsageError, match="is no address of an interface"):
            WsDiscovery((name,))


async def test_it_tells_nothing_before_it_runs_and_keeps_its_counters_when_it_runs_again() -> None:
    async with Cameras(free_port()) as cameras:
        source = WsDiscovery((LOOPBACK,), period=NEVER, port=cameras.port)
        assert (source.next_scan(), source.status()) == (None, SourceStatus("WS-Discovery"))
        for run in (1, 2):
            task = asyncio.create_task(source.run(lambda _: None))
            await until(lambda: (source.next_scan() or 0) > 0)
            cameras.say(hello())
            cameras.say(b"bad")
            await until(lambda run=run: source.status() == SourceStatus("WS-Discovery", run, run))  # type: ignore[misc]
            task.cancel()
            await asyncio.wait([task])
            assert (source.next_scan(), source.status().dropped) == (None, run)


async def test_when_it_ends_no_socket_stays() -> None:
    before = open_files()
    async with searching(free_port(), lambda _: None) as source:
        await until(lambda: (source.next_scan() or 0) > 0)
        assert open_files() == before + 2
    assert open_files() == before


def test_addresses_that_go_and_come_back() -> None:
    """In a network of its own, where addresses can be taken away."""
    run_alone("tests.discovery.moving_addresses")


def test_all_sources_find_what_has_ipv6_only_also_on_an_interface_that_comes_and_goes() -> None:
    """In a network of its own, with cameras at link-local addresses."""
    run_alone("tests.discovery.over_ipv6", "ip", "mount")
