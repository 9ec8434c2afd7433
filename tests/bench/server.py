"""The farm: many TLS servers in one process, each with a leaf of its own, that count what clients do.

`python -m tests.bench.server LEAVES CPU` prints one line of JSON, a list of [host, port, DER in hex]. Then each line on
its standard input is a delay in seconds for all further handshakes; once no connection is open it answers what it has
counted since the last. It ends with its standard input.
"""

import gc
import json
import os
import resource
import select
import socket
import ssl
import sys
import time
from collections import deque

from tests.network.leaves import Leaf, new_leaf

_QUEUE = 512
_READ = 16 * 1024
_EVENTS = 8192
_STDIN = 0
_ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


class _Line:
    """One connection. It does what comes next whenever there is something to read."""

    def __init__(self, sock: ssl.SSLSocket, counts: dict[str, float]) -> None:
        self.sock = sock
        self._counts = counts
        self._shaken = False

    def go_on(self) -> bool:
        """Return whether it stays open."""
        try:
            return self._shake() if not self._shaken else self._read()
        except ssl.SSLWantReadError:
            return True
        except OSError:
            self._counts["failed"] += not self._shaken
            return False

    def _shake(self) -> bool:
        self.sock.do_handshake()
        self._shaken = True
        self._counts["handshakes"] += 1
        self._counts["resumed"] += bool(self.sock.session_reused)
        return self._read()

    def _read(self) -> bool:
        data = self.sock.recv(_READ)
        self._counts["data"] += len(data)
        if data:
            self.sock.send(_ANSWER)
        self.sock.unwrap()
        return False


class _Server:
    def __init__(self, leaves: list[Leaf]) -> None:
        self._epoll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, ssl.SSLContext]] = {}
        self._lines: dict[int, _Line] = {}
        self._waiting: deque[tuple[float, int]] = deque()
        self._delay = 0.0
        self._asked = False
        self._clear()
        self.places = [self._listen(number, leaf) for number, leaf in enumerate(leaves)]
        self._epoll.register(_STDIN, select.EPOLLIN)

    def run(self) -> None:
        going_on = True
        while going_on:
            events = self._epoll.poll(self._pause(), _EVENTS)
            going_on = all(self._handle(fd) for fd, _ in events)
            self._begin_waiting()
            if self._asked and not self._lines and not events:
                self._answer()

    def _handle(self, fd: int) -> bool:
        """Return whether the farm goes on."""
        if fd == _STDIN:
            return self._listen_to_parent()
        if fd in self._listeners:
            self._accept(*self._listeners[fd])
        else:
            self._go_on(fd)
        return True

    def _listen(self, number: int, leaf: Leaf) -> tuple[str, int, str]:
        host = f"127.101.{number // 250}.{number % 250 + 1}"
        sock = socket.create_server((host, 0), backlog=_QUEUE)
        sock.setblocking(False)
        self._listeners[sock.fileno()] = sock, leaf.context()
        self._epoll.register(sock, select.EPOLLIN)
        return host, sock.getsockname()[1], leaf.der.hex()

    def _clear(self) -> None:
        self._counts = {"handshakes": 0, "failed": 0, "resumed": 0, "data": 0, "cpu": -time.process_time()}

    def _accept(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        plain, _ = listener.accept()
        plain.setblocking(False)
        sock = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        fd = sock.fileno()
        self._lines[fd] = _Line(sock, self._counts)
        self._waiting.append((time.monotonic() + self._delay, fd))

    def _pause(self) -> float | None:
        if self._asked and not self._lines:
            return 0.0
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def _begin_waiting(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            self._epoll.register(self._waiting.popleft()[1], select.EPOLLIN)

    def _go_on(self, fd: int) -> None:
        line = self._lines[fd]
        if not line.go_on():
            del self._lines[fd]
            line.sock.close()

    def _listen_to_parent(self) -> bool:
        said = os.read(_STDIN, 64)
        if said:
            self._delay, self._asked = float(said), True
        return bool(said)

    def _answer(self) -> None:
        self._asked = False
        self._counts["cpu"] += time.process_time()
        print(json.dumps(self._counts), flush=True)
        self._clear()


def main() -> None:
    leaves, cpu = int(sys.argv[1]), int(sys.argv[2])
    os.sched_setaffinity(0, {cpu})
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    server = _Server([new_leaf(f"camera {number}") for number in range(leaves)])
    gc.freeze()
    print(json.dumps(server.places), flush=True)
    server.run()


if __name__ == "__main__":
    main()
