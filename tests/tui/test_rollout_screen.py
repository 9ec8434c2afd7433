"""The rollout screen: one list of all devices, how far all of it is, and the summary."""

import csv
import json
from pathlib import Path

import msgspec
import pytest

from core.model.device import CertificateField, Connection
from core.model.rollout import CancelRollout, MemberState, RolloutState
from tests.tui.driving import Running, running
from tests.tui.engine import ScriptedEngine, added, install
from tests.tui.reports import REFUSED, ended, failed, member, rollout, succeeded

UNDER_WAY = rollout(
    succeeded(1, "Lobby", canary=True),
    failed(2, "Canteen", model="Norvik NB-2"),
    member(3, "Gate north", MemberState.RUNNING, model="Halden HO-5", canary=True),
    member(4, "Gate south", model="Halden HO-5"),
    member(5, "Roof", MemberState.RUNNING),
    member(6, "Yard", usual=45.0),
    member(7, "Stairs", MemberState.NOT_STARTED, reason=REFUSED),
    member(8, "Dock", MemberState.SKIPPED, reason="It has its certificate already"),
    remaining=163.0,
)
DONE = ended(
    succeeded(1, "Lobby", canary=True),
    failed(2, "=Canteen()"),
    succeeded(5, "Back door", certificate=CertificateField.DEVICE, reason="It keeps its own."),
)


@pytest.fixture
def busy(engine: ScriptedEngine) -> ScriptedEngine:
    """An engine with a rollout under way."""
    engine.show(*(added(number, "Gate north", Connection.ADDING, step=6, steps=10) for number in (3, 5)))
    engine.board.put_install(install("cam-3", 6))
    engine.board.put_install(install("cam-5", 9))
    engine.roll(UNDER_WAY)
    return engine


async def open_rollout(run: Running) -> None:
    await run.sees("> rollout 3/7 (m)", "m Rollout")
    await run.press("m")
    await run.sees("Rollout of 8 devices")


