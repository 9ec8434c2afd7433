"""The whole product over bad lines: cut, standing still, late, slow. The engine does its work all the same."""

import asyncio
import os
import re
import shlex
import signal
import socket
import struct
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from core.model.device import CertificateField
from core.service.paths import socket_path
from core.simulator.settings import CameraSettings, Timing
from tests.engine.cameras import served
from tests.engine.process import DEADLINE, EngineProcess, until
from tests.line import Line, on_line
from tests.report import Report
from tests.whole.test_terminal import LOBBY, add_lobby, command, gateway, stop
from tui.driver import HUNG_UP

BAUD_9600 = 960
LATENCY = 0.3
QUICK = Timing(key=0.5, switch=0.05, restart=0.2)
YARD = CameraSettings(name="Yard", host="127.0.11.3", serial="3", timing=QUICK)
ROOF = CameraSettings(name="Roof", host="127.0.11.5", serial="5", timing=QUICK)
GATE = CameraSettings(name="Gate", host="127.0.11.4", serial="4", timing=QUICK)
MOST_STALE = 32 * 1024
MOST_GROWN = 8 * 1024 * 1024
MOST_BEHIND = 5.0
QUIET_SECONDS = 2.0
SCREENS = (
    ("", "online"),
    ("enter", "issued by this gateway"),
    ("c", "Signature"),
    ("e", "newest first"),
    ("?", "Keys"),
)
LEAVES = b"\x1b[?1049l"
HEADING = "Bad lines"


class Installed(NamedTuple):
    """How long an install took, and the slowest answer meanwhile, in seconds."""

    took: float
    slowest: float


@asynccontextmanager
async def attached(engine: EngineProcess, *, rate: float | None = None, latency: float = 0.0) -> AsyncIterator[Line]:
    async with on_line(command(engine), rate=rate, latency=latency) as line:
        await line.sees("Lobby")
        yield line


async def is_at_its_end(engine: EngineProcess, name: str = "Lobby") -> bool:
    [view] = [view for view in await engine.devices() if view.name == name]
    return view.certificate_field is CertificateField.ARCULES and view.step is None


async def trusted(engine: EngineProcess) -> str | None:
    """Return the fingerprint that Lobby is trusted by, once its install is at its end."""
    await until(lambda: is_at_its_end(engine))
    [view] = [view for view in await engine.devices() if view.name == "Lobby"]
    return view.fingerprint


def modes(line: Line) -> int:
    """Return what the terminal does by itself with what is typed: the local modes of termios(3)."""
    local: int = termios.tcgetattr(line._theirs)[3]
    return local


def pid_of(engine: EngineProcess) -> int | None:
    """Return which process listens, if one does: the first camtrust started it."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(socket_path(engine.state)))
        except OSError:
            return None
        peer = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", peer)[0]
    return pid


def memory(pid: int | None) -> int:
    """Return the bytes that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def installs(engine: EngineProcess, camera: CameraSettings) -> Installed:
    """Add a camera and wait for its end, asking all the time."""
    began, slowest = monotonic(), 0.0
    await engine.add(camera.host)
    is_over = False
    while not is_over:
        asked = monotonic()
        is_over = await is_at_its_end(engine, camera.name)
        slowest = max(slowest, monotonic() - asked)
        assert monotonic() - began < DEADLINE
        await asyncio.sleep(0.05)
    return Installed(monotonic() - began, slowest)


class Behind:
    """How long the screen showed a step that was over."""

    def __init__(self) -> None:
        self.most = 0.0
        self._begun: dict[int, float] = {}

    def look(self, step: int, shown: int) -> None:
        """Compare what is so with what is shown."""
        now = monotonic()
        self._begun.setdefault(step, now)
        missed = [begun for number, begun in self._begun.items() if number > shown]
        self.most = max(self.most, now - min(missed, default=now))


def shown_step(line: Line) -> int:
    """Return which step is on the screen."""
    found = re.search(r"step (\d+) of", line.text())
    return int(found[1]) if found else 0


