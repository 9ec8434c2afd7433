"""The status line of the main screen: what is said goes when it no longer holds, and what is blocked is not missed."""

from pathlib import Path

from tests.tui.driving import Running, running
from tests.tui.engine import ScriptedEngine, added, blocked, over_http
from tui.screens.devices import DevicesScreen

ALARM = "!! BLOCKED, out of view: "


def cursor(run: Running) -> tuple[str, int]:
    screen = run.app.screen_stack[0]
    assert isinstance(screen, DevicesScreen)
    rows = screen.table.list
    return rows.cursor or "", rows.index - rows.top


def many(engine: ScriptedEngine) -> None:
    engine.show(*(added(number, f"cam {number}") for number in range(10, 60)))


async def test_what_is_said_goes_with_the_next_key(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(over_http(9, "Car park"), added(17, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("end", "c")
        await run.sees("Car park is on plain HTTP; it has no certificate.")
        await run.press("up")
        await run.no_longer_sees("it has no certificate")


async def test_what_is_blocked_above_the_screen_is_told_until_it_was_seen(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    many(engine)
    async with running(tmp_path, engine) as run:
        await run.sees("cam 10")
        await run.press("end")
        before = cursor(run)
        engine.show(blocked(12, "cam 12"))
        await run.sees("1 BLOCKED", f"{ALARM}cam 12. v shows all.")
        assert cursor(run) == before
        await run.press("home")
        await run.no_longer_sees(ALARM)
        await run.press("end")
        await run.sees("50 of 50")
        assert ALARM not in run.text()


async def test_what_is_blocked_below_the_screen_is_told_while_keys_are_pressed(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    many(engine)
    async with running(tmp_path, engine) as run:
        await run.sees("cam 10")
        await run.press("down", "s")
        before = cursor(run)
        engine.show(blocked(59, "cam 59"), blocked(200, "a new one"))
        await run.sees("2 BLOCKED", f"{ALARM}a new one and 1 more. v shows all.")
        assert cursor(run) == before
        await run.press("v")
        await run.sees("2 certificates to decide about")
        await run.press("escape")
        await run.sees("State")
        assert ALARM not in run.text()


async def test_it_is_told_in_the_drawer_too_and_anew_where_it_is_blocked_anew(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(17, "Till"), added(18, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("enter")
        for _ in range(2):
            await run.sees("SHA-256")
            engine.show(blocked(18, "Gate"))
            await run.sees(f"{ALARM}Gate. v shows all.")
            engine.show(added(18, "Gate"))
            await run.no_longer_sees(ALARM)


async def test_nobody_is_told_of_what_is_on_the_screen(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till"), added(18, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        engine.show(blocked(18, "Gate"))
        await run.sees("1 BLOCKED")
        assert ALARM not in run.text()
