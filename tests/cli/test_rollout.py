"""`camtrust rollout`, against an engine with ready answers and as a whole."""

import csv
import io
import signal
from pathlib import Path

import msgspec
import pytest

from core.model.device import CertificateField
from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult
from core.model.records import Purpose
from core.model.rollout import (
    CancelRollout,
    MemberState,
    ReadRollout,
    RolloutDevice,
    RolloutState,
    RolloutView,
    StartRollout,
    Trouble,
)
from core.model.secret import Secret
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.cli.conftest import Scene
from tests.cli.gateway import gateway
from tests.cli.shell import ended_by
from tui.simulation import free_port

DOCK = RolloutDevice(
    device="3f9a12c0",
    name="Loading dock",
    address="192.168.20.14",
    model="Meridian MX-1",
    task=Purpose.ADD,
    state=MemberState.SUCCEEDED,
    canary=True,
    seconds=45.0,
    certificate=CertificateField.ARCULES,
)
GATE = RolloutDevice(
    device="77be4c70",
    name="=cmd()",
    address="192.168.20.15",
    task=Purpose.REPLACE,
    state=MemberState.FAILED,
    trouble=Trouble.LOGIN_REFUSED,
    reason="The camera refused the login",
    hint="Check the password.",
    seconds=0.5,
)
ROOF = RolloutDevice(
    device="88be4c70",
    name="Roof",
    address="192.168.20.16",
    task=Purpose.REPLACE,
    state=MemberState.NOT_STARTED,
    reason="The login was refused on =cmd() (192.168.20.15)",
)
STAIRS = RolloutDevice(
    device="99be4c70",
    name="Stairs",
    address="192.168.20.17",
    state=MemberState.SKIPPED,
    reason="It has its certificate already",
    certificate=CertificateField.ARCULES,
)
ENDED = RolloutView(
    id="r1",
    by="tech1",
    started_at="2026-11-24T07:00:00Z",
    at_once=4,
    devices=(DOCK, GATE, ROOF, STAIRS),
    state=RolloutState.FINISHED,
    ended_at="2026-11-24T07:01:00Z",
)
BEGUN = msgspec.structs.replace(
    ENDED,
    state=RolloutState.RUNNING,
    ended_at="",
    remaining=200.0,
    devices=(DOCK, *(msgspec.structs.replace(one, state=MemberState.WAITING) for one in (GATE, ROOF)), STAIRS),
)


def answers(scene: Scene, first: RolloutView = BEGUN, then: RolloutView = ENDED) -> None:
    """Have the engine answer with `first`, and tell who watches `then`."""
    ready = scene.engine._answer

    def answer(command: AnyCommand) -> AnyResult:
        return first if isinstance(command, StartRollout | CancelRollout | ReadRollout) else ready(command)

    scene.engine._answer = answer  # type: ignore[method-assign]
    scene.engine.board.rollout = lambda: then


async def test_it_is_followed_to_its_end_and_summed_up(scene: Scene) -> None:
    answers(scene)
    arguments = ("Lobby", "192.168.20.14", "--user", "admin", "--password-file", "-", "--reissue", "--at-once", "3")
    ended = await scene.shell.run("rollout", *arguments, stdin=b"s3cret\n")
    assert ended.code == 3
    assert ended.err.startswith("First contact: ")
    assert ended.err.splitlines()[-4:] == [
        "3/3  Loading dock (192.168.20.14): HTTPS (Arcules) (45 s)",
        "3/3  =cmd() (192.168.20.15): failed: The camera refused the login (0.5 s)",
        "3/3  Roof (192.168.20.16): not started: The login was refused on =cmd() (192.168.20.15)",
        "3/3  Stairs (192.168.20.17): skipped: It has its certificate already",
    ]
    assert ended.text.splitlines() == [
        "Rollout finished: 3 of 3 devices done, begun by tech1.",
        "",
        "Succeeded: 1",
        "  Loading dock (192.168.20.14): HTTPS (Arcules) (45 s)",
        "",
        "Failed: 1",
        "  =cmd() (192.168.20.15): The camera refused the login (0.5 s)",
        "    Check the password.",
        "",
        "Not started: 1",
        "  Roof (192.168.20.16): The login was refused on =cmd() (192.168.20.15)",
        "",
        "Skipped: 1",
        "  Stairs (192.168.20.17): It has its certificate already",
    ]
    assert scene.engine.asked == [
        StartRollout(
            devices=("Lobby", "192.168.20.14"), user="admin", password=Secret("s3cret"), reissue=True, at_once=3
        )
    ]


async def test_json_has_the_counts_and_every_device(scene: Scene) -> None:
    answers(scene)
    ended = await scene.shell.run("rollout", "--all", "--json")
    counts = {"total": 3, "done": 3, "succeeded": 1, "failed": 1, "not_started": 1, "skipped": 1}
    assert ended.json.items() >= counts.items()
    assert [device["state"] for device in ended.json["rollout"]["devices"]] == [
        "succeeded",
        "failed",
        "not started",
        "skipped",
    ]


async def test_csv_is_a_table_that_no_spreadsheet_runs(scene: Scene) -> None:
    answers(scene)
    assert (await scene.shell.run("rollout", "--all", "--csv", "summary.csv")).code == 3
    written = (scene.shell.home / "summary.csv").read_text(encoding="utf-8")
    printed = await scene.shell.run("rollout", "--all", "--csv", "-")
    assert printed.out.decode() == written.replace("\n", "\r\n")
    rows = list(csv.DictReader(io.StringIO(written)))
    assert [row["state"] for row in rows] == ["succeeded", "failed", "not started", "skipped"]
    assert (rows[0]["seconds"], rows[1]["name"], rows[1]["hint"]) == ("45.0", "'=cmd()", "Check the password.")