async def piles_up(line: Line) -> None:
    """Type ahead so much on a line that stands still that no more output fits into it."""
    for _ in range(8):
        line.press("?")
        await asyncio.sleep(0.05)
        line.press("q")
        await asyncio.sleep(0.05)


async def test_a_line_that_is_cut_in_mid_install_ends_the_screen_alone(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, [camera]):
        async with attached(engine) as line:
            await add_lobby(line)
            line.cut()
            assert await line.ended() == -signal.SIGHUP
        async with attached(engine) as line:
            await line.sees("adding")
            line.press("i")
            await line.sees(" of 10")
            await line.sees("finished after", "HTTPS (Arcules)")
        assert await trusted(engine) == await served(camera)


async def test_a_line_that_is_cut_ends_a_screen_that_was_told_to_ignore_hang_ups(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _):
        ignoring = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command(engine)]
        async with on_line(ignoring) as line:
            await line.sees("Lobby")
            line.cut()
            assert await line.ended() == HUNG_UP


async def test_a_screen_that_is_told_to_end_in_mid_install_leaves_the_terminal_as_it_was(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine) as line:
        assert not modes(line) & termios.ECHO
        await add_lobby(line)
        line.kill(signal.SIGTERM)
        assert await line.ended() == 143
        assert modes(line) & termios.ECHO
        assert modes(line) & termios.ICANON
        shown, _, after = line.written.rpartition(LEAVES)
        assert shown
        assert "1 device still being worked on: the engine goes on with it." in " ".join(after.decode().split())


async def test_what_stands_still_for_a_whole_install_holds_nobody_up(tmp_path: Path, report: Report) -> None:
    cameras = YARD, GATE, ROOF
    async with gateway(tmp_path, *cameras) as (engine, _), on_line(command(engine)) as line:
        await line.sees(*(camera.name for camera in cameras))
        undisturbed = await installs(engine, YARD)
        await line.sees("HTTPS (Arcules)")
        held = memory(pid_of(engine))

        line.stall()
        await piles_up(line)
        disturbed = await installs(engine, GATE)
        before, moved = line.received, monotonic()
        line.resume()
        await line.until(lambda: line.text().count("HTTPS (Arcules)") == 2)
        late = monotonic() - moved
        await line.settle(0.5)
        stale = line.received - before
        line.press("?")
        await line.sees("Keys")
        line.press("escape")

        line.kill(signal.SIGSTOP)
        stopped = await installs(engine, ROOF)
        grown = memory(pid_of(engine)) - held
        line.kill(signal.SIGCONT)
        await line.until(lambda: line.text().count("HTTPS (Arcules)") == 3)

        for name, install in (("line", disturbed), ("program", stopped)):
            figures = f"install {install.took:.2f} s, slowest answer {install.slowest * 1000:.0f} ms"
            report.add(HEADING, f"{name} stood still: {figures}")
            assert install.took < 2 * undisturbed.took
            assert install.slowest < 1.0
        report.add(HEADING, f"undisturbed: install {undisturbed.took:.2f} s; engine meanwhile +{grown >> 10} KiB")
        report.add(HEADING, f"line moved again: {stale} bytes, the present after {late:.2f} s")
        assert grown < MOST_GROWN
        assert stale < MOST_STALE


async def test_a_screen_is_told_to_end_while_its_line_stands_still(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine) as line:
        line.stall()
        await piles_up(line)
        line.kill(signal.SIGTERM)
        assert await line.ended() in (143, -signal.SIGALRM)


async def test_an_engine_is_replaced_while_the_line_stands_still(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine) as line:
        line.stall()
        await piles_up(line)
        before = pid_of(engine)
        await stop(engine)
        # The screen starts it again, as it does whenever it finds none.
        await until(lambda: pid_of(engine) not in (None, before))
        await engine.add(LOBBY.host)
        line.resume()
        # The new engine may not know its name yet.
        await line.sees("HTTPS (Arcules)", "online")


