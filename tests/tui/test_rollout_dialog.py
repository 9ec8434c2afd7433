"""Beginning a rollout: of the marked devices, or of all cameras."""

from pathlib import Path

import pytest

from core.model.device import CertificateField
from core.model.errors import RefusedError
from core.model.messages import AddDevices, AnyCommand, AnyResult, LookAt
from core.model.rollout import MemberState, StartRollout
from core.model.secret import Secret
from core.model.sighting import Kind
from tests.tui.driving import running
from tests.tui.engine import ScriptedEngine, added, found, over_http, review
from tests.tui.reports import member, rollout


def sent(engine: ScriptedEngine) -> list[StartRollout]:
    return [command for command in engine.asked if isinstance(command, StartRollout)]


async def test_marked_devices_of_every_kind_are_taken_and_only_new_ones_looked_at(
    engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.show(found(33, "AXIS"), over_http(9, "Car park"), review(11, "Lobby"), added(2, "Till"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        await run.press("asterisk", "a")
        await run.sees("Bring 4 devices to HTTPS", "1 HTTPS (Device) · 1 HTTPS (Arcules) · 1 HTTP · 1 not added")
        await run.sees("HTTPS on 443 (found there)", "[ ] Switch HTTPS on", "what this camera shows")
        assert [command.addresses for command in engine.asked if isinstance(command, LookAt)] == [("192.168.20.33",)]
        await run.type("admin")
        await run.press("tab", *"pass", "tab", "space", "tab", "tab", "space")
        await run.sees("[x] Log in over plain HTTP too", "[ ] Switch HTTPS on", "[x] Give a new certificate to those")
        await run.press("enter")
        await run.sees("Rollout of 4 devices", "Waiting: 4")
    assert sent(engine) == [
        StartRollout(
            devices=("cam-11", "cam-2", "cam-9", "found:192.168.20.33"),
            user="admin",
            password=Secret("pass"),
            reissue=True,
            allow_http_login=True,
        )
    ]


async def test_all_cameras_are_taken_without_being_looked_at(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33, "AXIS"), found(34, "Printer", kind=Kind.OTHER), review(11, "Lobby"))
    async with running(tmp_path, engine) as run:
        await run.sees("AXIS")
        await run.press("M")
        await run.sees("Bring 2 devices to HTTPS (all of the site)", "[ ] Log in over plain HTTP too")
        assert "[ ] Give a new" not in run.text()
        await run.press("enter")
        await run.sees("Rollout of")
    assert sent(engine) == [StartRollout(everything=True)]
    assert not any(isinstance(command, LookAt) for command in engine.asked)


async def test_what_the_engine_refuses_is_told_in_the_dialog(engine: ScriptedEngine, tmp_path: Path) -> None:
    def refuse(command: AnyCommand) -> AnyResult:
        raise RefusedError("A rollout of 3 devices is under way, begun by tech2", "Wait until it is finished.")

    engine.show(found(33), found(34))
    engine.answers[StartRollout] = refuse
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("asterisk", "a")
        await run.sees("Bring 2 devices to HTTPS")
        await run.press("enter")
        await run.sees("! A rollout of 3 devices is under way", "Wait until it is finished.", "Bring 2 devices")


@pytest.mark.parametrize("key", ["a", "M"])
async def test_there_is_one_at_a_time(engine: ScriptedEngine, tmp_path: Path, key: str) -> None:
    engine.show(found(33), found(34))
    engine.roll(rollout(member(33, "AXIS", MemberState.RUNNING)))
    async with running(tmp_path, engine) as run:
        await run.sees("> rollout 0/1 (m)")
        await run.press("asterisk", key)
        await run.sees("A rollout is under way; m shows it.")


async def test_a_single_marked_device_is_added_as_ever(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33), found(34))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("space", "a")
        await run.sees("Add a device")
        await run.press("enter")
        await run.sees("step 1 of 10")
    assert [command.addresses for command in engine.asked if isinstance(command, AddDevices)] == [("192.168.20.33",)]


async def test_a_password_alone_begins_nothing(engine: ScriptedEngine, tmp_path: Path) -> None:
    engine.show(found(33), added(2, "Till", certificate_field=CertificateField.DEVICE))
    async with running(tmp_path, engine) as run:
        await run.sees("found")
        await run.press("asterisk", "a")
        await run.sees("Bring 2 devices")
        await run.press("tab", "x", "enter")
        await run.sees("! There is a password and no user")
    assert not sent(engine)
