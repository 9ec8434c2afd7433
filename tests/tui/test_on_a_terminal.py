"""The real program on a real pseudo-terminal: the comparison is read and decided with the keyboard alone."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.model.messages import AcceptCertificate
from tests.terminal import Terminal, on_terminal
from tests.tui.engine import OTHER_PRINT, RESET, ScriptedEngine, blocked, review, serving

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


@asynccontextmanager
async def screens(path: Path, columns: int, lines: int, **environment: str) -> AsyncIterator[Terminal]:
    """Run the screens on a terminal of this size, attached to the engine at `path`."""
    async with on_terminal([sys.executable, "-c", _PROGRAM, str(path)], columns, lines, environment) as terminal:
        yield terminal


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}], ids=["colour", "no colour"])
@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 40)])
async def test_a_comparison_is_read_and_decided(
    engine: ScriptedEngine, tmp_path: Path, columns: int, lines: int, environment: dict[str, str]
) -> None:
    engine.show(blocked(14, "Loading dock", change=RESET), review(11, "Lobby"))
    async with serving(engine, tmp_path) as path, screens(path, columns, lines, **environment) as terminal:
        await terminal.sees("Loading dock", "1 BLOCKED")
        terminal.press("c")
        await terminal.sees(
            "!! Error with device certificate",
            "1 of 2",
            f"Probably: {RESET}",
            "!= Issuer      Arcules Gateway CA gw-042",
            "axis-b8a44f1c2d3e (itself)",
            "3f9a 12c0 88d1 4c70",
            "ef78 9012 3456 abcd",
            "> Keep the stored certificate: the device stays blocked",
        )
        coloured = any(cell.fg == "red" for line in terminal.screen.buffer.values() for cell in line.values())
        assert coloured is not bool(environment)
        # Its sign is reversed, so that it stands out on a terminal without colours too.
        row = next(number for number, line in enumerate(terminal.screen.display) if "!= Issuer" in line)
        assert terminal.screen.buffer[row][1].reverse
        terminal.press("pagedown")
        await terminal.sees("  = Size        1100 bytes")
        terminal.press("down", "down", *OTHER_PRINT[-8:], "down", *"ticket 7")
        await terminal.sees("[3456abcd", "[ticket 7")
        terminal.press("enter")
        await terminal.sees("Accepted: Loading dock is trusted", "HTTPS (Arcules), reviewed and accepted")
        assert AcceptCertificate(device="cam-14", fingerprint=OTHER_PRINT, reason="ticket 7") in engine.asked
        terminal.press("n")
        await terminal.sees("Lobby  192.168.20.11", "1 of 1", "> Keep it as it is")
        terminal.press("escape")
        await terminal.sees("1 review")
