"""Who else is attached: on the title line, and as a list on a screen of its own."""

from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from core.model.messages import Attached, Role, Status, Welcome
from core.service.client import Client, terminal_name
from tests.tui.driving import NOW, Running
from tests.tui.engine import ScriptedEngine, added, connector, serving
from tui.app import CamtrustApp
from tui.paragraphs import length
from tui.people import people_lines, this_screen

MORNING = datetime(2026, 11, 24, 7, 5, tzinfo=UTC)
WELCOME = Welcome(1, Role.OPERATOR, "tech1", Status("gw-042", "0.1.0", 1))
TECH1 = Attached("tech1", Role.OPERATOR, "2026-11-24T07:02:00Z", "pts/3")
WALL = Attached("noc", Role.VIEWER, "2026-11-22T09:00:00Z", "tty1")


def told(*attached: Attached, mine: Attached | None = None, width: int = 80) -> list[str]:
    lines = people_lines(attached, mine, MORNING, width)
    assert max(map(length, lines)) <= width
    return ["".join(text for text, _ in line).rstrip() for line in lines]


def test_each_is_told_with_role_terminal_and_since_when() -> None:
    assert told(TECH1, WALL, mine=TECH1)[:3] == [
        " Who               May be              Terminal         Since",
        " noc               viewer, looks only  tty1             11-22 09:00",
        " tech1             operator            pts/3            07:02 (this one)",
    ]
    assert told(TECH1, WALL, mine=WALL, width=60)[:3] == [
        " Who        May be   Terminal         Since",
        " noc        viewer   tty1             11-22 09:00 (this one)",
        " tech1      operator pts/3            07:02",
    ]


def test_a_screen_knows_itself_unless_another_looks_just_like_it() -> None:
    assert this_screen((WALL, TECH1), WELCOME, "pts/3") is TECH1
    assert this_screen((WALL, TECH1), WELCOME, "pts/4") is None
    assert this_screen((TECH1, TECH1), WELCOME, "pts/3") is None
    assert this_screen((TECH1,), None, "pts/3") is None


async def test_who_is_attached_is_counted_and_listed_as_they_come_and_go(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Gate"))
    async with AsyncExitStack() as stack:
        path = await stack.enter_async_context(serving(engine, tmp_path))
        app = CamtrustApp(connector(path), crash_folder=tmp_path, clock=lambda: NOW)
        run = Running(app, await stack.enter_async_context(app.run_test(size=(80, 24))), engine)
        await run.sees("1 device")
        assert " +" not in run.screen()[0]
        wall = await Client.connect(path, role=Role.VIEWER, watch=True)
        stack.push_async_callback(wall.close)
        await run.sees(" +1 · 1 device")
        await run.press("W")
        await run.sees(" 2 screens on this engine", "operator", "viewer, looks only", "(this one)")
        assert (terminal_name() or "none") in run.text()
        await wall.close()
        await run.sees(" 1 screen on this engine")
        await run.no_longer_sees("viewer, looks only")
        await run.press("escape")
        await run.sees("Gate")
        assert " +" not in run.screen()[0]
        await stack.pop_all().aclose()


async def test_whoever_asks_once_and_goes_is_no_screen(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        path = await stack.enter_async_context(serving(engine, tmp_path))
        watching = await stack.enter_async_context(await Client.connect(path, watch=True))
        await stack.enter_async_context(await Client.connect(path))
        updates = watching.updates()
        status = None
        while status is None:
            status = (await anext(updates)).status
        assert [one.place for one in status.attached] == [terminal_name()]
