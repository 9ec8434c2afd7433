"""Four screens on one engine: what one changes all see, and what is a person's own stays so."""

import asyncio
import statistics
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from core.model.device import Connection
from core.model.messages import RemoveDevice, Role
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks
from tests.engine.cameras import served
from tests.engine.process import EngineProcess, engine_process, until
from tests.report import Report
from tests.terminal import Terminal
from tests.whole.test_terminal import screens
from tui.session import Session

UNWATCHED = "check_period = 3600\nretry_period = 3600"
LATEST = 5.0
"""Seconds after which a change must be everywhere even on a busy machine; the report tells how long it really took."""


@asynccontextmanager
async def watching(engine: EngineProcess, role: Role) -> AsyncIterator[Session]:
    """Follow the engine as a screen does, with no screen."""

    async def connect() -> Client:
        return await Client.connect(socket_path(engine.state), role=role, watch=True)

    session = Session(connect, lambda _: None)
    running = asyncio.create_task(session.link.run())
    try:
        await until(lambda: session.is_up)
        yield session
    finally:
        running.cancel()
        await asyncio.wait([running])


async def seen_after(everywhere: Callable[[], bool]) -> float:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    await until(everywhere, LATEST)
    return loop.time() - begun


class Site:
    """Two operators on terminals, and two who only look."""

    def __init__(self, ann: Terminal, bob: Terminal, viewers: tuple[Session, Session]) -> None:
        self.ann, self.bob, self.viewers = ann, bob, viewers

    def shows(self, address: str) -> bool:
        """Tell whether all four show a device."""
        on_screens = all(address in terminal.text() for terminal in (self.ann, self.bob))
        return on_screens and all(self._knows(viewer, address) for viewer in self.viewers)

    def shows_nowhere(self, address: str) -> bool:
        """Tell whether none shows it."""
        on_screens = any(address in terminal.text() for terminal in (self.ann, self.bob))
        return not on_screens and not any(self._knows(viewer, address) for viewer in self.viewers)

    def _knows(self, viewer: Session, address: str) -> bool:
        return any(view.address == address for view in viewer.site.devices.values())


@asynccontextmanager
async def four(engine: EngineProcess) -> AsyncIterator[Site]:
    async with AsyncExitStack() as stack:
        ann, bob = [await stack.enter_async_context(screens(engine, 80, 24)) for _ in range(2)]
        first, second = [await stack.enter_async_context(watching(engine, Role.VIEWER)) for _ in range(2)]
        for terminal in (ann, bob):
            await terminal.sees("State", " +3 ")
        yield Site(ann, bob, (first, second))


async def test_what_one_changes_is_on_all_four_within_a_second(tmp_path: Path, report: Report) -> None:
    async with engine_process(tmp_path, UNWATCHED) as engine, four(engine) as site:
        took = []
        for number in range(1, 6):
            address = f"127.0.12.{number}:1"
            device = await engine.add(address)
            took.append(await seen_after(partial(site.shows, address)))
            async with await Client.connect(socket_path(engine.state)) as client:
                await client.ask(RemoveDevice(device=device.id))
            took.append(await seen_after(partial(site.shows_nowhere, address)))
        report.add(
            "Several people",
            f"A change is on two terminals and two viewers after {statistics.median(took):.2f} s, at most "
            f"{max(took):.2f} s ({len(took)} changes).",
        )


async def test_filter_marks_and_cursor_are_each_persons_own(tmp_path: Path) -> None:
    async with engine_process(tmp_path, UNWATCHED) as engine:
        await engine.add_all([f"127.0.12.{number}:1" for number in (1, 2, 3)])
        async with four(engine) as site:
            for terminal in (site.ann, site.bob):
                await terminal.sees("3 offline", "127.0.12.1:1 does not answer")
            site.ann.press(" ")
            await site.ann.sees("*.", "127.0.12.2:1 does not answer")
            site.ann.press("/")
            await site.ann.sees("Enter Keep")
            site.ann.press(*"12.3", "enter")
            await site.ann.sees("Filter 12.3")
            await site.ann.until(lambda: "127.0.12.1:1" not in site.ann.text(), "the filter")
            # By the time that something later is on all screens, Bob's could have been disturbed.
            await engine.add("127.0.12.33:1")
            await until(lambda: site.shows("127.0.12.33:1"))
            assert all(f"127.0.12.{number}:1" in site.bob.text() for number in (1, 2, 3))
            assert "127.0.12.1:1 does not answer" in site.bob.text()
            assert not any(own in site.bob.text() for own in ("Filter 12.3", "*."))


async def test_the_second_is_told_at_once_who_decided_what_and_decides_no_more(tmp_path: Path) -> None:
    settings = CameraSettings(quirks=Quirks(new_certificate_at_boot=True))
    async with Camera(settings) as camera, engine_process(tmp_path) as engine, four(engine) as site:
        device = await engine.add(f"{camera.host}:{camera.https_port}")
        await until(lambda: _is(site.viewers[0], device.id, Connection.ONLINE))
        await camera.power_cut()
        presented = await served(camera)
        for terminal in (site.ann, site.bob):
            await terminal.sees("BLOCKED")
            terminal.press("c")
            await terminal.sees("Keep the stored certificate", "Accept the presented one")
        site.bob.press("down", "down", *"ye")
        site.ann.press("down", "down", *presented[-8:], "enter")
        await site.ann.sees("Accepted")
        await site.bob.sees("accepted the presented certificate at", "There is nothing to decide here any more:")
        await site.bob.sees("reviewed and accepted")
        assert "Keep the stored certificate" not in site.bob.text()
        [view] = await engine.devices()
        assert view.fingerprint == presented


def _is(viewer: Session, device: str, connection: Connection) -> bool:
    view = viewer.site.devices.get(device)
    return view is not None and view.connection is connection
