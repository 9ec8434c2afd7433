"""A bad line between a program and our terminal: slow, late, stalled, or cut."""

import asyncio
import fcntl
import os
import struct
import sys
import termios
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from tests.terminal import Terminal

_MOST_AT_ONCE = 65536
_SLICE = 0.05
_DEADLINE = 20.0
_TAKES_THE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class Line(Terminal):
    """A terminal whose line carries `rate` bytes a second (as many as come, where None), `latency` seconds each way.

    Unlike on a plain `Terminal`, the program is told by the kernel when the line is cut or another size is set.
    """

    def __init__(self, columns: int, lines: int, *, rate: float | None = None, latency: float = 0.0) -> None:
        super().__init__(columns, lines)
        self.rate = rate
        self.latency = latency
        self.pieces = 0
        """In how many pieces they came: at most as many as the program wrote."""
        self._loop = asyncio.get_running_loop()
        self._is_stalled = self._is_cut = False
        self._coming: deque[bytes] = deque()
        self._going: deque[str] = deque()
        self._free_at = 0.0
        self._next_read: asyncio.TimerHandle | None = None

    @property
    def received(self) -> int:
        """How many bytes have come through so far."""
        return len(self.written)

    @property
    def pid(self) -> int:
        """The program's."""
        assert self._process is not None
        return self._process.pid

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a program on it, which it controls."""
        super().start([sys.executable, "-I", "-S", "-c", _TAKES_THE_TERMINAL, *command], environment)

    def press(self, *keys: str) -> None:
        """Press keys; they arrive later."""
        for key in keys:
            self._going.append(key)
            self._later(self._arrive)

    def stall(self) -> None:
        """Take nothing any more from what the program writes."""
        self._is_stalled = True
        self._loop.remove_reader(self._ours)
        if self._next_read is not None:
            self._next_read.cancel()

    def resume(self) -> None:
        """Take again what the program writes."""
        self._is_stalled = False
        self._loop.add_reader(self._ours, self._read)

    def cut(self) -> None:
        """Hang up. What was under way is lost."""
        self.stall()
        self._is_cut = True
        os.close(self._ours)

    def resize(self, columns: int, lines: int) -> None:
        """Have another size."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    async def settle(self, seconds: float = 1.0) -> None:
        """Wait until nothing has come for so long."""
        before, since = self.received, self._loop.time()

        def is_calm() -> bool:
            nonlocal before, since
            if self.received != before:
                before, since = self.received, self._loop.time()
            return self._loop.time() - since >= seconds

        await self.until(is_calm, "a calm line")

    async def close(self) -> None:
        """End the program, if it has not ended, and the terminal."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
        if not self._is_cut:
            self.stall()
            await super().close()
            return
        if self._process is not None:
            await asyncio.to_thread(self._process.wait, _DEADLINE)
        os.close(self._theirs)

    def _read(self) -> None:
        if self.rate is None:
            self._take(_MOST_AT_ONCE)
            return
        now = self._loop.time()
        taken = self._take(max(int(self.rate * _SLICE), 1))
        self._free_at = max(now, self._free_at) + taken / self.rate
        self._loop.remove_reader(self._ours)
        self._next_read = self._loop.call_later(self._free_at - now, self.resume)

    def _take(self, most: int) -> int:
        try:
            piece = os.read(self._ours, most)
        except OSError:
            # Linux reports EIO when the other end of a terminal is closed.
            return 0
        self._coming.append(piece)
        self._later(self._show)
        return len(piece)

    def _later(self, action: Callable[[], None]) -> None:
        if self.latency:
            self._loop.call_later(self.latency, action)
        else:
            action()

    def _show(self) -> None:
        piece = self._coming.popleft()
        self.written += piece
        self.pieces += 1
        self._stream.feed(piece.replace(b"\x1b[>", b"\x1b[?").replace(b"\x1b[<", b"\x1b[?"))

    def _arrive(self) -> None:
        key = self._going.popleft()
        if not self._is_cut:
            super().press(key)


@asynccontextmanager
async def on_line(
    command: Sequence[str],
    columns: int = 80,
    lines: int = 24,
    *,
    rate: float | None = None,
    latency: float = 0.0,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[Line]:
    """Run a program at the end of a line, in colour unless the environment says otherwise."""
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    line = Line(columns, lines, rate=rate, latency=latency)
    try:
        line.start(command, {**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})})
        yield line
    finally:
        await line.close()
