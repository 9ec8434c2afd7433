"""The install screen, from the first step to the end."""

from pathlib import Path

import msgspec

from core.model.device import Connection, InstallView, StepState, StepView
from core.model.messages import CancelInstall
from tests.tui.driving import Running, running
from tests.tui.engine import TITLES, ScriptedEngine, added, install

ADDING = added(21, "Gate north", Connection.ADDING, step=6, steps=10, fingerprint=None, certificate_field=None)


def under_way(engine: ScriptedEngine, step: int = 6) -> None:
    engine.show(msgspec.structs.replace(ADDING, step=step))
    engine.board.put_install(install("cam-21", step))


async def open_steps(run: Running) -> None:
    await run.sees("adding")
    await run.press("i")
    await run.sees("step ")


async def test_it_shows_what_is_done_under_way_and_to_come(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        lines = run.text().splitlines()
        assert lines[0] == " Gate north  192.168.20.21" + " " * 26 + "adding, step 6 of 10 · 0:23"
        assert lines[1].split() == ["=", "1", "Find", "HTTPS", "0.2", "s"]
        assert lines[6] == " >  6 The camera makes its key                 #######.....  21 s of about 35 s"
        assert lines[7].split() == ["7", "Sign", "the", "certificate"]
        assert lines[9].endswith("usually about 30 s")
        await run.sees("Do not change the camera's settings before it is finished.", "the work goes on.")


async def test_it_follows_the_engine_to_the_end_and_goes_on_to_the_device(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        engine.board.put_install(install("cam-21", 9, seconds=60.0))
        await run.sees("step 9 of 10 · 1:00")
        done = tuple(StepView(number, title, StepState.DONE, seconds=1.0) for number, title in enumerate(TITLES, 1))
        outcome = "HTTPS (Arcules): the camera serves the certificate made for it."
        engine.show(added(21, "Gate north"))
        engine.board.put_install(InstallView("cam-21", 10, done, 71.0, True, outcome, cancellable=False))
        await run.sees("finished after 1:11", outcome, "Now: = HTTPS (Arcules) · online since 07:00", "Enter Details")
        await run.press("enter")
        await run.sees("Certificate   HTTPS (Arcules), issued by this gateway", "SHA-256       3f9a 12c0")


async def test_a_failure_shows_the_devices_words_and_what_to_do(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        words = "The camera refused: ter:KeyGenerationFailed, because its random number generator is busy"
        steps = (
            StepView(1, "Find HTTPS", StepState.DONE, "443 (found there)", 0.2),
            StepView(2, "The camera makes its key", StepState.FAILED, words, 12.0),
            StepView(3, "Sign the certificate", StepState.SKIPPED),
        )
        view = InstallView("cam-21", 2, steps, 13.0, True, "HTTPS (Device): it keeps its own.", "Add it again later.")
        engine.board.put_install(view)
        await run.sees("x  2 The camera makes its key", "12 s", "HTTPS (Device): it keeps its own.", "Add it again")
        assert words in " ".join(run.text().split())
        assert "-  3 Sign the certificate" in run.text()


async def test_cancelling_asks_first_and_then_the_engine(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        await run.press("x")
        await run.sees("Stop adding Gate north?", "> Go on")
        await run.press("enter")
        await run.no_longer_sees("Stop adding")
        assert CancelInstall(device="cam-21") not in engine.asked
        await run.press("x")
        await run.sees("Stop adding")
        await run.press("down", "enter")
        await run.until(lambda: CancelInstall(device="cam-21") in engine.asked)


async def test_what_is_called_off_is_called_by_its_name(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    engine.board.put_install(install("cam-21", 6, doing="re-issuing"))
    async with running(tmp_path, engine) as run:
        await run.sees(" >  re-issuing 6/10 Gate north")
        await run.press("i")
        await run.sees("re-issuing, step 6 of 10 · 0:23")
        await run.press("x")
        await run.sees("Stop re-issuing Gate north?")


async def test_a_device_that_is_removed_meanwhile_waits_for_no_step(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        engine.board.drop("cam-21")
        await run.sees(" Gate north was removed.")


async def test_it_says_until_when_it_can_be_cancelled_and_what_is_waited_for(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    under_way(engine)
    view = install("cam-21", 6, binding_from=8)
    waiting = "asked every second whether the key is made"
    steps = tuple(msgspec.structs.replace(step, detail=waiting if step.number == 6 else "") for step in view.steps)
    engine.board.put_install(msgspec.structs.replace(view, steps=steps))
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        await run.sees("x cancels until step 8; from there on", "21 s of about 35 s", f"      {waiting}")
        under_way(engine, step=8)
        await run.sees("step 8 of 10")
        assert "cancels until" not in run.text()


async def test_past_the_point_of_no_return_it_says_why_it_cannot_be_cancelled(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    under_way(engine, step=8)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        await run.press("x")
        await run.sees("The certificate is being installed; from here on it is carried to its end.")


async def test_it_can_be_left_and_found_again(engine: ScriptedEngine, tmp_path: Path) -> None:
    under_way(engine)
    async with running(tmp_path, engine) as run:
        await open_steps(run)
        await run.press("escape")
        await run.sees("adding 6/10", "State^")
        under_way(engine, step=7)
        await run.sees("adding 7/10")
        await run.press("enter")
        await run.sees("step 7 of 10")