async def test_a_file_that_cannot_be_written_is_said(scene: Scene) -> None:
    answers(scene)
    ended = await scene.shell.run("rollout", "--all", "--csv", "no/where.csv")
    assert (ended.code, ended.out) == (1, b"")
    assert ended.err.splitlines()[-2].startswith("camtrust: no/where.csv cannot be written: ")


@pytest.mark.parametrize("command", ["--all", "--status"])
async def test_a_file_that_is_there_is_not_replaced_unless_that_is_said(scene: Scene, command: str) -> None:
    answers(scene)
    taken, link, target = (scene.shell.home / name for name in ("taken.csv", "link.csv", "target"))
    taken.write_text("mine")
    target.write_text("mine")
    link.symlink_to(target)
    for name in ("taken.csv", "link.csv"):
        ended = await scene.shell.run("rollout", command, "--csv", name)
        assert (ended.code, ended.out) == (1, b"")
        assert f"{name} exists already" in ended.err
    assert not scene.engine.asked
    await scene.shell.run("rollout", command, "--csv", "taken.csv", "--force")
    assert taken.read_text().startswith("name,address")
    ended = await scene.shell.run("rollout", command, "--csv", "link.csv", "--force")
    assert ended.code == 1 and "is not a regular file" in ended.err
    assert target.read_text() == "mine"


async def test_who_follows_one_that_another_took_the_place_of_is_told(scene: Scene) -> None:
    answers(scene, then=msgspec.structs.replace(ENDED, id="r2"))
    ended = await scene.shell.run("rollout", "--all")
    assert (ended.code, ended.out) == (1, b"")
    assert "another one has begun" in ended.err


async def test_how_far_it_is_can_be_asked_from_elsewhere(scene: Scene) -> None:
    answers(scene)
    ended = await scene.shell.run("rollout", "--status")
    assert ended.code == 0
    assert ended.text.splitlines()[:2] == [
        "Rollout running: 1 of 3 devices done, begun by tech1.",
        "About 3:20 left.",
    ]
    assert scene.engine.asked == [ReadRollout()]


async def test_it_can_be_cancelled_from_elsewhere(scene: Scene) -> None:
    answers(scene, first=msgspec.structs.replace(BEGUN, cancelled_by="tech2"))
    ended = await scene.shell.run("rollout", "--cancel")
    assert (ended.code, scene.engine.asked) == (0, [CancelRollout()])
    assert "Cancelled by tech2: no more are begun" in ended.text


async def test_an_interrupt_leaves_it_running_and_says_so(scene: Scene) -> None:
    answers(scene, then=BEGUN)
    process = await scene.shell.start("rollout", "--all")
    async with ended_by(process):
        assert process.stderr is not None
        while b"1/3" not in (line := await process.stderr.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert process.returncode == 130
    assert b"The rollout goes on in the engine: camtrust rollout --status" in said
    assert [type(command) for command in scene.engine.asked] == [StartRollout]


@pytest.mark.parametrize(
    ("device", "code"),
    [
        (DOCK, 0),
        (STAIRS, 0),
        (msgspec.structs.replace(DOCK, certificate=CertificateField.DEVICE), 3),
        (GATE, 3),
        (ROOF, 1),
        (msgspec.structs.replace(GATE, trouble=Trouble.UNREACHABLE), 4),
        (msgspec.structs.replace(GATE, trouble=Trouble.CANCELLED), 1),
        (msgspec.structs.replace(STAIRS, trouble=Trouble.BLOCKED), 3),
    ],
)
async def test_the_exit_code_tells_how_it_ended(scene: Scene, device: RolloutDevice, code: int) -> None:
    answers(scene, then=msgspec.structs.replace(ENDED, devices=(device,)))
    assert (await scene.shell.run("rollout", "--all", "--json")).code == code


@pytest.mark.parametrize(
    "arguments",
    [(), ("Lobby", "--all"), ("--status", "--cancel"), ("--all", "--at-once", "0"), ("--all", "--csv", "-", "--json")],
)
async def test_what_cannot_be_meant_is_2_and_reaches_no_engine(scene: Scene, arguments: tuple[str, ...]) -> None:
    ended = await scene.shell.run("rollout", *arguments)
    assert (ended.code, scene.engine.asked) == (2, [])


async def test_a_second_one_is_refused_in_the_engines_words(scene: Scene) -> None:
    scene.engine.refuses = RefusedError("A rollout of 3 devices is under way, begun by tech1", "Wait.")
    ended = await scene.shell.run("rollout", "--all")
    assert (ended.code, ended.one_clear_line()) == (1, True)


async def test_a_whole_rollout(tmp_path: Path) -> None:
    async with (
        Camera(CameraSettings(host="127.66.50.1", serial="1")) as one,
        Camera(CameraSettings(host="127.66.50.2", serial="2")) as two,
        gateway(tmp_path, free_port()) as shell,
    ):
        addresses = [f"{camera.host}:{camera.https_port}" for camera in (one, two)]
        assert (await shell.run("add", *addresses)).code == 3
        password = f"{one.settings.password}\n".encode()
        ended = await shell.run(
            "rollout", "--all", "--user", one.settings.user, "--password-file", "-", "--json", stdin=password
        )
        assert (ended.code, ended.json["succeeded"]) == (0, 2)
        assert (await shell.run("rollout", "--status", "--json")).json == ended.json
