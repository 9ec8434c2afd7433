"""Driving the real app: run it against a scripted engine, and read its screen as text."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from textual.events import Paste
from textual.pilot import Pilot

from core.model.records import Login
from tests.tui.engine import ScriptedEngine, connector, serving
from tui.app import CamtrustApp

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
_DEADLINE = 5.0


@dataclass
class Running:
    """A running app. `screen()` is what is on it."""

    app: CamtrustApp
    pilot: Pilot[None]
    engine: ScriptedEngine

    def screen(self) -> list[str]:
        """Return the lines on the screen."""
        strips = self.app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip) for strip in strips]

    def text(self) -> str:
        """Return the whole screen."""
        return "\n".join(line.rstrip() for line in self.screen())

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Type a text."""
        await self.pilot.press(*("space" if character == " " else character for character in text))

    async def paste(self, text: str) -> None:
        """Paste a text."""
        focused = self.app.screen.focused
        assert focused is not None
        focused.post_message(Paste(text))
        await self.pilot.pause()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; fails with what is on the screen."""
        end = asyncio.get_running_loop().time() + _DEADLINE
        while not condition():
            assert asyncio.get_running_loop().time() < end, f"in vain; the screen:\n{self.text()}"
            await self.pilot.pause()
            await asyncio.sleep(0.01)

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts))

    async def no_longer_sees(self, text: str) -> None:
        """Wait until a text is not on the screen."""
        await self.until(lambda: text not in self.text())


@asynccontextmanager
async def running(
    folder: Path,
    engine: ScriptedEngine,
    *,
    size: tuple[int, int] = (80, 24),
    login: Login | None = None,
    keys: Mapping[str, str] = MappingProxyType({}),
    state_hint: str = "",
) -> AsyncIterator[Running]:
    """Run the app on a scripted engine, at a fixed time."""
    async with serving(engine, folder) as path:
        app = CamtrustApp(
            connector(path), keys=keys, login=login, state_hint=state_hint, crash_folder=folder, clock=lambda: NOW
        )
        async with app.run_test(size=size) as pilot:
            run = Running(app, pilot, engine)
            await run.until(lambda: app.session.is_up)
            yield run
