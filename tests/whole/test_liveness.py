"""An engine that is stopped, and a screen that is: what is shown is called old when it is, and only then."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from core.service.client import Client
from core.service.paths import socket_path
from tests.engine.process import EngineProcess, engine_process, until
from tests.tui.driving import Running
from tests.tui.engine import ScriptedEngine, connector
from tui.app import CamtrustApp
from tui.link import Link
from tui.session import Session
from tui.site import Change

ASK_AFTER, LOST_AFTER = 0.5, 1.5
UNWATCHED = "check_period = 3600"


@contextmanager
def stopped(engine: EngineProcess) -> Iterator[None]:
    """Let the engine's process stand still meanwhile."""
    os.kill(engine.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(engine.pid, signal.SIGCONT)


@asynccontextmanager
async def linked(engine: EngineProcess, publish: Callable[[Change], None]) -> AsyncIterator[Session]:
    async def connect() -> Client:
        return await Client.connect(socket_path(engine.state), watch=True)

    session = Session(connect, publish)
    session.link = Link(connect, session, (0.1,), ask_after=ASK_AFTER, lost_after=LOST_AFTER)
    running = asyncio.create_task(session.link.run())
    try:
        await until(lambda: session.is_up)
        yield session
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_screen_says_that_its_data_is_old_while_the_engine_is_stopped(tmp_path: Path) -> None:
    async with engine_process(tmp_path, UNWATCHED) as engine:
        device = await engine.add("127.0.0.1:1")
        app = CamtrustApp(connector(socket_path(engine.state)), crash_folder=tmp_path)
        app.session.link = Link(
            app.session.link._connect, app.session, (0.1,), ask_after=ASK_AFTER, lost_after=LOST_AFTER
        )
        async with app.run_test(size=(80, 24)) as pilot:
            run = Running(app, pilot, ScriptedEngine())
            await run.sees(device.name, "1 device")
            with stopped(engine):
                # Whatever was on its way has been read by then.
                heard = app.session.heard_at
                await run.sees("OLD, as of", "The engine has not said a word for 1.5 s")
                assert app.session.lost_at is not None and heard is not None and app.session.lost_at >= heard
                assert device.name in run.text()
            await run.no_longer_sees("OLD, as of")
            await run.sees(device.name, "1 device")
        # The app does not wait for its connection to be closed.
        await until(lambda: len(asyncio.all_tasks()) == 1)


async def test_an_engine_that_is_stopped_for_less_is_not_lost(tmp_path: Path) -> None:
    changes: list[Change] = []
    async with engine_process(tmp_path, UNWATCHED) as engine, linked(engine, changes.append) as session:
        changes.clear()
        with stopped(engine):
            await asyncio.sleep(LOST_AFTER - ASK_AFTER)
        heard = session.heard_at
        await until(lambda: session.heard_at != heard)
        assert Change(link=True) not in changes


async def test_a_screen_that_stood_still_itself_reads_first_what_the_engine_said_meanwhile(tmp_path: Path) -> None:
    changes: list[Change] = []
    async with engine_process(tmp_path, UNWATCHED) as engine, linked(engine, changes.append) as session:
        changes.clear()
        with stopped(engine):
            # It has been silent for almost too long when this process stops too, as on a stalled terminal.
            await asyncio.sleep(LOST_AFTER - ASK_AFTER / 2)
        time.sleep(3 * LOST_AFTER)
        heard = session.heard_at
        await until(lambda: session.heard_at != heard)
        await asyncio.sleep(2 * ASK_AFTER)
        assert Change(link=True) not in changes
