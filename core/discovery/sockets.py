"""UDP sockets for multicast on one interface, over IPv4 and IPv6."""

import errno
import logging
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from core.discovery.interfaces import Interface

_RECEIVE_BUFFER = 4 * 1024 * 1024

# From <linux/in.h> and <linux/in6.h>, not in the socket module: hear only the groups that this very socket joined.
_IP_MULTICAST_ALL = 49
_IPV6_MULTICAST_ALL = 29

_log = logging.getLogger(__name__)


class _Options(NamedTuple):
    """What the socket options of one version of the protocol are called, and how they name an interface."""

    level: int
    leave_through: int
    hops: int
    join: int
    hear_all: int
    named: Callable[[Interface], bytes]
    always: tuple[tuple[int, int], ...] = ()


def _number(interface: Interface) -> bytes:
    if not interface.scope:
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
    return struct.pack("=I", interface.scope)


_OPTIONS = {
    socket.AF_INET: _Options(
        socket.IPPROTO_IP,
        socket.IP_MULTICAST_IF,
        socket.IP_MULTICAST_TTL,
        socket.IP_ADD_MEMBERSHIP,
        _IP_MULTICAST_ALL,
        lambda interface: socket.inet_aton(interface.address),
    ),
    socket.AF_INET6: _Options(
        socket.IPPROTO_IPV6,
        socket.IPV6_MULTICAST_IF,
        socket.IPV6_MULTICAST_HOPS,
        socket.IPV6_JOIN_GROUP,
        _IPV6_MULTICAST_ALL,
        _number,
        ((socket.IPV6_V6ONLY, 1),),
    ),
}


def open_probing(interface: Interface) -> socket.socket:
    """Return a socket that sends multicasts through `interface` only, one hop far. Raises OSError."""
    return _opened(interface, lambda sock: _set_up_probing(sock, interface))


def open_listening(interface: Interface, group: str, port: int) -> socket.socket:
    """Return a socket that hears what is sent to `group` on `interface`. Raises OSError.

    It is bound to the group, so that unicasts to the port still reach whatever else runs on the gateway.
    """
    return _opened(interface, lambda sock: _set_up_listening(sock, interface, group, port))


def open_asking(family: socket.AddressFamily) -> socket.socket:
    """Return a socket to ask single addresses from. Raises OSError."""
    return socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)


def aim(sock: socket.socket, interface: Interface) -> None:
    """Send multicasts through whichever interface has the address now. Raises OSError where none has."""
    options = _OPTIONS[interface.family]
    sock.setsockopt(options.level, options.leave_through, options.named(interface))


def join(sock: socket.socket, interface: Interface, group: str) -> None:
    """Hear `group` on whichever interface has the address now. Raises OSError where none has.

    An interface that goes takes the membership with it, without a word to the socket.
    """
    options = _OPTIONS[interface.family]
    membership = socket.inet_pton(interface.family, group) + options.named(interface)
    try:
        sock.setsockopt(options.level, options.join, membership)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:  # it is a member already
            raise


def numeric(address: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    """Return the family and the place of an IP address, which may have a zone. Raises OSError where there is none."""
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    family, _, _, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=flags)[0]
    return family, place


def host_of(place: tuple[Any, ...], zone: str = "") -> str:
    """Return the address in a place, a link-local IPv6 one with its zone. Raises OSError where that is gone.

    Asking the system for a `zone` that is known takes longer than all the rest.
    """
    scope = place[3] if len(place) > 2 else 0
    return f"{place[0]}%{zone or socket.if_indextoname(scope)}" if scope else str(place[0])


def _opened(interface: Interface, set_up: Callable[[socket.socket], None]) -> socket.socket:
    sock = socket.socket(interface.family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _raise_buffer(sock)
        options = _OPTIONS[interface.family]
        for option, value in options.always:
            sock.setsockopt(options.level, option, value)
        set_up(sock)
    except OSError:
        sock.close()
        raise
    return sock


def _raise_buffer(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    # The kernel caps the request without an error; it reports twice what it grants.
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    if granted < _RECEIVE_BUFFER:
        _log.info("receive buffer of %d bytes; net.core.rmem_max=%d avoids loss", granted, _RECEIVE_BUFFER)


def _set_up_probing(sock: socket.socket, interface: Interface) -> None:
    aim(sock, interface)
    options = _OPTIONS[interface.family]
    sock.setsockopt(options.level, options.hops, 1)
    sock.bind(interface.place(interface.address, 0))


def _set_up_listening(sock: socket.socket, interface: Interface, group: str, port: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    _hear_own_groups_only(sock, _OPTIONS[interface.family])
    join(sock, interface, group)
    sock.bind(interface.place(group, port))


def _hear_own_groups_only(sock: socket.socket, options: _Options) -> None:
    try:
        sock.setsockopt(options.level, options.hear_all, 0)
    except OSError as error:
        if error.errno != errno.ENOPROTOOPT:  # kernels before 4.20 do not have it for IPv6
            raise
