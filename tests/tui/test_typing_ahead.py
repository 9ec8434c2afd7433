"""Keys that arrive all at once, as over a slow line, do what they would have done one by one."""

import asyncio
from pathlib import Path

import pytest
from textual.events import Key, Paste

from core.model.messages import AcceptCertificate, AddDevices
from core.model.secret import Secret
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, ScriptedEngine, added, blocked, found
from tui.screens.devices import DevicesScreen
from tui.typing_ahead import PATIENCE


def arrive(run: Running, *keys: str | Paste) -> None:
    """Have keys arrive together, before any of them is acted on."""
    for key in keys:
        event = key if isinstance(key, Paste) else Key(key, key if len(key) == 1 else None)
        run.app.post_message(event)


async def test_letters_after_an_arrow_reach_the_field_that_it_leads_to(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Dock")
        await run.press("c")
        await run.sees(" > Keep")
        arrive(run, "down", "down", *"yes", "down", *"eyrn", "enter")
        await run.sees("Accepted: Dock")
        assert AcceptCertificate(device="cam-14", fingerprint=OTHER_PRINT, reason="eyrn") in engine.asked


async def test_a_paste_keeps_its_place_between_keys(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("a")
        await run.sees("HTTPS on 443")
        arrive(run, Paste("admin"), "tab", Paste("pass word"), "enter")
        await run.sees("step 1 of 10")
        command = next(command for command in engine.asked if isinstance(command, AddDevices))
        assert (command.user, command.password) == ("admin", Secret("pass word"))


async def test_keys_go_on_after_one_that_closed_what_it_was_given_to(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), added(3, "Roof"))
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        for _ in range(3):
            await run.press("e")
            await run.sees("Events, newest first")
            arrive(run, "escape", "down")
            await run.sees("State^")
        arrive(run, "up", "down", "up", "up", "enter")
        await run.sees("Gate  ", "Address       192.168.20.2")


async def test_a_key_that_leaves_is_not_held_up(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, engine) as run:
        arrive(run, "down", "up", "ctrl+q")
        await run.until(lambda: not run.app.is_running)
        assert run.app.return_code == 0


async def test_a_letter_waits_for_a_line_that_takes_its_time_to_open(
    engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.show(added(2, "Gate"), added(3, "Roof"))
    opened = DevicesScreen.action_filter

    async def slowly(screen: DevicesScreen) -> None:
        await asyncio.sleep(3 * PATIENCE)
        await opened(screen)

    monkeypatch.setattr(DevicesScreen, "action_filter", slowly)
    async with running(tmp_path, engine) as run:
        await run.sees("Roof")
        arrive(run, "slash", *"gate", "enter")
        await run.sees("Filter gate", "1 of 2 devices")