async def test_another_size_while_the_line_stands_still(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine) as line:
        line.stall()
        await piles_up(line)
        line.resize(120, 40)
        line.resume()
        await line.until(lambda: "Model" in line.screen.display[1] and "Enter Details" in line.screen.display[39])
        assert sum("Lobby" in row for row in line.screen.display) == 1
        line.resize(80, 24)
        await line.until(lambda: "Enter Details" in line.screen.display[23])


async def test_ctrl_s_and_ctrl_q_stop_nothing(tmp_path: Path) -> None:
    """The screens have them as keys, and Ctrl-Q ends them: the kernel would stop the output for good, unseen."""
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine) as line:
        assert not termios.tcgetattr(line._theirs)[0] & (termios.IXON | termios.IXOFF)
        line.press("\x13")
        await engine.add(LOBBY.host)
        await line.sees("adding")
        line.press("\x11")
        assert await line.ended() == 0


async def test_suspended_and_brought_back_in_a_shell(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _):
        shell = ["bash", "--norc", "--noprofile", "-i"]
        async with on_line(shell, environment={"PS1": "ready> "}) as line:
            await line.sees("ready>")
            line.press(*shlex.join(command(engine)), "enter")
            await line.sees("Lobby", "found")
            line.press("\x1a")
            await line.sees("Stopped")
            assert LEAVES in line.written
            line.press(*"echo $((6 * 7)) is echoed", "enter")
            await line.sees("echo $((6 * 7)) is echoed", "42 is echoed")
            line.press(*"fg", "enter")
            await line.until(lambda: "camtrust" in line.screen.display[0] and "Lobby" in line.screen.display[2])
            line.press("?")
            await line.sees("Keys")
            line.press("q")
            await line.sees("Lobby", "found")
            line.press("q")
            await line.until(lambda: line.written.endswith(b"ready> "))
            line.press(*"exit", "enter")
            await line.ended()


async def test_a_dialog_is_typed_ahead_of_a_late_echo(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _), attached(engine, latency=LATENCY) as line:
        line.press("a")
        await line.sees("SHA-256", "issued by itself")
        line.press(*LOBBY.user, "tab", *LOBBY.password, "enter")
        await line.sees("The camera makes its key", "of 10")


async def test_nothing_is_sent_while_nothing_changes(tmp_path: Path) -> None:
    async with gateway(tmp_path, YARD) as (engine, _), on_line(command(engine)) as line:
        await line.sees("Yard", "found")
        await installs(engine, YARD)
        await line.sees("HTTPS (Arcules)", "online")
        for key, text in SCREENS:
            if key:
                line.press(key)
            await line.sees(text)
            await line.settle(QUIET_SECONDS)
            if key:
                line.press("escape")
                await line.sees("Name", "Address", "Expires")


async def test_an_install_is_followed_at_9600_baud(tmp_path: Path, report: Report) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, _):
        began = monotonic()
        async with attached(engine, rate=BAUD_9600) as line:
            await line.sees("Enter Details")
            report.add(HEADING, f"9600 baud: first frame after {monotonic() - began:.2f} s, {line.received} bytes")
            line.press("a")
            await line.sees("SHA-256", "issued by itself")
            line.press(*LOBBY.user, "tab", *LOBBY.password, "enter")
            await line.sees(" of 10")
            behind = Behind()
            while not await is_at_its_end(engine):
                [view] = [view for view in await engine.devices() if view.name == "Lobby"]
                behind.look(view.step or 0, shown_step(line))
                await asyncio.sleep(0.05)
            ended = monotonic()
            await line.sees("finished after", "HTTPS (Arcules)")
            report.add(
                HEADING, f"9600 baud: steps at most {behind.most:.2f} s late, the end {monotonic() - ended:.2f} s late"
            )
            assert behind.most < MOST_BEHIND
