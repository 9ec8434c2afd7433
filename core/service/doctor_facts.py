"""What `camtrust doctor` looks at: files, sockets and the clock of this machine. Nothing is changed, nothing sent."""

import asyncio
import ctypes
import errno
import os
import platform
import socket
import ssl
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from core.model.config import DiscoverySettings
from core.model.errors import CamtrustError
from core.model.messages import Authority, ReadAuthority, Role
from core.model.text import clean
from core.service.client import Client
from core.service.doctor_rules import Attached, Clock, Entry, Folder, LogFiles, Port, SettingsFile, Versions
from core.service.logs import LARGEST, log_path
from core.service.peer import user_name

_PATIENCE = 5.0
_MOST_FILES = 1000

# From <linux/timex.h>: the first int of struct timex is `modes`, none of them to change nothing. The kernel says by the
# number that it returns whether the clock is synchronized.
_TIMEX_SIZE = 1024
_TIME_ERROR = 5

_SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
_KEEPERS = {"chrony": "/run/chrony", "ntpd": "/run/ntpd.pid", "ntpsec": "/run/ntpsec"}

# IANA's groups: of SSDP and WS-Discovery (the same), and of mDNS (RFC 6762, 3).
_SITE, _MDNS = ("239.255.255.250", "ff02::c"), ("224.0.0.251", "ff02::fb")


def versions() -> Versions:
    """Return what is installed here."""
    return Versions(
        version("camtrust"), platform.python_version(), " ".join(ssl.OPENSSL_VERSION.split()[:2]), version("textual")
    )


async def ask_engine(path: Path) -> Attached | CamtrustError:
    """Return what the engine on this socket tells, or why there is nobody to tell."""
    try:
        async with asyncio.timeout(_PATIENCE), await Client.connect(path, role=Role.OPERATOR) as client:
            authority = await client.ask(ReadAuthority())
            return Attached(
                client.welcome.status,
                client.welcome.role,
                client.welcome.user,
                owner_of(client.welcome.status.pid) or owner_of_file(path) or "another account",
                authority if isinstance(authority, Authority) else None,
            )
    except TimeoutError:
        return CamtrustError("The engine does not answer", "It may be stuck: camtrust engine stop --force.")
    except CamtrustError as error:
        return error


def owner_of(pid: int) -> str | None:
    """Return whose process it is."""
    return owner_of_file(Path(f"/proc/{pid}"))


def owner_of_file(path: Path) -> str | None:
    """Return whose it is, None where that cannot be seen."""
    try:
        return user_name(path.stat().st_uid)
    except OSError:
        return None


def state_folder(path: Path) -> Folder:
    """Return what this account can see of the state folder."""
    free, read_only = _disk(path)
    try:
        found = _entry(path, "")
    except (FileNotFoundError, NotADirectoryError):
        return Folder(path, None, free=free, read_only=read_only)
    except PermissionError:
        return Folder(path, Entry("", 0o40700, -1, 1), hidden=True, free=free, read_only=read_only)
    try:
        inside = tuple(_walk(path, path))
    except PermissionError:
        return Folder(path, found, hidden=True, free=free, read_only=read_only)
    except NotADirectoryError:
        inside = ()
    return Folder(path, found, inside[:_MOST_FILES], free=free, read_only=read_only)


def _walk(folder: Path, top: Path) -> Iterator[Entry]:
    for path in sorted(folder.iterdir()):
        # A file of SQLite's may have gone meanwhile.
        with suppress(FileNotFoundError):
            entry = _entry(path, clean(str(path.relative_to(top))))
            yield entry
            if path.is_dir() and not path.is_symlink():
                yield from _walk(path, top)


def _entry(path: Path, name: str) -> Entry:
    found = path.lstat()
    return Entry(name, found.st_mode, found.st_uid, found.st_nlink)


def _disk(path: Path) -> tuple[int, bool]:
    """Return the space that is left for accounts other than root, and whether it is mounted read-only."""
    for place in (path, *path.parents):
        try:
            found = os.statvfs(place)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize, bool(found.f_flag & os.ST_RDONLY)
    return 0, False


def log_files(state_dir: Path) -> LogFiles:
    """Return the sizes of the engine's log."""
    path = log_path(state_dir)
    try:
        sizes = tuple(file.stat().st_size for file in path.parent.iterdir() if file.name.startswith(path.name))
    except (FileNotFoundError, NotADirectoryError):
        sizes = ()
    except PermissionError:
        return LogFiles(path, None, LARGEST)
    return LogFiles(path, sizes, LARGEST)


def settings_file(path: Path) -> SettingsFile:
    """Return who may change a file of settings."""
    try:
        found = path.stat()
    except OSError:
        return SettingsFile(path, None)
    return SettingsFile(path, Entry("", found.st_mode, found.st_uid, found.st_nlink))


def try_ports(discovery: DiscoverySettings, interfaces: Sequence[str]) -> list[Port]:
    """Try to listen to each group of discovery on each interface, as an engine does, and stop at once."""
    ways = (
        ("WS-Discovery", discovery.ws_discovery_port, _SITE),
        ("mDNS", discovery.mdns_port, _MDNS),
        ("SSDP", discovery.ssdp_port, _SITE),
    )
    return [
        Port(name, port, tuple((one, problem) for one in interfaces if (problem := _try(one, groups, port))))
        for name, port, groups in ways
        if port
    ]


def _try(interface: str, groups: tuple[str, str], port: int) -> str:
    try:
        if ":" in interface:
            _listen6(interface, groups[1], port)
        else:
            _listen4(interface, groups[0], port)
    except OSError as error:
        return _problem(error)
    return ""


def _listen4(interface: str, group: str, port: int) -> None:
    with _shared(socket.AF_INET) as sock:
        membership = socket.inet_aton(group) + socket.inet_aton(interface)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        sock.bind((group, port))


def _listen6(interface: str, group: str, port: int) -> None:
    number = socket.if_nametoindex(interface.partition("%")[2] or "lo")
    with _shared(socket.AF_INET6) as sock:
        membership = socket.inet_pton(socket.AF_INET6, group) + struct.pack("=I", number)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)
        sock.bind((group, port, 0, number))


def _shared(family: socket.AddressFamily) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
        sock.setsockopt(socket.SOL_SOCKET, option, 1)
    return sock


def _problem(error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return "another program holds it"
    # `if_nametoindex` gives no number.
    if error.errno in (errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENXIO, None):
        return "no interface has this address"
    return (error.strerror or "refused").lower()


def clock() -> Clock:
    """Return what the machine says of its clock."""
    keeper = next((name for name, mark in _KEEPERS.items() if Path(mark).exists()), "")
    kept = True if _SYNCHRONIZED.exists() else _kernel_keeps()
    return Clock(datetime.now(UTC), kept, keeper)


def _kernel_keeps() -> bool | None:
    """Ask adjtimex(2), without changing anything; None where it does not exist or is forbidden, as in a container."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    told = adjtimex(ctypes.create_string_buffer(_TIMEX_SIZE)) if adjtimex else -1
    return None if told < 0 else told != _TIME_ERROR
