"""The program on a stage: in this process, at a fixed time, on a scripted engine, in a terminal of any size."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol
from unittest.mock import patch

import msgspec
from textual.drivers.headless_driver import HeadlessDriver
from textual.events import Key, Resize
from textual.geometry import Size
from textual.pilot import Pilot

from core.model.config import ScreenSettings
from core.service.client import Client
from core.service.server import Server
from tests.snapshots.dump import Frame, lines
from tests.tui.engine import ScriptedEngine
from tui.app import CamtrustApp
from tui.engine_app import EngineApp
from tui.link import Engine
from tui.monitor.app import MonitorApp

NOW = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
_DEADLINE = 30.0
_PAUSE, _MOMENT = 0.03, 1.0
CHARACTERS = {"question_mark": "?", "colon": ":", "asterisk": "*", "slash": "/", "space": " "}
"""What is typed by the keys that have names."""
_HINT = "State folder: /home/tech1/.local/state/camtrust"
_ENVIRONMENT = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}

Program = Literal["screens", "monitor"]


class Player(Protocol):
    """A technician at a terminal. Keys have Textual's names."""

    async def press(self, *keys: str) -> None:
        """Press keys."""

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""


@dataclass(frozen=True)
class Scene:
    """Something to see: what the engine has, and what a technician does until it is on the screen.

    `ends` is what is seen before the engine ends; empty where it does not.
    """

    name: str
    prepare: Callable[[ScriptedEngine], None]
    play: Callable[[Player], Awaitable[None]]
    program: Program = "screens"
    ends: str = ""


def build(program: Program, connect: Callable[[], Awaitable[Engine]], screen: ScreenSettings) -> EngineApp:
    """Return a program as it is started, but for the time."""
    if program == "monitor":
        return MonitorApp(connect, screen=screen, clock=lambda: NOW)
    return CamtrustApp(connect, screen=screen, state_hint=_HINT, clock=lambda: NOW)


def connector(path: Path) -> Callable[[], Awaitable[Engine]]:
    """Return what connects once: after that there is silence, so that what is said of it stays the same."""
    tried: list[Path] = []

    async def connect() -> Engine:
        if tried:
            await asyncio.Event().wait()
        tried.append(path)
        client = await Client.connect(path, watch=True)
        client.welcome = msgspec.structs.replace(client.welcome, user="tech1")
        return client

    return connect


@dataclass
class Stage:
    """A program that runs."""

    app: EngineApp
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        """Press keys, as fast as a terminal that had them all: to wait for what they do is a matter of `sees`."""
        assert self.app._driver is not None
        for key in keys:
            character = CHARACTERS.get(key, key if len(key) == 1 else None)
            self.app._driver.send_message(Key(key, character))

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self._until(lambda: all(text in self.text() for text in texts), f"{texts}")

    def text(self) -> str:
        """Return the screen."""
        return "\n".join(lines(self.frame()))

    def frame(self) -> Frame:
        """Return what a terminal would be sent."""
        return self.app._frame()

    async def resized(self, columns: int, rows: int) -> Frame:
        """Return the frame at another size, once nothing moves any more."""
        size = Size(columns, rows)
        assert isinstance(self.app._driver, HeadlessDriver)
        self.app._driver._size = size
        self.app.post_message(Resize(size, size))
        before: Frame = []

        def is_still() -> bool:
            nonlocal before
            last, before = before, self.frame()
            return last == before and self.app.screen._compositor.size == size

        await self._until(is_still, f"a frame of {columns}x{rows} that stays")
        return before

    async def _until(self, condition: Callable[[], bool], what: str) -> None:
        end = asyncio.get_running_loop().time() + _DEADLINE
        while not condition():
            assert asyncio.get_running_loop().time() < end, f"in vain: {what}; the screen:\n{self.text()}"
            await self._settled()

    async def _settled(self) -> None:
        """Wait until what is to be done now is done, and drawn. That the process rests is no sign: others play too."""
        await self.pilot._wait_for_screen()
        is_drawn = asyncio.Event()
        self.app.screen.call_after_refresh(is_drawn.set)
        with suppress(TimeoutError):
            # A screen that is being left draws no more.
            async with asyncio.timeout(_MOMENT):
                await is_drawn.wait()
        await asyncio.sleep(_PAUSE)


@asynccontextmanager
async def serving(scene: Scene, folder: Path) -> AsyncIterator[tuple[Path, Callable[[], Awaitable[None]]]]:
    """Serve a scene's engine; yield its socket, and what ends it."""
    engine = ScriptedEngine()
    scene.prepare(engine)
    server = Server(engine, engine.board, folder / "engine.log")
    path = folder / "engine.sock"
    await server.start(path)

    async def end() -> None:
        await server.close("The engine was ended")

    try:
        yield path, end
    finally:
        await end()


async def perform(scene: Scene, player: Player, end: Callable[[], Awaitable[None]]) -> None:
    """Play a scene to where it is looked at."""
    if scene.ends:
        await player.sees(scene.ends)
        await end()
    await scene.play(player)


@asynccontextmanager
async def on_stage(
    scene: Scene, folder: Path, screen: ScreenSettings, environment: Mapping[str, str], size: tuple[int, int]
) -> AsyncIterator[Stage]:
    """Run a scene, on a terminal that an environment tells of, up to where it is looked at.

    How things are drawn is decided for the whole process: several may run at once only where all look the same.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLORTERM")}
    async with serving(scene, folder) as (path, end):
        with patch.dict(os.environ, {**inherited, **_ENVIRONMENT, **environment}, clear=True):
            app: EngineApp = build(scene.program, connector(path), screen)
        async with app.run_test(size=size) as pilot:
            stage = Stage(app, pilot)
            await perform(scene, stage, end)
            yield stage
