"""UDP sockets of those that announce themselves, over IPv4 and IPv6, on the loopback interface and no other."""

import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from core.simulator.addresses import family_of, place
from core.simulator.loopback import INTERFACE


class _Options(NamedTuple):
    """What the socket options of one version of the protocol are called, and how they name an interface."""

    level: int
    leave_through: int
    hops: int
    join: int
    hear_all: int
    named: Callable[[str], bytes]


# The last number of each is from <linux/in.h> and <linux/in6.h>: hear only the groups that this very socket joined.
_OPTIONS = {
    socket.AF_INET: _Options(
        socket.IPPROTO_IP,
        socket.IP_MULTICAST_IF,
        socket.IP_MULTICAST_TTL,
        socket.IP_ADD_MEMBERSHIP,
        49,
        socket.inet_aton,
    ),
    socket.AF_INET6: _Options(
        socket.IPPROTO_IPV6,
        socket.IPV6_MULTICAST_IF,
        socket.IPV6_MULTICAST_HOPS,
        socket.IPV6_JOIN_GROUP,
        29,
        lambda _: struct.pack("=I", socket.if_nametoindex(INTERFACE)),
    ),
}


def open_ear(interface: str, group: str, port: int) -> socket.socket:
    """Return a socket that hears what is sent to the group on the interface with this address. Raises `OSError`."""
    family, options = family_of(interface), _OPTIONS[family_of(interface)]

    def set_up(sock: socket.socket) -> None:
        sock.setsockopt(options.level, options.hear_all, 0)
        sock.bind(place_of_group(group, port))
        sock.setsockopt(options.level, options.join, socket.inet_pton(family, group) + options.named(interface))

    return _opened(family, set_up)


def open_mouth(host: str, port: int, interface: str, hops: int) -> socket.socket:
    """Return a socket at a camera's own address, whose multicasts leave through an interface. Raises `OSError`."""
    options = _OPTIONS[family_of(interface)]

    def set_up(sock: socket.socket) -> None:
        sock.setsockopt(options.level, options.leave_through, options.named(interface))
        sock.setsockopt(options.level, options.hops, hops)
        sock.bind(place(host, port))

    return _opened(family_of(interface), set_up)


def place_of_group(group: str, port: int) -> tuple[Any, ...]:
    """Return how a socket names a group on the loopback interface."""
    return place(f"{group}%{INTERFACE}" if ":" in group else group, port)


def _opened(family: socket.AddressFamily, set_up: Callable[[socket.socket], None]) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        set_up(sock)
    except OSError:
        sock.close()
        raise
    return sock
