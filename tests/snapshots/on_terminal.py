"""The same scenes with the program as a process of its own, on a terminal that an emulator draws."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.model.config import ScreenSettings
from tests.snapshots.stage import CHARACTERS, Scene, perform, serving
from tests.terminal import Terminal, on_terminal

_PROGRAM = """
import sys
from tui.terminal import prepare_environment
prepare_environment()
from pathlib import Path
import msgspec
from core.model.config import ScreenSettings
from tests.snapshots.stage import build, connector
path, program, screen = sys.argv[1:]
app = build(program, connector(Path(path)), msgspec.json.decode(screen, type=ScreenSettings))
app.run(mouse=False)
sys.exit(app.return_code)
"""


@dataclass
class Typist:
    """A technician at a terminal."""

    terminal: Terminal

    async def press(self, *keys: str) -> None:
        """Press keys."""
        self.terminal.press(*(CHARACTERS.get(key, key) for key in keys))

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.terminal.sees(*texts)


@asynccontextmanager
async def on_a_terminal(
    scene: Scene, folder: Path, screen: ScreenSettings, size: tuple[int, int], **environment: str
) -> AsyncIterator[Terminal]:
    """Run a scene up to where it is looked at."""
    settings = msgspec.json.encode(screen).decode()
    async with serving(scene, folder) as (path, end):
        command = [sys.executable, "-c", _PROGRAM, str(path), scene.program, settings]
        async with on_terminal(command, *size, environment) as terminal:
            await perform(scene, Typist(terminal), end)
            yield terminal
