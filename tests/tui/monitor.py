"""A site for the wall, and the wall on it: running on a scripted engine, at a time that a test moves."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from core.model.config import ScreenSettings
from core.model.device import AttentionKind, Connection, DeviceView
from core.model.messages import Event, Update
from tests.tui.driving import NOW, Running
from tests.tui.engine import ScriptedEngine, added, connector, serving
from tui.link import LinkState
from tui.monitor.app import MonitorApp
from tui.monitor.freshness import Freshness
from tui.monitor.pages import begun
from tui.monitor.rows import troubles
from tui.monitor.wall import View, frame, layout
from tui.paragraphs import Line
from tui.site import Site

STRANGER = """
import contextlib, io, os, sys
import tui.cli, tui.monitor.app

# Where Python itself is private, all that is loaded late has to be loaded before.
wanted, sys.argv = sys.argv, [*sys.argv[:3], "monitor", "--once"]
with contextlib.redirect_stdout(io.StringIO()):
    tui.cli.main()
sys.argv = wanted
os.setgroups([]); os.setgid(65534); os.setuid(54321)
sys.exit(tui.cli.main())
"""
"""Runs `camtrust --socket FILE monitor` as an account that may write nowhere."""


def offline(number: int, name: str, **more: object) -> DeviceView:
    """Return a device that does not answer."""
    fields: dict[str, Any] = {
        "attention": "The camera does not answer",
        "attention_kind": AttentionKind.UNREACHABLE,
        "since": "2026-11-24T06:50:00Z",
        **more,
    }
    return added(number, name, Connection.OFFLINE, **fields)


def expiring(number: int, name: str, kind: AttentionKind = AttentionKind.EXPIRING, **more: Any) -> DeviceView:
    """Return a device whose certificate ends soon, or has ended."""
    return added(number, name, attention="Certificate expires in 19 days", attention_kind=kind, **more)


def happened(seq: int, before: timedelta, kind: str = "offline", who: str = "camtrust") -> Event:
    """Return an event of so long ago."""
    return Event(seq, (NOW - before).isoformat(), who, kind, f"{kind}: it is told", "cam-12", "Roof west")


def site_of(*devices: DeviceView, events: Sequence[Event] = ()) -> Site:
    """Return what an engine told."""
    site = Site()
    site.restart(devices)
    site.apply(Update(events=tuple(events), status=ScriptedEngine().status), NOW)
    return site


def fresh(ago: float | None = 1.0, *, is_up: bool = True, title: str = "", now: datetime = NOW) -> Freshness:
    """Return that the engine was heard so many seconds ago, None if never."""
    heard = None if ago is None else now - timedelta(seconds=ago)
    return Freshness(now, LinkState(is_up, None, title), heard)


def wall(
    site: Site,
    width: int = 78,
    height: int = 23,
    *,
    freshness: Freshness | None = None,
    page: int = 0,
    slow: bool = False,
    with_keys: bool = False,
) -> list[Line]:
    """Return the wall of a site in a new round."""
    parts = layout(height)
    told = troubles(site.devices.values(), NOW)
    around = begun([view.id for view in told.blocked], [view.id for view in told.others], parts.rows)
    return frame(View(site, freshness or fresh(), around, page, slow, with_keys), width, parts)


def text(line: Line) -> str:
    """Return the text of a line."""
    return "".join(part for part, _ in line)


def texts(lines: Sequence[Line]) -> str:
    """Return lines as text."""
    return "\n".join(text(line).rstrip() for line in lines)


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Watching(Running):
    """A wall that is running."""

    clock: Clock


@asynccontextmanager
async def monitor(
    path: Path, engine: ScriptedEngine, clock: Clock, *, ascii_only: bool = False
) -> AsyncIterator[Watching]:
    """Run the wall on whatever listens at `path`, in 80x24."""
    app = MonitorApp(connector(path), screen=ScreenSettings(ascii=ascii_only), crash_folder=path.parent, clock=clock)
    async with app.run_test(size=(80, 24)) as pilot:
        yield _watching(app, pilot, engine, clock)


def _watching(app: MonitorApp, pilot: Pilot[None], engine: ScriptedEngine, clock: Clock) -> Watching:
    # Of the app, only what both programs have is used.
    return Watching(app, pilot, engine, clock)  # type: ignore[arg-type]


@asynccontextmanager
async def watching(folder: Path, engine: ScriptedEngine, *, ascii_only: bool = False) -> AsyncIterator[Watching]:
    """Run the wall on a scripted engine."""
    async with serving(engine, folder) as path, monitor(path, engine, Clock(), ascii_only=ascii_only) as run:
        await run.until(lambda: run.app.session.is_up)
        yield run
