"""The real program on a real pseudo-terminal: the comparison is read and decided with the keyboard alone."""

import asyncio
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pyte
import pytest

from core.model.messages import AcceptCertificate
from tests.tui.engine import OTHER_PRINT, RESET, ScriptedEngine, blocked, review, serving

_DEADLINE = 20.0
_PROGRAM = """
import sys
from datetime import UTC, datetime
from pathlib import Path

from core.service.client import Client
from tui.app import CamtrustApp

async def connect():
    return await Client.connect(Path(sys.argv[1]), watch=True)

now = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
CamtrustApp(connect, crash_folder=Path(sys.argv[1]).parent, clock=lambda: now).run(mouse=False)
"""
_KEYS = {"down": b"\x1b[B", "enter": b"\r", "escape": b"\x1b", "pagedown": b"\x1b[6~"}


class Terminal:
    """A terminal of our own with a program on it, whose output a VT100 emulator draws."""

    def __init__(self, columns: int, lines: int) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.written = b""
        self._stream = pyte.ByteStream(self.screen)
        self.ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self) -> None:
        """Draw what was written."""
        try:
            piece = os.read(self.ours, 65536)
        except OSError:
            # Linux reports EIO when the other end of a terminal is closed.
            return
        self.written += piece
        # The emulator does not know the kitty keyboard protocol, which begins with `CSI >` or `CSI <`.
        self._stream.feed(piece.replace(b"\x1b[>", b"\x1b[?").replace(b"\x1b[<", b"\x1b[?"))

    def press(self, *keys: str) -> None:
        """Press keys, each a name or a character."""
        for key in keys:
            os.write(self.ours, _KEYS.get(key, key.encode()))

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; fails with what is on the screen."""
        end = asyncio.get_running_loop().time() + _DEADLINE
        while not condition():
            assert asyncio.get_running_loop().time() < end, f"in vain; the screen:\n{self.text()}"
            await asyncio.sleep(0.02)

    def text(self) -> str:
        """Return the whole screen."""
        return "\n".join(line.rstrip() for line in self.screen.display)


@asynccontextmanager
async def terminal(path: Path, columns: int, lines: int, **environment: str) -> AsyncIterator[Terminal]:
    """Run the program on a terminal of this size, attached to the engine at `path`."""
    place = Terminal(columns, lines)
    inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    wanted = {**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}
    command = [sys.executable, "-c", _PROGRAM, str(path)]
    process = subprocess.Popen(command, stdin=place.theirs, stdout=place.theirs, stderr=place.theirs, env=wanted)
    asyncio.get_running_loop().add_reader(place.ours, place.read)
    try:
        yield place
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 20)
        asyncio.get_running_loop().remove_reader(place.ours)
        os.close(place.ours)
        os.close(place.theirs)


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colour", "no colour"])
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
async def test_a_comparison_is_read_and_decided(
    engine: ScriptedEngine, tmp_path: Path, columns: int, lines: int, environment: dict[str, str]
) -> None:
    engine.show(blocked(14, "Loading dock", change=RESET), review(11, "Lobby"))
    async with serving(engine, tmp_path) as path, terminal(path, columns, lines, **environment) as place:
        await place.sees("Loading dock", "1 BLOCKED")
        place.press("c")
        await place.sees(
            "!! Error with device certificate",
            "1 of 2",
            f"Probably: {RESET}",
            "!= Issuer      Arcules Gateway CA gw-042",
            "axis-b8a44f1c2d3e (itself)",
            "3f9a 12c0 88d1 4c70",
            "ef78 9012 3456 abcd",
            "> Keep the stored certificate: the device stays blocked",
        )
        coloured = any(cell.fg == "red" for line in place.screen.buffer.values() for cell in line.values())
        assert coloured is not bool(environment)
        # Its sign is reversed, so that it stands out on a terminal without colours too.
        row = next(number for number, line in enumerate(place.screen.display) if "!= Issuer" in line)
        assert place.screen.buffer[row][1].reverse
        place.press("pagedown")
        await place.sees("  = Size        1100 bytes")
        place.press("down", "down", *OTHER_PRINT[-8:], "down", *"ticket 7")
        await place.sees("[3456abcd", "[ticket 7")
        place.press("enter")
        await place.sees("Accepted: Loading dock is trusted", "HTTPS (Arcules), reviewed and accepted")
        assert AcceptCertificate(device="cam-14", fingerprint=OTHER_PRINT, reason="ticket 7") in engine.asked
        place.press("n")
        await place.sees("Lobby  192.168.20.11", "1 of 1", "> Keep it as it is")
        place.press("escape")
        await place.sees("1 review")
