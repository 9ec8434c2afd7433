"""The process with all three announcements: the demo's site that needs them, and cameras that move on order."""

import asyncio
import secrets
from pathlib import Path

import msgspec
import pytest
from zeroconf import DNSIncoming, DNSOutgoing, DNSQuestion  # type: ignore[attr-defined]

from core.simulator import announcing, demo, mdns
from core.simulator.settings import CameraSettings
from tests.simulator.asking import until
from tests.simulator.hearing import Hearing, free_port
from tests.simulator.test_announcing import probe
from tests.simulator.test_site import leaf_at, line, ordered, process
from tests.simulator.test_ssdp import read, search

NEEDS_MDNS = {"Tunnel", "Control room"}
NEEDS_SSDP = {"Fuel station", "Archive", "Visitor desk"}


@pytest.fixture
def network() -> str:
    """A loopback network that no other run of the tests uses at the same time."""
    return f"127.{secrets.randbelow(20) + 200}.{secrets.randbelow(250)}"


def names(network: str, **heard: bool) -> set[str]:
    return {camera.name for camera in demo.cameras(network, fast=True, **heard) if camera.persona == "camera"}


def test_the_demo_has_nothing_that_nobody_could_find(network: str) -> None:
    always = names(network)
    assert len(always) == 16
    assert names(network, mdns=True) - always == NEEDS_MDNS
    assert names(network, ssdp=True) - always == NEEDS_SSDP
    assert names(network, mdns=True, ssdp=True) - always == NEEDS_MDNS | NEEDS_SSDP


def test_everything_in_the_wider_demo_has_addresses_and_names_of_its_own(network: str) -> None:
    everything = demo.cameras(network, fast=True, mdns=True, ssdp=True)
    assert {device.persona for device in everything} == {"camera", "printer", "nas", "windows"}
    hosts = [host for device in everything for host in device.hosts]
    hosts += [device.by_itself.to for device in everything if device.by_itself and device.by_itself.to]
    assert len(set(hosts)) == len(hosts) > len(everything) + 1
    assert all(host.startswith(f"{network}.") for host in hosts)
    for distinct in ("name", "serial", "kind", "endpoint", "mac_digits"):
        assert len({getattr(device, distinct) for device in everything}) == len(everything)


async def test_each_device_of_the_wider_demo_is_found_in_the_ways_that_it_announces(network: str) -> None:
    onvif, dns, upnp = free_port(), free_port(), free_port()
    arguments = ["--site", "demo", "--network", network, "--fast", "--discovery-port", str(onvif)]
    arguments += ["--mdns-port", str(dns), "--ssdp-port", str(upnp)]
    async with process(*arguments) as started:
        told = await line(started)
        at = {device["name"]: set(device["addresses"]) for device in (*told["ready"], *told["others"])}
        assert {device["kind"] for device in told["others"]} == {"printer", "nas", "windows"}
        assert len(told["ready"]) == 21
        both = at["Control room"]
        assert len(both) == 2

        question = DNSOutgoing(0, multicast=False, id_=9)
        question.add_question(DNSQuestion("_https._tcp.local.", 12, 1))
        async with Hearing(mdns.GROUP, dns) as by_dns, Hearing(announcing.GROUP, upnp) as by_upnp:
            by_dns.ask(question.packets()[0])
            by_upnp.ask(search("upnp:rootdevice"))
            await until(lambda: len(by_dns.answers) == 4 and len(by_upnp.answers) == 6)
        assert all(DNSIncoming(payload).id == 9 for _, payload in by_dns.answers)
        assert {sender for sender, _ in by_dns.answers} == at["Tunnel"] | both | at["Backup"]
        described = {*NEEDS_SSDP, "Office printer", "Backup", "Front desk PC"}
        assert {sender for sender, _ in by_upnp.answers} == set().union(*(at[name] for name in described))
        assert all("LOCATION" in read(payload)[1] for _, payload in by_upnp.answers)

        async with Hearing(announcing.GROUP, onvif) as by_onvif:
            by_onvif.ask(probe("n:NetworkVideoTransmitter"))
            silent = at["Tunnel"] | at["Fuel station"]
            expected = set().union(*(at[camera["name"]] for camera in told["ready"])) - silent
            await until(lambda: len(by_onvif.answers) == len(expected))
            assert {sender for sender, _ in by_onvif.answers} == expected


async def test_a_camera_moves_on_order_and_serves_there_what_it_served_here(tmp_path: Path) -> None:
    here, there = "127.79.12.1", "127.79.12.2"
    file = tmp_path / "site.json"
    file.write_bytes(msgspec.json.encode({"cameras": [CameraSettings(host=here)]}))
    async with process("--config", str(file), "--discovery-port", "0", "--fast") as started:
        [camera] = (await line(started))["ready"]
        leaf = await leaf_at(camera)
        for order, reason in (
            ({"order": "move"}, "another address"),
            ({"order": "power_cut", "to": there}, "another address"),
            ({"order": "move", "to": "192.0.2.1"}, "outside"),
            ({"order": "move", "to": here}, "at the new one already"),
        ):
            assert reason in (await ordered(started, **order, host=here))["refused"]
        move = {"order": "move", "host": here, "to": there}
        assert await ordered(started, **move) == {"done": move}
        assert await leaf_at({**camera, "host": there}) == leaf
        with pytest.raises(ConnectionRefusedError):
            await leaf_at(camera)
        assert "no camera at" in (await ordered(started, **move))["refused"]
        assert "done" in await ordered(started, order="new_certificate", host=there)


async def test_every_address_in_a_configuration_is_inside_the_network(tmp_path: Path) -> None:
    file = tmp_path / "site.json"
    cameras = [CameraSettings(host="127.79.12.1", also_at=("127.79.13.1",))]
    file.write_bytes(msgspec.json.encode({"cameras": cameras}))
    async with process("--config", str(file), "--discovery-port", "0", "--network", "127.79.12") as started:
        _, complained = await started.communicate()
        assert b"127.79.13.1 is outside 127.79.12.0/24" in complained


async def test_the_process_ends_in_order_while_it_has_all_three_ports(network: str) -> None:
    ports = [free_port() for _ in range(3)]
    options = zip(("--discovery-port", "--mdns-port", "--ssdp-port"), map(str, ports), strict=True)
    flat = [word for pair in options for word in pair]
    async with process("--site", "demo", "--network", network, "--fast", *flat) as started:
        await line(started)
        assert started.stdin is not None
        started.stdin.close()
        assert await line(started) == {"ended": True}
        async with asyncio.timeout(10):
            assert await started.wait() == 0