async def test_it_shows_each_device_by_its_state_and_how_far_all_is(busy: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        lines = run.text().splitlines()
        assert lines[0].startswith(" Rollout of 8 devices, begun by tech1")
        assert lines[1:19] == [
            " ##################.......................  3 of 7, 1 failed · about 3 min left",
            " Under way, the first of their model: 1",
            " > >  Gate north        192.168.20.3     6/10 The camera makes its key",
            " Under way: 1",
            "   >  Roof              192.168.20.5     9/10 The camera restarts its web server",
            " Failed: 1. The login was refused.",
            "   Check user and password.",
            "   x  Canteen           192.168.20.2     0.5 s · Norvik NB-2",
            " Not started: 1. The login was refused.",
            "   -  Stairs            192.168.20.7     Meridian MX-1",
            " Waiting: 2",
            "      Gate south        192.168.20.4     for Gate north, first of its model",
            "      Yard              192.168.20.6     usually about 45 s",
            " HTTPS (Arcules): 1",
            "   =  Lobby             192.168.20.1     45 s · Meridian MX-1 · the first",
            " Nothing to do: 1. It has its certificate already.",
            "   -  Dock              192.168.20.8     Meridian MX-1",
            "",
        ]
        assert lines[-1] == " Enter Steps  Esc Back  x Cancel  s Save  ? Help"


@pytest.mark.parametrize(("size", "told"), [((60, 15), "6/10 The camera makes its key"), ((120, 40), "21 s of about")])
async def test_it_fits_narrow_and_wide_terminals(
    busy: ScriptedEngine, tmp_path: Path, size: tuple[int, int], told: str
) -> None:
    async with running(tmp_path, busy, size=size) as run:
        await open_rollout(run)
        await run.sees(told, "3 of 7, 1 failed", "Esc Back")
        assert all(len(line.rstrip()) <= size[0] for line in run.screen())


async def test_it_can_be_left_and_found_again_and_its_end_is_told(busy: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        await run.press("escape")
        await run.sees("State^")
        busy.roll(DONE)
        await run.sees("The rollout is finished: 2 done, 1 failed. m shows it.")
        await run.no_longer_sees("> rollout")
        await run.press("m")
        await run.sees(
            "The rollout is finished: 2 done, 1 failed. It took 3:20.", "HTTPS (Device): 1. It keeps its own."
        )
        await run.sees("s saves this summary, as CSV or JSON.")


async def test_what_is_under_way_stays_at_the_cursor_until_that_is_moved(busy: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        done, *rest = UNDER_WAY.devices
        gate = succeeded(3, "Gate north")
        moved = tuple(gate if device.name == gate.name else device for device in rest)
        busy.roll(msgspec.structs.replace(UNDER_WAY, devices=(done, *moved)))
        await run.sees(" > >  Roof")
        await run.press("down")
        await run.sees(" > x  Canteen")
        busy.roll(UNDER_WAY)
        await run.sees("   >  Gate north", " > x  Canteen")


async def test_enter_shows_the_steps_of_a_device_and_from_there_its_details(
    busy: ScriptedEngine, tmp_path: Path
) -> None:
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        await run.press("enter")
        await run.sees("Gate north  192.168.20.3", "step 6 of 10")
        busy.show(added(3, "Gate north"))
        busy.board.put_install(install("cam-3", 10, finished=True, outcome="It is done."))
        await run.sees("Enter Details")
        await run.press("enter")
        await run.sees("Certificate   HTTPS (Arcules), issued by this gateway")


async def test_enter_says_where_there_are_no_steps(busy: ScriptedEngine, tmp_path: Path) -> None:
    busy.show(added(6, "Yard"))
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        await run.press("down", "down", "enter")
        await run.sees("Canteen is not there any more.")
        await run.press("down", "down", "down", "enter")
        await run.sees("Nothing was begun on Yard.")


async def test_cancelling_asks_first(busy: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, busy) as run:
        await open_rollout(run)
        await run.press("x")
        await run.sees("Cancel the rollout?", "Those under way are brought to their end.", "> Go on")
        await run.press("enter")
        await run.no_longer_sees("Cancel the rollout?")
        assert CancelRollout() not in busy.asked
        await run.press("x")
        await run.sees("Cancel the rollout?")
        await run.press("down", "enter")
        await run.sees("no more are begun, those under way are brought to")
        assert CancelRollout() in busy.asked
        await run.press("x")
        await run.sees("has cancelled it already.")


async def test_why_it_was_stopped_is_told(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.roll(msgspec.structs.replace(DONE, state=RolloutState.STOPPED, note="5 devices failed one after another"))
    async with running(tmp_path, engine) as run:
        await run.press("m")
        await run.sees("The rollout is stopped: 2 done, 1 failed. 5 devices failed one after another.")
        await run.press("x")
        await run.sees("Nothing is under way.")


async def test_there_may_be_none(engine: ScriptedEngine, tmp_path: Path) -> None:
    async with running(tmp_path, engine) as run:
        await run.press("m")
        await run.sees("There was no rollout yet: mark devices for a, or M for all.")


async def test_the_summary_is_saved_as_csv_and_as_json_and_over_nothing(
    engine: ScriptedEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    engine.roll(DONE)
    async with running(tmp_path, engine) as run:
        await run.press("m")
        await run.sees("s Save")
        await run.press("s")
        await run.sees("JSON where the name ends in .json", "rollout-2026-11-24.csv")
        await run.press("enter")
        await run.sees("Saved ")
        await run.press("s")
        await run.sees("Save as")
        await run.press("enter")
        await run.sees("is there already. It is not replaced.")
        await run.press(*["backspace"] * 3)
        await run.type("json")
        await run.press("enter")
        await run.until((tmp_path / "rollout-2026-11-24.json").exists)
    rows = list(csv.DictReader((tmp_path / "rollout-2026-11-24.csv").read_text().splitlines()))
    assert [(row["name"], row["state"]) for row in rows] == [
        ("Lobby", "succeeded"),
        ("'=Canteen()", "failed"),
        ("Back door", "succeeded"),
    ]
    value = json.loads((tmp_path / "rollout-2026-11-24.json").read_text())
    assert (value["total"], value["failed"], value["rollout"]["by"]) == (3, 1, "tech1")
