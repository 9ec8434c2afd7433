"""UDP for the sources: multicast sockets, and an inbox that loses nothing in a burst and never holds the loop."""

import asyncio
import errno
import ipaddress
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import ifaddr

from core.discovery.rate import RateLimit

LARGEST = 16 * 1024
"""Bytes of the largest datagram that is read (rule R25)."""

_RECEIVE_BUFFER = 4 * 1024 * 1024
_MOST_PENDING = 4096
_DRAINED_AT_ONCE = 1024
_SLICE = 0.004
# Six probes, each answered twice over, and again on a second interface, still fit into one burst.
_BURST = 64
_RATE = 8

# From <linux/in.h>, not in the socket module: hear only the groups that this very socket joined.
_IP_MULTICAST_ALL = 49

_log = logging.getLogger(__name__)


class UnreadableError(ValueError):
    """What came is no message about devices, or not one that is safe to read."""


class Datagram(NamedTuple):
    """What came in: `address` is the sender's, `interface` our own address that heard it."""

    payload: bytes
    address: str
    interface: str


class Inbox:
    """Reads sockets until they are empty, then hands the datagrams to `handle` in short slices of the loop's time.

    The kernel's buffer is what overflows in a burst, so emptying it comes first. `handle` tells whether the datagram
    was readable; whatever it raises counts as unreadable and goes to the log (rule R23). `burst` is how many datagrams
    one sender may have read at once (rule R26).
    """

    def __init__(self, handle: Callable[[Datagram], bool], *, burst: int = _BURST) -> None:
        self.dropped = 0
        self._handle = handle
        self._loop = asyncio.get_running_loop()
        self._limit = RateLimit(_RATE, burst)
        self._pending: deque[Datagram] = deque()
        self._sockets: set[socket.socket] = set()
        self._next_slice: asyncio.Handle | None = None

    def watch(self, sock: socket.socket, interface: str) -> None:
        """Read `sock` from now on; the inbox closes it."""
        self._sockets.add(sock)
        self._loop.add_reader(sock, self._drain, sock, interface)

    def forget(self, sock: socket.socket) -> None:
        """Stop reading `sock` and close it."""
        self._sockets.discard(sock)
        self._loop.remove_reader(sock)
        sock.close()

    def close(self) -> None:
        """Close all sockets; what is not handled yet is thrown away."""
        for sock in tuple(self._sockets):
            self.forget(sock)
        self._pending.clear()
        if self._next_slice:
            self._next_slice.cancel()

    def _drain(self, sock: socket.socket, interface: str) -> None:
        now = self._loop.time()
        # A bound, because a sender that never stops must not keep us here; the loop calls again.
        for _ in range(_DRAINED_AT_ONCE):
            try:
                payload, (address, _port) = sock.recvfrom(LARGEST + 1)
            except BlockingIOError:
                break
            except OSError as error:
                _log.debug("reading on %s: %s", interface, error)
                break
            self._take(Datagram(payload, address, interface), now)
        if self._pending and not self._next_slice:
            self._next_slice = self._loop.call_soon(self._handle_slice)

    def _take(self, datagram: Datagram, now: float) -> None:
        fits = len(datagram.payload) <= LARGEST and len(self._pending) < _MOST_PENDING
        if fits and self._limit.allow(datagram.address, now):
            self._pending.append(datagram)
        else:
            self.dropped += 1

    def _handle_slice(self) -> None:
        end = self._loop.time() + _SLICE
        while self._pending and self._loop.time() < end:
            self._handle_one(self._pending.popleft())
        self._next_slice = self._loop.call_soon(self._handle_slice) if self._pending else None

    def _handle_one(self, datagram: Datagram) -> None:
        try:
            readable = self._handle(datagram)
        except Exception:  # noqa: BLE001 - no single datagram may end the hearing of all others
            _log.exception("a datagram from %s could not be handled", datagram.address)
            readable = False
        self.dropped += not readable


def local_addresses() -> tuple[str, ...]:
    """Return the IPv4 addresses of all interfaces but the loopback; link-local ones too, as new cameras live there.

    Raises OSError.
    """
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    return tuple(dict.fromkeys(address for address in found if not ipaddress.ip_address(address).is_loopback))


def open_probing(interface: str) -> socket.socket:
    """Return a socket that sends multicasts through `interface` only, one hop far. Raises OSError."""
    return _opened(lambda sock: _set_up_probing(sock, interface))


def open_listening(interface: str, group: str, port: int) -> socket.socket:
    """Return a socket that hears what is sent to `group` on `interface`. Raises OSError.

    It is bound to the group, so that unicasts to the port still reach whatever else runs on the gateway.
    """
    return _opened(lambda sock: _set_up_listening(sock, interface, group, port))


def aim(sock: socket.socket, interface: str) -> None:
    """Send multicasts through whichever interface has the address `interface` now. Raises OSError where none has."""
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))


def join(sock: socket.socket, interface: str, group: str) -> None:
    """Hear `group` on whichever interface has the address `interface` now. Raises OSError where none has.

    An interface that goes takes the membership with it, without a word to the socket.
    """
    membership = socket.inet_aton(group) + socket.inet_aton(interface)
    try:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:  # it is a member already
            raise


def _opened(set_up: Callable[[socket.socket], None]) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        _raise_buffer(sock)
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


def _set_up_probing(sock: socket.socket, interface: str) -> None:
    aim(sock, interface)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
    sock.bind((interface, 0))


def _set_up_listening(sock: socket.socket, interface: str, group: str, port: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
    sock.bind((group, port))
    join(sock, interface, group)
