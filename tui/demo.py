"""The demo: a simulated site, an engine of its own on it, and a state folder that is thrown away at the end."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from core.model.errors import CamtrustError
from tui.attach import Place, attach, note, run
from tui.ending import kill, stop_engine, watched
from tui.simulation import LOOPBACK, PASSWORD, USER, SimulatedSite

if TYPE_CHECKING:
    from core.model.config import Config

# Main screen, cursor, keyboard and pasting as usual (xterm control sequences, kitty keyboard protocol).
_LEAVE_SCREEN = b"\x1b[?1049l\x1b[?25h\x1b[?2004l\x1b[<u"
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_LONGEST_END = 10.0
_PACED = {"check_period": 5.0}
_FAST = {"check_period": 0.5, "patience": 20.0, "restart_patience": 20.0}


def run_screen(config: Config, *, fast: bool) -> int:
    """Show the screens on a simulated site until the technician leaves them; `config` tells how they look."""
    with simulated_site(fast=fast) as (place, site):
        note(f"{len(site.cameras)} simulated cameras. Their login is filled in: {USER}, {PASSWORD}")
        return _screens(place, config)


def run_headless(*, fast: bool, as_json: bool) -> int:
    """Add every camera of a simulated site without a screen, print what became of each, return 0 if all went well."""
    from tui.headless import add_all

    with simulated_site(fast=fast) as (place, site):
        return run(_until_told(add_all(place, site, fast=fast, as_json=as_json)))


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """Do the work to its end, or to where it can be left when a signal comes: anywhere else would leave halves."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    told: list[int] = []

    def end(number: int) -> None:
        told.append(number)
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end, number)
    try:
        return await task
    except asyncio.CancelledError:
        if told:
            return 128 + told[0]
        raise


@contextmanager
def simulated_site(*, fast: bool) -> Iterator[tuple[Place, SimulatedSite]]:
    """Set everything up, and end it whatever happens; a signal that ends this process does so in order."""
    with ExitStack() as stack:
        stack.enter_context(_signals_unwind())
        folder = Path(stack.enter_context(_throw_away_folder()))
        site = stack.enter_context(SimulatedSite(fast=fast))
        place = _place(folder, site, fast=fast)
        stack.enter_context(_engine(place))
        stack.callback(_ignore_signals)
        yield place, site


@contextmanager
def _throw_away_folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="camtrust-demo-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _place(folder: Path, site: SimulatedSite, *, fast: bool) -> Place:
    from core.service.paths import socket_path

    config = folder / "config.toml"
    config.write_text(_config(site, fast=fast), encoding="utf-8")
    state_dir = folder / "state"
    return Place(state_dir=state_dir, socket=socket_path(state_dir), config=config)


def _config(site: SimulatedSite, *, fast: bool) -> str:
    """Return the settings of the demo's engine. It ends by itself soon after nobody is attached any more."""
    settings: dict[str, str | float] = {"linger": 30.0, **(_FAST if fast else _PACED)}
    lines = [f"{name} = {value}" for name, value in settings.items()]
    ports = [f"{name} = {port}" for name, port in site.ports.items()]
    return "\n".join(['gateway = "demo"', f'interfaces = ["{LOOPBACK}"]', *lines, "[discovery]", *ports, ""])


def _screens(place: Place, config: Config) -> int:
    """Run the screens in a process of their own, so that this one can clean up however they end."""
    import msgspec

    where = [str(place.state_dir), str(place.socket)]
    command = [sys.executable, "-I", "-m", "tui.demo_screens", *where, msgspec.json.encode(config).decode()]
    before = termios.tcgetattr(sys.stderr)
    process = subprocess.Popen(command)  # noqa: S603 - our own interpreter and module
    try:
        process.wait()
    finally:
        _end_process(process)
        if process.returncode < 0:
            _give_back_terminal(before)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


def _end_process(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_LONGEST_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _give_back_terminal(before: list[Any]) -> None:
    """Set the terminal as it was, for screens that had no time to do it. It may be gone, as the reason to end."""
    with suppress(OSError, termios.error):
        termios.tcsetattr(sys.stderr, termios.TCSANOW, before)
        os.write(sys.stderr.fileno(), _LEAVE_SCREEN)


@contextmanager
def _engine(place: Place) -> Iterator[None]:
    """Start the demo's engine, and have it ended at the end."""
    pid = run(_started(place))
    with watched(pid) as process:
        try:
            yield
        finally:
            # It may have ended by itself, and it may be stuck.
            with suppress(CamtrustError):
                run(stop_engine(place, force=True, patience=_LONGEST_END))
            kill(process)


async def _started(place: Place) -> int:
    from core.model.messages import Role

    client, _ = await attach(place, Role.VIEWER)
    async with client:
        return client.welcome.status.pid


@contextmanager
def _signals_unwind() -> Iterator[None]:
    """Leave by `SystemExit` when asked to end or when the terminal goes."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> NoReturn:
    _ignore_signals()
    raise SystemExit(128 + number)


def _ignore_signals() -> None:
    """Let nothing interrupt the cleaning up, which takes seconds at most."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
