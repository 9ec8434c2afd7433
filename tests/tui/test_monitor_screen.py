"""The wall running on a scripted engine: pages, old data, coming back, and keys that do nothing."""

import re
import string
from pathlib import Path

import pytest

from core.model.device import DeviceView
from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult, Event, ListDevices, Ping, ReadEvents
from tests.tui.driving import NOW
from tests.tui.engine import ScriptedEngine, added, blocked, review, serving
from tests.tui.monitor import Clock, Watching, monitor, offline, watching


def away(count: int) -> list[DeviceView]:
    return [offline(100 + number, f"cam {number:02}") for number in range(count)]


async def tick(run: Watching, seconds: float) -> None:
    """Let time pass, and have the engine say a word, so that nobody waits for the next tick."""
    run.clock.passes(seconds)
    run.engine.board.status_changed()
    await run.sees(f"{run.clock.now:%H:%M:%S}")


def names(run: Watching) -> list[str]:
    """Return which of the cameras that are away are on the page, line by line."""
    return re.findall(r"cam \d\d", run.text())


async def test_counts_rows_events_and_the_chart_are_the_engines(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), blocked(14, "Loading dock"), review(11, "Lobby"))
    engine.board.add_event(Event(1, "2026-11-24T06:00:00Z", "camtrust", "offline", "offline: it is away", "x", "Roof"))
    async with watching(tmp_path, engine) as run:
        await run.sees("gw-042", "!! BLOCKED", "!! Loading dock", "? Lobby", "06:00 Roof offline: it is away")
        await run.sees("from 06:00", "1 time offline or blocked")
        await run.sees("watching · last word 0 s ago")
        engine.show(added(14, "Loading dock"))
        await run.no_longer_sees("!! Loading dock")


async def test_the_pages_turn_by_themselves_and_begin_again(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Loading dock"), *away(16))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3", "cam 00", "!! Loading dock")
        await tick(run, 9)
        await run.sees("page 1 of 3")
        await tick(run, 2)
        await run.sees("page 2 of 3", "cam 07", "!! Loading dock")
        assert "cam 00" not in run.text()
        await tick(run, 10)
        await run.sees("page 3 of 3", "cam 15", "!! Loading dock")
        await tick(run, 10)
        await run.sees("page 1 of 3", "cam 00")


async def test_a_page_turned_by_hand_stays_for_a_minute(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*away(20))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3")
        for key, page in (
            ("space", 2),
            ("down", 3),
            ("pagedown", 1),
            ("up", 3),
            ("pageup", 2),
            ("left", 1),
            ("right", 2),
        ):
            await run.press(key)
            await run.sees(f"page {page} of 3")
        await tick(run, 59)
        await run.sees("page 2 of 3")
        await tick(run, 2)
        await run.sees("page 3 of 3")


