"""The mouse, for who asks for it: it moves and opens, and decides nothing."""

from pathlib import Path

from textual.events import MouseScrollDown, MouseScrollUp

from core.model.messages import AcceptCertificate
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, ScriptedEngine, added, blocked
from tests.tui.test_link import run_on_a_terminal
from tests.tui.test_terminal import TERMINATED
from tui.screens.devices import DevicesScreen

TRACKING = ("\x1b[?1000h", "\x1b[?1002h", "\x1b[?1003h", "\x1b[?1006h", "\x1b[?1015h")


def cursor(run: Running) -> str | None:
    screen = run.app.screen_stack[0]
    assert isinstance(screen, DevicesScreen)
    return screen.table.list.cursor


async def click(run: Running, text: str) -> None:
    """Click on a text."""
    y = next(number for number, line in enumerate(run.screen()) if text in line)
    await run.pilot.click(offset=(run.screen()[y].index(text) + 1, y))


def test_without_it_the_terminal_is_asked_for_no_mouse() -> None:
    _, written = run_on_a_terminal(TERMINATED)
    assert not any(sequence in written for sequence in TRACKING)
    _, written = run_on_a_terminal(TERMINATED.replace("mouse=False", "mouse=True"))
    assert all(sequence in written for sequence in TRACKING[:1])


async def test_a_click_on_a_row_goes_there_and_another_one_opens_it(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(3, "Roof"))
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        await click(run, "Roof")
        assert cursor(run) == "cam-3"
        assert "SHA-256" not in run.text()
        await run.pilot.click(offset=(70, 15))
        assert cursor(run) == "cam-3"
        await click(run, "Roof")
        await run.sees("Address       192.168.20.3")


async def test_a_click_on_the_heading_or_below_the_rows_does_nothing(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await click(run, "State^")
        await run.pilot.click(offset=(5, 12))
        assert cursor(run) == "cam-2"
        assert "SHA-256" not in run.text()


async def test_a_click_on_a_key_does_what_the_key_does(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("? Help")
        await click(run, "? Help")
        await run.sees("Keys and marks")
        await click(run, "Esc Back")
        await run.sees("Enter Details")
        await run.pilot.click(offset=(0, 23))
        await click(run, "Replace")
        await run.sees("Replace Gate, 192.168.20.2")


async def test_the_wheel_goes_through_the_rows(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(added(number, f"cam {number}") for number in range(10, 60)))
    async with running(tmp_path, engine) as run:
        await run.sees("cam 10")
        table = run.app.screen.query_one("#table")
        for event in (MouseScrollDown, MouseScrollDown, MouseScrollUp):
            table.post_message(event(table, 5, 5, 0, 0, 0, False, False, False))
        await run.until(lambda: cursor(run) == "cam-13")


async def test_a_click_in_the_queue_goes_there_and_another_one_compares(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(blocked(number, f"Dock {number}") for number in range(10, 40)))
    async with running(tmp_path, engine) as run:
        await run.sees("Dock 10")
        await run.press("v")
        await run.sees("by reason")
        await run.press("end")
        await run.sees("Dock 39")
        await click(run, "Dock 36")
        await run.sees(" > !! Dock 36")
        await click(run, "Dock 36")
        await run.sees("Dock 36  192.168.20.36", "> Keep the stored certificate")


async def test_no_click_accepts_a_certificate(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Dock")
        await run.press("c")
        await run.sees("> Keep the stored certificate")
        await run.press("down", "down", *OTHER_PRINT[-8:])
        await run.sees("[3456abcd")
        for y in range(1, 23):
            await run.pilot.click(offset=(40, y))
        for place in ("Accept the presented one", "3456abcd", "Enter Do", "Enter Do"):
            await click(run, place)
        await click(run, "Keep the stored")
        await run.sees("> Keep the stored certificate", "[3456abcd")
        assert not any(isinstance(command, AcceptCertificate) for command in engine.asked)


async def test_a_name_is_nothing_to_click_on(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(3, "[@click=app.quit]x[/]"))
    async with running(tmp_path, engine) as run:
        await run.sees("[@click")
        for place in ("[@click", "app.quit", "x[/]", "x[/]"):
            if place in run.text():
                await click(run, place)
        await run.sees("[@click=app.quit]x[/]", "Address       192.168.20.3")
        assert run.app.is_running
