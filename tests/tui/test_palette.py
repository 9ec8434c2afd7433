"""The palette: what can be done here, and every device, found by typing."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from core.model.messages import AcceptCertificate
from core.model.sighting import Kind
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, ScriptedEngine, added, blocked, found, over_http
from tui.keys import check_keys
from tui.palette import Offer, device_offers, fitting, verb_offer
from tui.screens.devices import DevicesScreen
from tui.site import Site

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def offers(*names: str) -> list[Offer]:
    site = Site()
    site.restart([added(number, name) for number, name in enumerate(names, 1)])
    return device_offers(site, NOW)


def names_of(found_offers: list[Offer]) -> list[str]:
    return [offer.line[1][0].strip() for offer in found_offers]


def test_all_typed_words_have_to_occur_in_any_order() -> None:
    gates = offers("Gate north", "Gate south", "Roof")
    assert names_of(fitting(gates, "south gate")) == ["Gate south"]
    assert names_of(fitting(gates, "192.168.20.3")) == ["Roof"]
    assert names_of(fitting(gates, "ONLINE ga")) == ["Gate north", "Gate south"]
    assert fitting(gates, "north roof") == []
    assert len(fitting(gates, "  ")) == 3


def test_what_begins_with_the_words_comes_first() -> None:
    doors = offers("Indoor", "Back door", "Door 9", "Door 10")
    assert names_of(fitting(doors, "door")) == ["Door 9", "Door 10", "Back door", "Indoor"]


def test_a_verb_is_found_by_its_name_its_meaning_and_its_id() -> None:
    verbs = [
        verb_offer("reissue", "I", "Re-issue", "a new key and certificate", ""),
        verb_offer("add", "a", "Add", "", ""),
    ]
    for typed in ("re-is", "new cert", "reissue"):
        assert [offer.verb for offer in fitting(verbs, typed)] == ["reissue"]


def test_what_is_not_possible_says_why_in_place_of_what_it_does() -> None:
    offer = verb_offer("remove", "D", "Remove", "forget the device", "Not now.")
    assert (offer.is_possible, offer.line[-1][0]) == (False, "Not now.")


def test_where_room_is_short_the_address_is_told_below_the_rows() -> None:
    [gate] = offers("Gate")
    wide, narrow = ("".join(text for text, _ in gate.line_in(width)) for width in (72, 71))
    assert wide.split() == ["go", "to", "Gate", "192.168.20.1", "=", "online"]
    assert narrow.split() == ["go", "to", "Gate", "=", "online"]
    assert gate.detail.startswith("192.168.20.1: ")


def rows(run: Running) -> list[str]:
    """Return the lines of the palette between field and keys."""
    lines = [line.strip("│| ") for line in run.screen()]
    at = next(number for number, line in enumerate(lines) if line.startswith("Find"))
    return [line for line in lines[at + 1 : -3] if line]


async def open_palette(run: Running, typed: str = "", key: str = "colon") -> None:
    await run.press(key)
    await run.sees("or where to go")
    await run.type(typed)


async def test_verbs_come_with_their_keys_and_those_not_possible_with_the_reason(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(over_http(9, "Car park"))
    async with running(tmp_path, engine, keys=check_keys({"rescan": "f5"})) as run:
        await run.sees("Car park")
        await open_palette(run, "certificate")
        await run.sees("What to do with Car park, 192.168.20.9, or where to go")
        await run.sees("> c           Certificate", "Car park is on plain HTTP; it has no certificate.")
        await run.press("enter")
        await run.sees("or where to go")
        await run.press("ctrl+u")
        await run.type("rescan")
        await run.sees("> F5          Rescan")
        await run.press("enter")
        await run.sees("The network is being asked again.")


async def test_a_verb_is_done_as_if_its_key_had_been_pressed(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await open_palette(run, "remove", key="ctrl+p")
        await run.press("enter")
        await run.sees("Remove Gate, 192.168.20.2?", "> Keep it")
        await run.press("escape")
        await run.press("enter")
        await run.sees("Address       192.168.20.2")
        await open_palette(run, "copy")
        await run.press("enter")
        await run.sees("Copied, if the terminal can: stored SHA-256")


async def test_esc_leaves_it_and_does_nothing(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        before = len(engine.asked)
        await open_palette(run, "rescan")
        await run.press("escape")
        await run.sees("Enter Details")
        assert len(engine.asked) == before


async def test_one_goes_to_a_device_whatever_hides_it(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), blocked(14, "Dock"), found(50, "LaserJet", kind=Kind.OTHER))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await run.press("slash")
        await run.type("gate")
        await run.no_longer_sees("Dock")
        await open_palette(run, "dock", key="ctrl+p")
        assert rows(run)[0].startswith("> go to Dock")
        assert "!! BLOCKED" in rows(run)[0]
        await run.press("enter")
        await run.sees("Error with device certificate", "Address       192.168.20.14")
        await open_palette(run, "laser")
        await run.press("enter")
        await run.sees("LaserJet", "192.168.20.50")
        await run.press("escape")
        await run.sees("Gate", "Dock", "LaserJet")
        main = run.app.screen_stack[0]
        assert isinstance(main, DevicesScreen)
        assert main.table.list.cursor == "found:192.168.20.50"


async def test_other_screens_are_left_on_the_way_to_a_device(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"), blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        for key, seen in (("e", "Events, newest first"), ("v", "by reason"), ("question_mark", "Keys and marks")):
            await run.press("home", key)
            await run.sees(seen)
            await open_palette(run, "go gate")
            await run.press("enter")
            await run.sees("Address       192.168.20.2")
            assert len(run.app.screen_stack) == 1
            await run.press("escape")
        await run.press("home", "v")
        await run.sees("by reason")
        await run.press("enter")
        await run.sees("> Keep the stored certificate")
        await open_palette(run, "go gate")
        await run.press("enter")
        await run.sees("Address       192.168.20.2")
        main = run.app.screen_stack[0]
        assert isinstance(main, DevicesScreen)
        assert main.table.list.cursor == "cam-2"


async def test_the_cursor_is_on_the_device_and_not_on_the_one_whose_certificate_was_shown(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Gate"), blocked(14, "Dock"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        for _ in range(3):
            await run.press("home", "c")
            await run.sees("> Keep the stored certificate")
            await open_palette(run, "go gate")
            await run.press("enter")
            await run.sees("Address       192.168.20.2")
            await run.press("escape")


async def test_a_dialog_below_is_not_left_and_the_palette_says_so_by_offering_no_device(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(found(33, "AXIS"), added(2, "Gate"))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("end", "a")
        await run.sees("HTTPS on 443")
        await run.press("ctrl+p")
        await run.sees("Preflight of 1 device")
        await open_palette(run, "gate")
        await run.sees("Nothing here has these words.")


async def test_the_certificate_in_decision_is_not_left_behind_while_it_is_accepted(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(blocked(14, "Dock"), added(2, "Gate"))
    held = engine.holds[AcceptCertificate] = asyncio.Event()
    async with running(tmp_path, engine) as run:
        await run.sees("Dock")
        await run.press("c")
        await run.sees("> Keep the stored certificate")
        await run.press("down", "down", *OTHER_PRINT[-8:], "enter")
        await run.sees("The device is being looked at; wait a moment.")
        await run.press("ctrl+p")
        await run.sees("or where to go")
        await run.type("go gate")
        await run.press("enter")
        await run.sees("The device is being looked at; wait a moment.", "Dock")
        held.set()
        await run.sees("Accepted: Dock")


async def test_what_changes_meanwhile_is_shown_and_the_choice_stays(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate north"), added(3, "Gate south"))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate north")
        await open_palette(run, "gate")
        await run.press("down")
        await run.sees("> go to Gate south")
        engine.show(blocked(3, "Gate south"), added(1, "Gate east"))
        await run.sees("!! BLOCKED", "go to Gate east", "> go to Gate south")
        engine.board.drop("cam-3")
        await run.no_longer_sees("Gate south")
        await run.press("enter")
        await run.sees("Address       192.168.20.2")


async def test_a_hostile_name_does_nothing_and_its_letters_are_all_there(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    name = "[@click=app.quit]x[/] [/oops]"
    engine.show(added(2, name))
    async with running(tmp_path, engine) as run:
        await run.sees("[@click")
        await open_palette(run, "oops")
        await run.sees("[@click=app.quit]x[/] [")
        await run.press("enter")
        await run.sees(name)


async def test_many_offers_can_be_gone_through(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*(added(number, f"cam {number}") for number in range(10, 60)))
    async with running(tmp_path, engine) as run:
        await run.sees("cam 10")
        await open_palette(run, "go to cam")
        await run.sees("1 of 50")
        await run.press(*["pagedown"] * 5)
        await run.sees("> go to cam 59", "50 of 50")
        await run.press("pageup", "up")
        await run.sees("38 of 50")
        assert all(len(line) == 80 for line in run.screen())