async def test_nobody_jumps_to_another_page_because_another_one_came_or_went(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(*away(20))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3")
        await run.press("space")
        await run.sees("page 2 of 3", "cam 08", "cam 15")
        before = names(run)
        engine.show(offline(99, "a new one"), review(98, "to review"), added(101, "cam 01"))
        await run.until(lambda: len(run.app.session.site.devices) == 22)
        assert names(run) == before
        await run.press("space")
        await run.sees("page 3 of 3", "a new one", "to review")
        # In the next round they are where they belong.
        await tick(run, 61)
        await run.sees("page 1 of 3", "? to review", "a new one")
        assert "cam 01" not in run.text()


async def test_one_that_is_blocked_is_shown_at_once_on_the_first_page(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*away(20))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3")
        await run.press("space")
        await run.sees("page 2 of 3")
        engine.show(blocked(115, "cam 15"))
        await run.sees("page 1 of 3", "!! cam 15")


async def test_the_pages_go_on_when_the_clock_was_put_back(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*away(20))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3")
        await tick(run, -7200)
        await run.sees("page 2 of 3")


async def test_a_silent_engine_makes_all_of_it_old_and_a_word_makes_it_new(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(blocked(14, "Loading dock"))
    async with watching(tmp_path, engine) as run:
        await run.sees("!! Loading dock")
        # Its answer is a word too.
        await run.until(lambda: ReadEvents(limit=500) in engine.asked)
        await run.until(lambda: all(work.is_finished for work in run.app.workers if work.group == "events"))
        run.clock.passes(20)
        await run.sees("NO WORD FOR 20 S", "connected, and silent", "old !! Loading dock", "as of 07:05:00")
        engine.show(added(2, "Gate"))
        await run.sees("watching · last word 0 s ago", "!! Loading dock")
        assert "OLD" not in run.text()


async def test_it_comes_back_when_the_engine_does(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Loading dock"))
    clock = Clock()
    async with serving(engine, tmp_path) as path:
        wall = monitor(path, engine, clock)
        run = await wall.__aenter__()
        await run.sees("!! Loading dock", "watching")
    try:
        clock.passes(120)
        await run.sees("NO WORD FOR 2 MIN", "The engine was ended.", "old !! Loading dock", "as of 07:05:00")
        other = ScriptedEngine()
        other.show(offline(12, "Roof west"))
        async with serving(other, tmp_path):
            await run.sees("watching · last word 0 s ago", ". Roof west")
            assert "OLD" not in run.text()
            assert "Loading dock" not in run.text()
            # What happened before is asked for each time.
            await run.until(lambda: ReadEvents(limit=500) in other.asked)
    finally:
        await wall.__aexit__(None, None, None)


async def test_it_opens_without_an_engine_and_waits_for_one(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with monitor(tmp_path / "engine.sock", engine, Clock()) as run:
        await run.sees("!! NO ENGINE", "No engine is running here.", "This screen waits for it.")
        async with serving(engine, tmp_path):
            await run.sees("watching · last word 0 s ago", "= Nothing needs anybody: 1 device.")


async def test_events_that_the_engine_does_not_tell_are_no_reason_to_show_less(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("The history is being repaired")

    engine.answers[ReadEvents] = refuse
    engine.show(blocked(14, "Loading dock"))
    async with watching(tmp_path, engine) as run:
        await run.sees("!! Loading dock", "no events: The history is being repaired")


async def test_the_keys_are_told_for_a_while(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with watching(tmp_path, engine) as run:
        await run.press("question_mark")
        await run.sees("q: leave")
        await tick(run, 21)
        await run.no_longer_sees("q: leave")


OTHER_KEYS = ("enter", "escape", "tab", "shift+tab", "backspace", "insert", "delete", "home", "end", "ctrl+z", "ctrl+p")
LEAVE = ("q", "ctrl+q", "ctrl+c")


async def test_no_key_asks_for_anything_but_what_the_wall_shows(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Loading dock"), review(11, "Lobby"), *away(20))
    printable = [key for key in string.printable if key.isprintable() and key not in ("q", " ")]
    controls = [f"ctrl+{letter}" for letter in string.ascii_lowercase if f"ctrl+{letter}" not in LEAVE]
    async with watching(tmp_path, engine) as run:
        await run.sees("!! Loading dock")
        await run.press(*printable, *OTHER_KEYS, *controls, *(f"f{number}" for number in range(1, 25)))
        await run.sees("!! Loading dock", "q: leave")
        assert len(run.app.screen_stack) == 1
        assert run.app.is_running
    assert {type(command) for command in engine.asked} <= {Ping, ListDevices, ReadEvents}


@pytest.mark.parametrize(("key", "code"), [("q", 0), ("ctrl+q", 0), ("ctrl+c", 130)])
async def test_it_is_left_by_three_keys(engine: ScriptedEngine, tmp_path: Path, key: str, code: int) -> None:
    async with watching(tmp_path, engine) as run:
        await run.press(key)
        await run.until(lambda: not run.app.is_running)
        assert run.app.return_code == code


async def test_it_follows_each_size_and_says_when_it_is_too_small(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Loading dock"), *away(20))
    async with watching(tmp_path, engine) as run:
        await run.sees("page 1 of 3")
        for width, height in ((60, 15), (250, 70), (120, 40), (80, 24)):
            await run.pilot.resize_terminal(width, height)
            await run.sees("!! Loading dock", "watching")
            assert (len(run.screen()), len(run.screen()[0])) == (height, width)
        await run.pilot.resize_terminal(59, 15)
        await run.sees("terminal too small (need 60x15)")
        await run.pilot.resize_terminal(60, 15)
        await run.sees("!! Loading dock")


async def test_it_wanders_so_that_nothing_burns_in(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with watching(tmp_path, engine) as run:
        await run.sees("gw-042")
        places = set()
        for _ in range(6):
            line = next(number for number, line in enumerate(run.screen()) if "gw-042" in line)
            places.add((line, run.screen()[line].index("gw-042")))
            await tick(run, 60)
        assert len(places) == 6


async def test_in_ascii_mode_the_whole_screen_is_ascii(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Loading dock"), *away(20))
    engine.board.add_event(Event(1, NOW.isoformat(), "camtrust", "offline", "offline", "x", "Röof ✓"))
    async with watching(tmp_path, engine, ascii_only=True) as run:
        await run.sees("page 1 of 3", "1 time offline or blocked", "R?of ?")
        assert run.text().isascii()
        run.clock.passes(20)
        await run.sees("NO WORD FOR")
        assert run.text().isascii()


async def test_a_name_that_looks_like_markup_is_shown_as_it_is(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "[/red][b]Dock"))
    async with watching(tmp_path, engine) as run:
        await run.sees("!! [/red][b]Dock")
