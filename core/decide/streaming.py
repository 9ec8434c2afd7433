"""Which way video can take: what a device says of its streams, what a probe found, and what follows from both."""

import re
from enum import Enum, auto
from typing import NamedTuple

from core.model.device import AttentionKind, Connection
from core.model.records import DeviceRecord
from core.model.video import Video

_LONGEST = 512
_USUAL_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}
# The host is dropped unread, whatever it is: one in brackets, an IPv4 address written as IPv6 without them, a name. Of
# several ports, which some devices write, the last counts. An IPv6 address without brackets has no port to be found.
_URI = re.compile(
    r"(?P<scheme>[a-z]{4,5})://(?:[^/?#@]*@)?"
    r"(?:(?:\[[^]/?#]*\]|(?:::ffff:)?[^]\[:/?#]*)(?::(?P<port>[0-9]{0,5}))*|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*)"
    r"(?P<target>(?:[/?].*)?)",
    re.IGNORECASE,
)
_TARGET = re.compile(r"/[A-Za-z0-9/?_.~%+=,;:@!$&'()*-]*")
_SECRET = re.compile(r"pass|pwd|user=|usr=", re.IGNORECASE)


class Stream(NamedTuple):
    """Where a device says that a stream is, without the host (rule R20). `target` is path and query, "" for none.

    `target` is also "" where it cannot be sent: where it holds a user or a password, or what no request may hold.
    """

    scheme: str
    port: int
    target: str


class Streams(NamedTuple):
    """One stream by each transport, None where the device does not offer it."""

    tunnel: Stream | None = None
    rtsps: Stream | None = None
    clear: Stream | None = None


class Probed(Enum):
    """What came of trying one transport."""

    NO = auto()
    YES = auto()
    UNCLEAR = auto()
    OTHER_LEAF = auto()


def read_uri(uri: str) -> Stream | None:
    """Return where a stream is, None for what is no address of a stream at all."""
    match = _URI.fullmatch(uri.strip().partition("#")[0]) if len(uri) <= _LONGEST else None
    if match is None or match["scheme"].lower() not in _USUAL_PORTS:
        return None
    scheme, target = match["scheme"].lower(), match["target"] or "/"
    port = int(match["port"] or _USUAL_PORTS[scheme])
    is_sendable = _TARGET.fullmatch(target) and not _SECRET.search(target)
    return Stream(scheme, port, target if is_sendable else "") if 0 < port < 65536 else None


def tunnel_ports(tunnel: Stream, own: int) -> tuple[int, ...]:
    """Return the ports where a tunnel may be: that of the web service, as it has to be, and another one that is named.

    A port for plain HTTP is none of them (ONVIF Media 2, GetStreamUri).
    """
    named = (tunnel.port,) if tunnel.scheme == "https" else ()
    return tuple(dict.fromkeys((own, *named)))


def judge_probes(tunnel: Probed, rtsps: Probed, clear: Probed) -> Video:
    """Return what follows. "In clear" is only said where nothing else can be and that really answers."""
    if tunnel is Probed.YES:
        return Video.TUNNEL
    if rtsps is Probed.YES:
        return Video.RTSPS
    if tunnel is not Probed.NO or rtsps is Probed.UNCLEAR:
        return Video.UNKNOWN
    if rtsps is Probed.OTHER_LEAF:
        return Video.OTHER_CERTIFICATE
    return Video.CLEAR if clear is Probed.YES else Video.UNKNOWN


def may_be_asked(device: DeviceRecord, connection: Connection) -> bool:
    """Tell whether a device may be asked: it shows its pin, and has not refused the stored login (rule R18)."""
    is_trusted = device.scheme == "https" and device.pin is not None and device.presented is None
    return is_trusted and connection is Connection.ONLINE and not has_refused(device)


def has_refused(device: DeviceRecord) -> bool:
    """Tell whether a device refused the login that is stored for it, and got no other one since."""
    return device.video is Video.LOGIN_REFUSED or any(
        note.kind is AttentionKind.LOGIN_REFUSED for note in device.attention
    )


def shown(device: DeviceRecord) -> Video | None:
    """Return what to show, None for a device that has no encrypted connection which video could go over."""
    return device.video if device.scheme == "https" and device.pin is not None else None
