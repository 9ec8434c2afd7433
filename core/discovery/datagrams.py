"""What comes in over UDP: an inbox that loses nothing in a burst and never holds the loop."""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from core.discovery.rate import RateLimit
from core.discovery.sockets import host_of

LARGEST = 16 * 1024
"""Bytes of the largest datagram that is read (rule R25)."""

_MOST_PENDING = 4096
_DRAINED_AT_ONCE = 1024
_SLICE = 0.004
# Six probes, each answered twice over, and again on a second interface, still fit into one burst.
_BURST = 64
_RATE = 8

_log = logging.getLogger(__name__)


class UnreadableError(ValueError):
    """What came is no message about devices, or not one that is safe to read."""


class Datagram(NamedTuple):
    """What came in: `address` is the sender's, a link-local IPv6 one with its zone, `interface` ours that heard it."""

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
                payload, place = sock.recvfrom(LARGEST + 1)
            except BlockingIOError:
                break
            except OSError as error:
                _log.debug("reading on %s: %s", interface, error)
                break
            self._take(payload, place, interface, now)
        if self._pending and not self._next_slice:
            self._next_slice = self._loop.call_soon(self._handle_slice)

    def _take(self, payload: bytes, place: tuple[Any, ...], interface: str, now: float) -> None:
        try:
            address = host_of(place, interface.partition("%")[2])
        except OSError as error:
            _log.debug("a sender on %s has no address any more: %s", interface, error)
            self.dropped += 1
            return
        fits = len(payload) <= LARGEST and len(self._pending) < _MOST_PENDING
        if fits and self._limit.allow(address, now):
            self._pending.append(Datagram(payload, address, interface))
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
