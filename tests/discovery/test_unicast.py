"""Unicast probes, against devices at addresses of their own."""

import asyncio
import socket
from contextlib import closing

from core.discovery.unicast import UnicastProbes
from core.model.sighting import Sighting
from core.simulator.announcing import read_probe
from tests.discovery.cameras import free_port, send, until
from tests.discovery.messages import GOOD

DEVICE, STRANGER = "127.78.0.1", "127.78.0.9"


async def test_both_kinds_of_devices_are_asked_and_an_answer_counts_for_its_address() -> None:
    heard: list[Sighting] = []
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as device:
        device.setblocking(False)
        device.bind((DEVICE, 0))
        port = device.getsockname()[1]
        with closing(UnicastProbes(port, {DEVICE}, heard.append)) as probes:
            probes.probe(DEVICE)
            loop = asyncio.get_running_loop()
            asked = [await loop.sock_recvfrom(device, 65536) for _ in range(2)]
            assert [probe.types for payload, _ in asked if (probe := read_probe(payload))] == [
                {("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter")},
                {("http://www.onvif.org/ver10/device/wsdl", "Device")},
            ]
            asker = asked[0][1]
            send(GOOD, STRANGER, asker)
            send(b"no XML", DEVICE, asker)
            send(GOOD, DEVICE, asker)
            await until(lambda: bool(heard))
    assert [(sighting.source, sighting.address, sighting.name) for sighting in heard] == [
        ("WS-Discovery", DEVICE, "Front door")
    ]


async def test_ipv6_addresses_are_asked_too() -> None:
    heard: list[Sighting] = []
    with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as device:
        device.setblocking(False)
        device.bind(("::1", 0))
        with closing(UnicastProbes(device.getsockname()[1], {DEVICE, "::1"}, heard.append)) as probes:
            probes.probe(DEVICE)
            probes.probe("::1")
            asker = (await asyncio.get_running_loop().sock_recvfrom(device, 65536))[1]
            device.sendto(GOOD, asker)
            await until(lambda: bool(heard))
    assert [sighting.address for sighting in heard] == ["::1"]


async def test_where_it_is_off_or_cannot_be_asked_nothing_is_sent_and_nothing_fails() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as device:
        device.bind((DEVICE, 0))
        device.setblocking(False)
        with closing(UnicastProbes(0, {DEVICE}, lambda _: None)) as probes:
            probes.probe(DEVICE)
        with closing(UnicastProbes(free_port(), {"fe80::1%gone", "127.255.255.255"}, lambda _: None)) as probes:
            probes.probe("fe80::1%gone")
            # The system refuses broadcasts.
            probes.probe("127.255.255.255")
        try:
            device.recv(1)
        except BlockingIOError:
            return
    raise AssertionError("something was sent")
