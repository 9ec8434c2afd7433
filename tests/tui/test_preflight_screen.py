"""Preflights: for which devices, with which login, and what is told."""

from pathlib import Path

from core.model.device import Connection
from core.model.errors import RefusedError
from core.model.messages import AddDevices, AnyCommand, AnyResult
from core.model.preflight import Finding, Preflight, PreflightReports, Readiness, Topic
from core.model.secret import Secret
from tests.tui.driving import running
from tests.tui.engine import ScriptedEngine, added, found
from tests.tui.reports import ready

ROOM = Finding(Topic.ROOM, "Room", "no room: keys (4 of 4)", Readiness.CANNOT, "Delete keys that are not in use.")
CLOCK = Finding(Topic.CLOCK, "Clock", "55 years behind", Readiness.NOTES)


def asked(engine: ScriptedEngine) -> list[Preflight]:
    return [command for command in engine.asked if isinstance(command, Preflight)]


async def test_an_added_device_is_asked_at_once_and_the_verdict_comes_first(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(added(2, "Till"))
    report = ready("Till", CLOCK, ROOM, readiness=Readiness.CANNOT)
    engine.answers[Preflight] = lambda _: PreflightReports((report,))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("P")
        await run.sees("Preflight of 1 device", "Nothing is changed on the camera.")
        await run.sees("cannot take a certificate")
        assert run.text().splitlines()[1:6] == [
            " x Till (192.168.20.33): cannot take a certificate",
            "   Way           by its security service",
            " ~ Clock         55 years behind",
            " x Room          no room: keys (4 of 4)",
            "                 Delete keys that are not in use.",
        ]
    assert asked(engine) == [Preflight(devices=("cam-2",))]


async def test_one_that_is_not_added_needs_a_login_first(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"), added(2, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        await run.press("asterisk", "P")
        await run.sees("Preflight of 2 devices", "Nothing is changed on the", "Log in over plain HTTP too")
        await run.type("admin")
        await run.press("tab", *"pass", "enter")
        await run.sees("2 devices: 2 ready", "= found:192.168.20.33 (192.168.20.33): ready")
    command = Preflight(devices=("cam-2", "found:192.168.20.33"), user="admin", password=Secret("pass"))
    assert asked(engine) == [command]


async def test_of_several_the_worst_is_told_first(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Till"), added(3, "Gate"))
    reports = (ready("Till"), ready("Gate", ROOM, readiness=Readiness.CANNOT))
    engine.answers[Preflight] = lambda _: PreflightReports(reports)
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("asterisk", "P")
        await run.sees("2 devices: 1 ready · 1 cannot take a certificate")
        assert run.text().index("x Gate") < run.text().index("= Till")


async def test_it_can_be_asked_again_with_another_login(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("Till is being worked on", "Wait until that is finished.")

    engine.show(added(2, "Till"))
    engine.answers[Preflight] = refuse
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("P")
        await run.sees("Till is being worked on", "Wait until that is finished.")
        del engine.answers[Preflight]
        await run.press("l")
        await run.sees("left empty: the stored login is used")
        await run.type("service")
        await run.press("enter")
        await run.sees("ready")
        await run.press("P")
        await run.until(lambda: len(asked(engine)) == 3)
    assert [command.user for command in asked(engine)] == ["", "service", "service"]


async def test_the_add_dialog_offers_it_and_keeps_what_was_typed(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        await run.press("a")
        await run.sees("Add a device", "Ctrl+P Preflight")
        await run.type("admin")
        await run.press("ctrl+p")
        await run.sees("Preflight of 1 device", ": ready")
        await run.press("escape")
        await run.sees("Add a device", "[admin")
        await run.press("enter")
        await run.sees("step 1 of 10")
    assert [command.devices for command in asked(engine)] == [("192.168.20.33",)]
    assert [command.user for command in engine.asked if isinstance(command, AddDevices)] == ["admin"]


async def test_the_replace_dialog_asks_the_device_itself(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(2, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("Till")
        await run.press("r")
        await run.sees("Replace Till", "Ctrl+P Preflight")
        await run.press("ctrl+p")
        await run.sees("Preflight of 1 device")
    assert [command.devices for command in asked(engine)] == [("cam-2",)]


async def test_one_that_is_worked_on_is_left_alone(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(added(21, "Gate", Connection.ADDING, step=6, steps=10))
    async with running(tmp_path, engine) as run:
        await run.sees("Gate")
        await run.press("P")
        await run.sees("Gate is being worked on; wait until that is finished.")
    assert not asked(engine)
