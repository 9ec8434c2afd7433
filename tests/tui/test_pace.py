"""How often the screen is drawn."""

import asyncio
from pathlib import Path

import pytest

from core.model.config import ScreenSettings
from tests.snapshots.on_terminal import on_a_terminal
from tests.snapshots.stage import Player, Scene
from tests.tui.engine import ScriptedEngine, added
from tui.pace import KEY_SECONDS, Pace


def frames(pace: Pace, wanted: list[float]) -> list[float]:
    """Return when frames are sent, where something changes at these times and a frame waits for its turn."""
    sent: list[float] = []
    for at in wanted:
        turn = at + pace.wait(at)
        if not sent or turn > sent[-1]:
            pace.sent(turn)
            sent.append(turn)
    return sent


@pytest.mark.parametrize(("gap", "most"), [(0.25, 4), (1.0, 1)])
def test_what_changes_all_the_time_is_drawn_so_often_and_no_more(gap: float, most: int) -> None:
    pace = Pace(gap, begun=0.0)
    sent = frames(pace, [10 + tick / 50 for tick in range(500)])
    for start in sent:
        assert sum(start <= at < start + 0.999 for at in sent) == most or start > sent[-1] - 1


def test_what_changes_after_a_rest_is_drawn_at_once() -> None:
    pace = Pace(1.0, begun=0.0)
    assert frames(pace, [10.0, 20.0]) == [10.0, 20.0]


def test_what_a_key_does_is_drawn_at_once_and_so_is_what_it_leads_to() -> None:
    pace = Pace(1.0, begun=0.0)
    pace.sent(10.0)
    assert pace.wait(10.1) == pytest.approx(0.9)
    pace.key(10.1)
    pace.sent(10.1)
    assert pace.wait(10.2) == 0.0
    assert pace.wait(10.1 + KEY_SECONDS) == pytest.approx(0.5)


def test_a_key_that_is_held_down_fills_no_slow_line() -> None:
    pace = Pace(1.0, begun=0.0, key_gap=0.25)
    pace.key(10.0)
    assert pace.wait(10.0) == 0.0
    pace.sent(10.0)
    pace.key(10.1)
    assert pace.wait(10.1) == pytest.approx(0.15)


def test_the_beginning_is_drawn_at_once() -> None:
    pace = Pace(1.0, begun=5.0)
    pace.sent(5.0)
    assert pace.wait(5.1) == 0.0


async def flood(engine: ScriptedEngine, seconds: float) -> None:
    """Have a device change all the time."""
    end = asyncio.get_running_loop().time() + seconds
    number = 0
    while asyncio.get_running_loop().time() < end:
        number += 1
        engine.show(added(3, f"Roof {number}"))
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(("is_slow", "most"), [(False, 4), (True, 1)])
async def test_an_engine_that_tells_much_is_drawn_seldom_and_a_key_at_once(
    is_slow: bool, most: int, tmp_path: Path
) -> None:
    engines: list[ScriptedEngine] = []

    def prepare(engine: ScriptedEngine) -> None:
        engine.show(added(2, "Gate"), added(3, "Roof 0"))
        engines.append(engine)

    async def play(player: Player) -> None:
        await player.sees("Roof 0")

    async with on_a_terminal(
        Scene("flood", prepare, play), tmp_path, ScreenSettings(slow=is_slow), (80, 24)
    ) as terminal:
        seconds = 2.0
        # What is drawn because the program has just begun does not count.
        await asyncio.sleep(KEY_SECONDS)
        before = len(terminal.written)
        await flood(engines[0], seconds)
        # The cursor goes home at the end of each frame.
        drawn = terminal.written[before:].count(b"\x1b[1;1H")
        assert 1 <= drawn <= most * seconds + 1
        pressed = asyncio.get_running_loop().time()
        terminal.press("down")
        await terminal.until(lambda: bool(terminal.screen.buffer[3][0].reverse), "the cursor on the second row")
        assert asyncio.get_running_loop().time() - pressed < 0.5
