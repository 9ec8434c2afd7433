"""Run alone in namespaces for network, mounts and processes: an announcer of others on the far end of a cable."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from core.discovery.mdns import Mdns
from core.discovery.multicast import Multicast
from core.discovery.ssdp import Ssdp
from core.discovery.ws_discovery import WsDiscovery
from core.model.sighting import Kind, Sighting
from tests.discovery.cameras import running, until

OURS, THEIRS = "10.9.9.1", "10.9.9.2"
OURS6, THEIRS6 = "fe80::1%here", "fe80::2%here"
UUID = "4d696e69-444c-464e-9d41-000000000001"

AVAHI_CONFIGURATION = "[server]\nuse-ipv4={}\nuse-ipv6={}\nenable-dbus=no\nallow-interfaces=there\n"
AXIS_CAMERA = """<?xml version="1.0"?><service-group><name>Door 2.1 west</name>
<service><type>_axis-video._tcp</type><port>80</port><txt-record>macaddress=ACCC8E012345</txt-record></service>
<service><type>_vapix-https._tcp</type><port>8443</port></service></service-group>"""
PRINTER = """<?xml version="1.0"?><service-group><name>Printer</name>
<service><type>_ipp._tcp</type><port>631</port></service></service-group>"""
MINIDLNA_CONFIGURATION = """media_dir={0}
db_dir={0}
log_dir={0}
network_interface=there
port=8200
friendly_name=Films
uuid={1}
"""

Heard = list[Sighting]


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=20)


class FarEnd:
    """A network of its own at the end of a cable, where programs of others run."""

    def __init__(self, holder: subprocess.Popen[bytes]) -> None:
        self._holder = holder
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "here", "type", "veth", "peer", "name", "there", "netns", str(self._holder.pid))
        run("ip", "address", "add", f"{OURS}/24", "dev", "here")
        run("ip", "link", "set", "here", "up")
        run("ip", "address", "add", "fe80::1/64", "dev", "here", "nodad")
        for words in (
            "link set lo up",
            f"address add {THEIRS}/24 dev there",
            "link set there addrgenmode none",
            "link set there up",
            "address add fe80::2/64 dev there nodad",
        ):
            run(*self._inside("ip", *words.split()))

    @contextmanager
    def program(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        with tempfile.TemporaryFile() as said:
            # The folder that we are in may be hidden here.
            process = subprocess.Popen(self._inside(*command), stdout=said, stderr=said, cwd="/")
            try:
                yield process
            except BaseException:
                said.seek(0)
                print(said.read().decode(errors="replace"), file=sys.stderr)
                raise
            finally:
                process.kill()
                process.wait()

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator["FarEnd"]:
        with subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; exec cat"], stdin=-1, stdout=-1) as holder:
            assert holder.stdout
            holder.stdout.readline()
            yield cls(holder)
            # The kernel takes its time to clear away the network of a process that ended, and its cable with it.
            run("ip", "link", "delete", "here")
            holder.kill()

    def _inside(self, *command: str) -> list[str]:
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command]


def told(heard: Heard, *fields: str) -> bool:
    """Whether the last word says all of these."""
    return bool(heard) and all(getattr(heard[-1], name) for name in fields)


async def watch(
    source: Multicast, command: list[str], arrived: Callable[[Heard], bool], theirs: str = THEIRS
) -> Sighting:
    """Start a program while the source runs, wait for what it should tell, end it; return the last word before."""
    heard: Heard = []
    with FarEnd.opened() as end:
        async with running(source, heard.append):
            await until(lambda: (source.next_scan() or 0) > 0)
            with end.program(*command) as process:
                await until(lambda: arrived(heard), 30)
                last = heard[-1]
                heard.clear()
                source.rescan()
                if not isinstance(source, WsDiscovery):  # wsdd is none of those that are asked for
                    await until(lambda: last in heard, 20)
                process.terminate()
                await until(lambda: bool(heard) and heard[-1].gone, 20)
    assert {sighting.address for sighting in heard} == {theirs}
    assert source.status().dropped == 0, source.status()
    return last


async def avahi(folder: Path, ours: str = OURS, theirs: str = THEIRS) -> None:
    (folder / "avahi.conf").write_text(AVAHI_CONFIGURATION.format(*("no", "yes")[:: 1 if ":" in ours else -1]))
    (folder / "axis.service").write_text(AXIS_CAMERA)
    run("mount", "--bind", str(folder), "/etc/avahi/services")
    options = ("--no-drop-root", "--no-chroot", "--no-rlimits", "--file", str(folder / "avahi.conf"))
    command = ["avahi-daemon", *options]
    last = await watch(Mdns((ours,)), command, lambda heard: told(heard, "mac", "ports"), theirs)
    assert last == Sighting(
        source="mDNS",
        address=theirs,
        interface=ours,
        ports=(("https", 8443), ("http", 80)),
        name="Door 2.1 west",
        manufacturer="Axis",
        mac="ac:cc:8e:01:23:45",
        kind=Kind.CAMERA,
    )
    (folder / "axis.service").write_text(PRINTER)
    last = await watch(Mdns((ours,)), command, bool, theirs)
    assert (last.name, last.kind, last.ports) == ("Printer", Kind.OTHER, ())


async def minidlna(folder: Path) -> None:
    (folder / "minidlna.conf").write_text(MINIDLNA_CONFIGURATION.format(folder, UUID))
    command = ["minidlnad", "-S", "-f", str(folder / "minidlna.conf"), "-P", str(folder / "pid"), "-u", "root"]
    last = await watch(Ssdp((OURS,)), command, lambda heard: told(heard, "name"))
    assert (last.name, last.kind, last.ports) == ("Films", Kind.OTHER, (("http", 8200),))
    assert (last.udn, last.interface) == (f"uuid:{UUID}", OURS)


async def wsdd(_: Path, ours: str = OURS, theirs: str = THEIRS) -> None:
    only = "--ipv6only" if ":" in ours else "--ipv4only"
    command = ["wsdd", "--interface", "there", only, "--hostname", "office", "--uuid", UUID]
    last = await watch(WsDiscovery((ours,)), command, bool, theirs)
    # Its Hello names no type at all, but Windows' own port.
    assert (last.kind, last.endpoint) == (Kind.OTHER, f"urn:uuid:{UUID}")


PROGRAMS: dict[str, Callable[[Path], Coroutine[Any, Any, None]]] = {
    "avahi-daemon": avahi,
    "avahi-daemon over IPv6": partial(avahi, ours=OURS6, theirs=THEIRS6),
    "minidlnad": minidlna,
    "wsdd": wsdd,
    "wsdd over IPv6": partial(wsdd, ours=OURS6, theirs=THEIRS6),
}


def main(program: str) -> None:
    # What these programs leave behind is on file systems that end with this process.
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("mount", "-t", "tmpfs", "tmpfs", "/tmp")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(PROGRAMS[program](Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1])
