"""A terminal of our own with a program on it, whose output a VT100 emulator draws."""

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import pyte

_DEADLINE = 20.0
_KEYS = {
    "up": b"\x1b[A",
    "down": b"\x1b[B",
    "home": b"\x1b[H",
    "end": b"\x1b[F",
    "pagedown": b"\x1b[6~",
    "enter": b"\r",
    "escape": b"\x1b",
    "tab": b"\t",
}


class Terminal:
    """What is on the screen, and a keyboard. Made by `on_terminal`."""

    def __init__(self, columns: int, lines: int) -> None:
        self.screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self.screen)
        self.written = b""
        """All that the program wrote so far."""
        self._ours, self._theirs = pty.openpty()
        self._process: subprocess.Popen[bytes] | None = None
        self._is_open = True
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run a program on it, as the leader of a session of its own."""
        end = self._theirs
        self._process = subprocess.Popen(
            command, env=environment, start_new_session=True, stdin=end, stdout=end, stderr=end
        )
        asyncio.get_running_loop().add_reader(self._ours, self._read)

    def press(self, *keys: str) -> None:
        """Press keys, each a name or a character."""
        for key in keys:
            os.write(self._ours, _KEYS.get(key, key.encode()))

    def type(self, typed: bytes) -> None:
        """Send these bytes, whatever they are."""
        os.write(self._ours, typed)

    def kill(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def resize(self, columns: int, lines: int) -> None:
        """Have another size, and tell the program as the kernel would: this is not the terminal that controls it."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.kill(signal.SIGWINCH)

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts), f"{texts}")

    async def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Wait until something is so; fails with what is on the screen."""
        end = asyncio.get_running_loop().time() + _DEADLINE
        while not condition():
            assert asyncio.get_running_loop().time() < end, f"in vain: {what}; the screen:\n{self.text()}"
            await asyncio.sleep(0.02)

    async def ended(self) -> int:
        """Wait until the program has ended; return its exit code."""
        assert self._process is not None
        process = self._process
        await self.until(lambda: process.poll() is not None, "the end")
        return process.returncode

    def text(self) -> str:
        """Return the whole screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    def hang_up(self) -> None:
        """Go away. The program is told by the end of its input only: this is not the terminal that controls it."""
        if self._is_open:
            self._is_open = False
            asyncio.get_running_loop().remove_reader(self._ours)
            os.close(self._ours)
            os.close(self._theirs)

    async def close(self) -> None:
        """End the program, if it has not ended, and the terminal."""
        if self._process is not None:
            self._process.terminate()
            await asyncio.to_thread(self._process.wait, _DEADLINE)
        self.hang_up()

    def _read(self) -> None:
        try:
            piece = os.read(self._ours, 65536)
        except OSError:
            # Linux reports EIO when the other end of a terminal is closed.
            return
        self.written += piece
        # The emulator does not know the kitty keyboard protocol, which begins with `CSI >` or `CSI <`, and takes the
        # shape of a pointer (OSC 22) for a title.
        piece = piece.replace(b"\x1b]22;default\x07", b"")
        self._stream.feed(piece.replace(b"\x1b[>", b"\x1b[?").replace(b"\x1b[<", b"\x1b[?"))


@asynccontextmanager
async def on_terminal(
    command: Sequence[str], columns: int, lines: int, environment: Mapping[str, str]
) -> AsyncIterator[Terminal]:
    """Run a program on a terminal of this size, in colour unless the environment says otherwise."""
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    terminal = Terminal(columns, lines)
    try:
        terminal.start(command, {**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment})
        yield terminal
    finally:
        await terminal.close()
