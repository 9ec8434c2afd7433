"""Ways to look at many leaves from this process. All compare SHA-256 over the raw leaf with the pin."""

import asyncio
import contextlib
import hashlib
import itertools
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from core.model.errors import DeviceError
from core.network.look import look
from core.network.profile import client_context
from tests.bench.farm import Target


@dataclass
class Sweep:
    """What became of looks at some targets. `cpu` and `wall` are in seconds."""

    right: int = 0
    wrong: int = 0
    failed: int = 0
    cpu: float = 0.0
    wall: float = 0.0

    def compare(self, found: str, pin: str) -> None:
        """Count one leaf that was seen."""
        if found == pin:
            self.right += 1
        else:
            self.wrong += 1


class Way(Protocol):
    """One way to look. `most` bounds how many targets it is given; `silent` ones send no request.

    `version` tells which TLS library it uses, or the program that brings it along.
    """

    name: str
    version: str
    most: int
    silent: bool

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        """Look at each target once, `at_once` at a time."""
        ...


class OurLook:
    """`core.network.look.look`, by as many tasks as looks are wanted at once."""

    name = "camtrust, look()"
    version = ssl.OPENSSL_VERSION
    most = 100_000
    silent = True

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        with timed() as sweep:
            asyncio.run(self._sweep(targets, at_once, sweep))
        return sweep

    async def _sweep(self, targets: Sequence[Target], at_once: int, sweep: Sweep) -> None:
        rest = iter(targets)
        await asyncio.gather(*(self._take(rest, sweep) for _ in range(at_once)))

    async def _take(self, rest: Iterator[Target], sweep: Sweep) -> None:
        for target in rest:
            try:
                sweep.compare((await look(target.host, target.port)).fingerprint, target.pin)
            except DeviceError:
                sweep.failed += 1


class BarestPython:
    """An epoll loop over non-blocking TLS sockets, without deadlines and without telling one error from another."""

    name = "barest Python loop"
    version = ssl.OPENSSL_VERSION
    most = 100_000
    silent = True

    def __init__(self) -> None:
        self._context = client_context()

    def sweep(self, targets: Sequence[Target], at_once: int) -> Sweep:
        with timed() as sweep, select.epoll() as epoll:
            rest = (self._look(target, sweep, epoll) for target in targets)
            running = {next(one): one for one in itertools.islice(rest, at_once)}
            while running:
                for fd, _ in epoll.poll():
                    with contextlib.suppress(StopIteration):
                        next(running[fd])
                        continue
                    del running[fd]
                    if one := next(rest, None):
                        running[next(one)] = one
        return sweep

    def _look(self, target: Target, sweep: Sweep, epoll: select.epoll) -> Iterator[int]:
        """Do one look, up to the next wait for the socket whose number it tells."""
        plain = socket.socket()
        plain.setblocking(False)
        plain.connect_ex((target.host, target.port))
        fd = plain.fileno()
        epoll.register(fd, select.EPOLLOUT)
        yield fd
        epoll.modify(fd, select.EPOLLIN)
        try:
            with self._context.wrap_socket(plain, do_handshake_on_connect=False) as tls:
                yield from _until_done(tls.do_handshake, fd)
                sweep.compare(hashlib.sha256(tls.getpeercert(True) or b"").hexdigest(), target.pin)
                yield from _until_done(tls.unwrap, fd)
        except OSError:
            sweep.failed += 1


def _until_done(call: Callable[[], object], fd: int) -> Iterator[int]:
    while True:
        try:
            call()
        except ssl.SSLWantReadError:
            yield fd
        else:
            return


@contextmanager
def timed() -> Iterator[Sweep]:
    """Measure what this process does meanwhile."""
    sweep = Sweep()
    cpu, wall = time.process_time(), time.monotonic()
    yield sweep
    sweep.cpu, sweep.wall = time.process_time() - cpu, time.monotonic() - wall
