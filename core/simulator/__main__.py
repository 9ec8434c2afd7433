"""`python -m core.simulator`: a site of cameras as a process of its own."""

import argparse
import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from core.simulator import demo
from core.simulator.camera import Camera
from core.simulator.loopback import LOOPBACK, check_inside, network_of
from core.simulator.orders import Orders
from core.simulator.settings import CameraSettings, SiteSettings
from core.simulator.site import Site

_USAGE = 2


def main(arguments: list[str]) -> int:
    """Run the site until standard input ends or SIGTERM comes. Return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(_cameras(options), options))
    except (ValueError, OSError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return _USAGE
    return 0


async def _run(cameras: tuple[CameraSettings, ...], options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    mdns, ssdp = options.mdns_port or None, options.ssdp_port or None
    async with Site(cameras, options.discovery_port, options.interface, mdns_port=mdns, ssdp_port=ssdp) as site:
        told: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
        for camera in site.cameras:
            told[camera.settings.persona == "camera"].append(_described(camera))
        _tell(ready=told[True], others=told[False])
        orders = Orders(site, _tell)
        _read_lines(orders.take, ended.set)
        await ended.wait()
        await orders.stop()
    _tell(ended=True)


def _described(camera: Camera) -> dict[str, Any]:
    settings = camera.settings
    said: dict[str, Any] = {"name": settings.name, "host": camera.host, "addresses": settings.hosts}
    said |= {"kind": settings.kind, "expect": settings.expect}
    return said | {"http_port": camera.http_port or None, "https_port": camera.https_port or None}


def _tell(**event: Any) -> None:
    sys.stdout.write(f"{msgspec.json.encode(event).decode()}\n")
    sys.stdout.flush()


def _read_lines(take: Callable[[bytes], None], ended: Callable[[], None]) -> None:
    """Hand over the lines of standard input. In a thread: a loop cannot wait for every kind of file."""
    loop = asyncio.get_running_loop()

    def read() -> None:
        rest = b""
        # Not sys.stdin, whose lock this thread would hold when the process ends.
        while data := os.read(0, 4096):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                loop.call_soon_threadsafe(take, line)
        loop.call_soon_threadsafe(ended)

    threading.Thread(target=read, daemon=True).start()


def _cameras(options: argparse.Namespace) -> tuple[CameraSettings, ...]:
    if options.site:
        network = options.network or demo.NETWORK
        return demo.cameras(network, options.fast, mdns=bool(options.mdns_port), ssdp=bool(options.ssdp_port))
    cameras = msgspec.json.decode(options.config.read_bytes(), type=SiteSettings).cameras
    network = network_of(options.network) if options.network else LOOPBACK
    for camera in cameras:
        for host in camera.hosts:
            check_inside(host, network)
    return tuple(demo.hurried(camera) for camera in cameras) if options.fast else cameras


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m core.simulator", description="Simulated cameras on loopback.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--site", choices=["demo"], help="cameras of every kind")
    what.add_argument("--config", type=Path, metavar="FILE", help='JSON: {"cameras": [{"name": …, "host": …}, …]}')
    parser.add_argument("--network", metavar="127.X.Y", help="use only addresses that begin like this")
    parser.add_argument("--discovery-port", type=int, default=3702, help="UDP port of WS-Discovery (default 3702)")
    parser.add_argument("--mdns-port", type=int, default=0, help="UDP port of mDNS (0: none, the default)")
    parser.add_argument("--ssdp-port", type=int, default=0, help="UDP port of SSDP (0: none, the default)")
    parser.add_argument("--interface", default="127.0.0.1", help="address of the loopback interface")
    parser.add_argument("--fast", action="store_true", help="nothing takes longer than it has to")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
