"""What is done about the terminal and the environment before anything is drawn, and how the program leaves them."""

import signal
from pathlib import Path

import pytest

from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult, Rescan, Role
from core.service.client import Client
from tests.tui.driving import NOW, Running, running
from tests.tui.engine import ScriptedEngine, added, blocked, found, serving
from tests.tui.test_link import run_on_a_terminal
from tui.app import CamtrustApp
from tui.terminal import prepare_environment, unusable


def test_what_loads_code_presses_keys_or_writes_files_is_removed_from_the_environment() -> None:
    environ = {
        "TEXTUAL": "debug,devtools",
        "TEXTUAL_DRIVER": "evil:Driver",
        "TEXTUAL_PRESS": "D,down,enter",
        "TEXTUAL_LOG": "/tmp/log",
        "TEXTUAL_SCREENSHOT": "1",
        "TEXTUAL_FPS": "many",
        "TEXTUAL_COLOR_SYSTEM": "standard",
        "TERM": "xterm",
    }
    prepare_environment(environ)
    assert environ == {
        "TEXTUAL_THEME": "ansi-dark",
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_FPS": "120",
        "TEXTUAL_SMOOTH_SCROLL": "0",
        "TEXTUAL_COLOR_SYSTEM": "standard",
        "TERM": "xterm",
    }


def test_a_persons_own_choice_stays_and_the_console_gets_no_kitty_keys() -> None:
    environ = {"TEXTUAL_FPS": "10", "TEXTUAL_ANIMATIONS": "full", "TERM": "linux"}
    prepare_environment(environ)
    assert (environ["TEXTUAL_FPS"], environ["TEXTUAL_ANIMATIONS"]) == ("10", "full")
    assert environ["TEXTUAL_DISABLE_KITTY_KEY"] == "1"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_that_cannot_move_its_cursor_is_refused(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    monkeypatch.setenv("TERM", term)
    assert "cannot move its cursor" in (unusable() or "")


def test_no_terminal_is_refused_and_a_terminal_is_not() -> None:
    ask = "from tui.terminal import unusable; import sys; sys.stdout.write(repr(unusable()))"
    assert run_on_a_terminal(ask) == (0, "None")
    redirected = "import os; os.dup2(os.open(os.devnull, os.O_RDWR), 2);" + ask
    assert "The error output, which screens are drawn on, is not a terminal." in run_on_a_terminal(redirected)[1]


TERMINATED = """
import asyncio, os, signal, sys
from tui.app import CamtrustApp

async def connect():
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.Event().wait()

app = CamtrustApp(connect)
app.run(mouse=False)
sys.exit(app.return_code)
"""


def test_a_sigterm_leaves_the_terminal_as_it_was() -> None:
    code, written = run_on_a_terminal(TERMINATED)
    assert code == 128 + signal.SIGTERM
    assert written.index("\x1b[?1049h") < written.index("\x1b[?1049l")


async def test_without_colours_the_cursor_is_still_to_be_seen(
    engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    engine.show(added(2, "Gate"), added(3, "Roof"), blocked(4, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        await run.press("down")
        strips = run.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        assert not any(style.color and style.color.name in ("red", "blue", "cyan", "yellow") for style in styles)
        reversed_lines = [
            number
            for number, strip in enumerate(strips)
            if all(segment.style and segment.style.reverse for segment in strip)
        ]
        assert reversed_lines == [3]


async def test_ctrl_c_leaves_from_anywhere_as_the_shell_expects(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, engine) as run:
        await run.press("a")
        await run.sees("Add a device")
        await run.press("ctrl+c")
        await run.until(lambda: not run.app.is_running)
        assert run.app.return_code == 130


async def test_an_error_that_is_too_long_for_the_status_line_gets_a_window(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("The network cannot be asked", "Every interface is down; bring one up, such as eth1. " * 3)

    engine.answers[Rescan] = refuse
    async with running(tmp_path, engine) as run:
        await run.press("R")
        await run.sees("The network cannot be asked", "Every interface is down", "Enter Close")
        await run.press("enter")
        await run.no_longer_sees("The network cannot be asked")


async def test_a_viewer_is_told_that_it_may_only_look(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with serving(engine, tmp_path) as path:

        async def connect() -> Client:
            return await Client.connect(path, role=Role.VIEWER, watch=True)

        app = CamtrustApp(connect, crash_folder=tmp_path, clock=lambda: NOW)
        async with app.run_test(size=(80, 24)) as pilot:
            run = Running(app, pilot, engine)
            await run.sees("(viewer)", "Gate")
            for key in ("a", "D", "R"):
                await run.press(key)
                await run.sees("A viewer may look, and change nothing.")
            await run.press("enter")
            await run.sees("SHA-256       3f9a")


async def test_many_addresses_can_be_paged_through(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(found(number) for number in range(10, 30)))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("asterisk", "a")
        await run.sees("Bring 20 devices to HTTPS", "PgDn More", "192.168.20.10 ")
        await run.press(*["pagedown"] * 8)
        await run.sees("192.168.20.29 ", "Enter Begin")
