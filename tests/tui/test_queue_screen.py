"""The queue of certificates to decide about, and going through it."""

from pathlib import Path

import msgspec

from core.model.messages import AcceptCertificate
from tests.tui.driving import Running, running
from tests.tui.engine import OTHER_PRINT, RESET, ScriptedEngine, added, blocked, review
from tui.words import short

RENEWED = "The same name with a new key"
SITE = (
    blocked(16, "Yard", change=RESET),
    review(11, "Lobby"),
    blocked(14, "Dock", change=RESET),
    blocked(15, "Gate", change=RENEWED),
    added(17, "Till"),
)


async def open_queue(run: Running) -> None:
    await run.sees(" device")
    await run.press("v")
    await run.sees("to decide about, by reason")


def chosen(run: Running) -> str:
    return next(line.split()[2] for line in run.screen() if line.startswith(" > "))


async def test_it_is_grouped_by_the_reason_and_counts_each_group(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        lines = run.text().splitlines()
        leaf = short(OTHER_PRINT)
        assert lines[0] == " 4 certificates to decide about, by reason"
        assert lines[2:10] == [
            f" 2  {RESET}",
            f" > !! Dock             192.168.20.14        since 07:00       {leaf}",
            f"   !! Yard             192.168.20.16        since 07:00       {leaf}",
            "",
            f" 1  {RENEWED}",
            f"   !! Gate             192.168.20.15        since 07:00       {leaf}",
            "",
            " 1  The device's own certificate, not accepted yet",
        ]
        assert "Till" not in run.text()


async def test_on_a_narrow_screen_the_address_goes_and_nothing_is_cut(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock", change=RESET, since="2026-11-22T14:02:00Z"))
    async with running(tmp_path, engine, size=(60, 15)) as run:
        await open_queue(run)
        await run.sees(f" > !! Dock              since 11-22 14:02 {short(OTHER_PRINT)}")
        await run.sees(" Each is decided on its own; n goes on to the next one.\n")
        await run.pilot.resize_terminal(80, 24)
        await run.sees(f" > !! Dock             192.168.20.14        since 11-22 14:02 {short(OTHER_PRINT)}")


async def test_each_is_opened_and_accepted_on_its_own(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("down", "enter")
        await run.sees(" Yard  192.168.20.16", "2 of 4")
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Accepted: Yard", " n Next")
        await run.press("escape")
        await run.sees(" 3 certificates to decide about", f" 1  {RESET}")
        assert [command for command in engine.asked if isinstance(command, AcceptCertificate)] == [
            AcceptCertificate(device="cam-16", fingerprint=OTHER_PRINT)
        ]


async def test_n_and_p_go_through_it_with_the_difference_on_the_screen(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("enter")
        await run.sees(" Dock  192.168.20.14", "1 of 4", "8 differ")
        for key, name, at in (("n", "Yard", "2 of 4"), ("n", "Gate", "3 of 4"), ("p", "Yard", "2 of 4")):
            await run.press(key)
            await run.sees(f" {name}  192.168.20.", at, "8 differ")
        await run.press("n", "n")
        await run.sees(" Lobby  192.168.20.11", "4 of 4", "becomes HTTPS (Arcules): type yes, or last 8 [ ")
        await run.press("escape")
        await run.sees("by reason")
        assert chosen(run) == "Lobby"


async def test_what_was_typed_for_one_is_not_there_for_the_next(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("enter")
        await run.sees(" Dock  192.168.20.14", "8 differ")
        await run.press("down", "down", *"yes", "up", "n")
        await run.sees(" Yard  192.168.20.16", "8 differ", "8 characters [              ]", " > Keep")
        await run.press("enter")
        await run.sees("by reason")
        assert not any(isinstance(command, AcceptCertificate) for command in engine.asked)


async def test_the_next_after_an_accepted_one_is_the_one_that_followed_it(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("down", "enter")
        await run.sees(" Yard  192.168.20.16", "8 differ")
        await run.press("down", "down", *"yes", "enter")
        await run.sees("Accepted: Yard", "certificate settings")
        await run.press("n")
        await run.sees(" Gate  192.168.20.15", "2 of 3", "8 differ")


async def test_it_follows_the_engine_and_the_cursor_stays_on_its_device(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(*SITE)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("end", "up")
        assert chosen(run) == "Gate"
        engine.show(blocked(13, "Attic", change=RESET), added(14, "Dock"))
        await run.sees("Attic")
        await run.no_longer_sees("Dock")
        assert chosen(run) == "Gate"
        engine.show(msgspec.structs.replace(added(15, "Gate"), fingerprint=OTHER_PRINT))
        await run.no_longer_sees("Gate")
        assert chosen(run) == "Lobby"
        engine.show(*(added(number, "ok") for number in (11, 13, 16)))
        await run.sees("Nothing is left to decide.")
        await run.press("enter", "escape")
        await run.sees("State^")


async def test_a_long_queue_scrolls_with_its_headings(engine: ScriptedEngine, tmp_path: Path) -> None:
    cameras = (blocked(number, f"cam {number}", change=RESET) for number in range(20, 60))
    engine.show(blocked(19, "Till", change=RESET), *cameras)
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("G")
        await run.sees(" > !! Till")
        await run.press("g")
        await run.sees(f" 41  {RESET}", " > !! cam 20")
        await run.press("pagedown")
        await run.until(lambda: int(next(line for line in run.screen() if line.startswith(" > ")).split()[3]) > 30)


async def test_an_empty_queue_says_so(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(17, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        assert "v Review" not in run.text()
        await run.press("v")
        await run.sees("There is no certificate to decide about.")
        await run.press("c")
        await run.sees("certificate settings")
        await run.press("n")
        await run.sees("There is no other certificate to decide about.")


async def test_a_device_that_was_removed_has_neither_its_mark_nor_its_keys(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(blocked(14, "Loading dock", change=RESET))
    async with running(tmp_path, engine) as run:
        await open_queue(run)
        await run.press("enter")
        await run.sees("8 differ")
        engine.board.drop("cam-14")
        await run.sees(" Loading dock  192.168.20.14  removed", "This device was removed:")
        assert "!!" not in run.text()
        assert run.screen()[-1].split() == ["Esc", "Back", "?", "Help"]
        for key in ("e", "y", "r", "I"):
            await run.press(key)
            await run.sees("Loading dock was removed.")
