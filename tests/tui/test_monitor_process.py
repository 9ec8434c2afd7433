"""The wall as a process on a pseudo-terminal: its engine is killed and comes back, and it needs no rights."""

import os
import sys
import tempfile
from pathlib import Path

import pytest

from core.service.paths import socket_path
from tests.cli.shell import PROGRAM
from tests.engine.process import engine_process
from tests.terminal import on_terminal
from tests.tui.engine import ScriptedEngine, blocked, serving
from tests.tui.monitor import STRANGER


async def test_the_engine_is_killed_and_comes_back_and_the_wall_with_it(tmp_path: Path) -> None:
    async with engine_process(tmp_path) as engine:
        command = [str(PROGRAM), "--socket", str(socket_path(engine.state)), "monitor"]
        async with on_terminal(command, 80, 24, {"HOME": str(tmp_path)}) as terminal:
            await terminal.sees("gw-test", "No device is added yet.", "watching · last word")
            engine.kill()
            await terminal.sees("!! NO WORD FOR", "This screen comes back by itself.", "OLD: last word")
            # The whole width of the block is in reverse, colours or not.
            row = next(number for number, line in enumerate(terminal.screen.display) if "NO WORD" in line)
            assert sum(cell.reverse for cell in terminal.screen.buffer[row].values()) == 78
            await engine.start()
            await terminal.sees("watching · last word")
            assert "OLD" not in terminal.text()
            terminal.press("q")
            assert await terminal.ended() == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
async def test_an_account_that_may_only_look_is_enough(engine: ScriptedEngine) -> None:
    engine.show(blocked(14, "Loading dock"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        async with serving(engine, folder) as path:
            path.chmod(0o666)
            command = [sys.executable, "-c", STRANGER, "--socket", str(path), "monitor"]
            async with on_terminal(command, 80, 24, {"HOME": "/nonexistent"}) as terminal:
                await terminal.sees("!! Loading dock", "watching · last word")
                terminal.press("q")
                assert await terminal.ended() == 0
