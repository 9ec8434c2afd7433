"""The help: made from what is bound on the screen below it, with where things are."""

from pathlib import Path

from tests.tui.driving import running
from tests.tui.engine import ScriptedEngine, added, blocked

WHERE = "State folder: /srv/camtrust\nLog of the engine: /srv/camtrust/log/camtrust.jsonl"


async def test_it_tells_the_keys_of_the_screen_below_and_where_things_are(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine, size=(80, 60), state_hint=WHERE) as run:
        await run.sees("Gate")
        await run.press("question_mark")
        await run.sees(
            "Enter          Details        all about the device",
            ":, Ctrl+P      Palette        find a verb or a device by typing",
            "L              Logs",
            "Move: Up k, Down j, PgUp Ctrl+B, PgDn Ctrl+F, Home g, End G",
            " State folder: /srv/camtrust\n Log of the engine: /srv/camtrust/log/camtrust.jsonl",
        )


async def test_on_the_certificate_screen_it_tells_how_to_answer(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(blocked(14, "Dock"))
    async with running(tmp_path, engine, size=(80, 60)) as run:
        await run.sees("Dock")
        await run.press("c")
        await run.sees("> Keep the stored certificate")
        await run.press("question_mark")
        await run.sees("Enter          Do             give the answer at the cursor", "n              Next")
        assert "Rescan" not in run.text()


async def test_where_things_are_is_told_on_every_screen_by_one_key(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Gate"))
    async with running(tmp_path, engine, state_hint=WHERE) as run:
        await run.sees("Gate")
        for key in ("e", "question_mark", "enter"):
            await run.press("L")
            await run.sees("Where things are", "Log of the engine: /srv/camtrust/log/camtrust.jsonl")
            await run.press("q")
            await run.no_longer_sees("Where things are")
            await run.press(key)
