"""`camtrust preflight`, against an engine with ready answers and as a whole."""

from pathlib import Path

import msgspec
import pytest

from core.model.errors import RefusedError
from core.model.messages import AnyCommand, AnyResult
from core.model.preflight import Finding, Preflight, PreflightReport, PreflightReports, Readiness, Topic
from core.model.secret import Secret
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.cli.conftest import Scene
from tests.cli.gateway import gateway
from tui.simulation import free_port

NOTED = PreflightReport(
    address="192.168.20.14",
    name="Loading dock",
    readiness=Readiness.NOTES,
    scheme="https",
    port=443,
    findings=(
        Finding(Topic.HTTPS, "Reached by", "HTTPS on 443 (mDNS)"),
        Finding(Topic.CLOCK, "Clock", "2 hours slow", Readiness.NOTES, "Set the clock on the camera's own page."),
    ),
)
AWAY = PreflightReport(
    address="192.168.20.15",
    name="192.168.20.15",
    readiness=Readiness.CANNOT,
    findings=(Finding(Topic.HTTPS, "Reached by", "192.168.20.15 does not answer", Readiness.CANNOT),),
)
REFUSED = msgspec.structs.replace(
    NOTED,
    readiness=Readiness.CANNOT,
    findings=(Finding(Topic.LOGIN, "Login", "The device refused the login", Readiness.CANNOT),),
)
OTHER = msgspec.structs.replace(
    NOTED,
    readiness=Readiness.CANNOT,
    findings=(Finding(Topic.CERTIFICATE, "Shows", "not the stored one", Readiness.CANNOT),),
)


def answers(scene: Scene, *reports: PreflightReport) -> None:
    """Have the engine give these reports."""
    ready = scene.engine._answer

    def answer(command: AnyCommand) -> AnyResult:
        return PreflightReports(reports) if isinstance(command, Preflight) else ready(command)

    scene.engine._answer = answer  # type: ignore[method-assign]


async def test_a_report_is_lines_with_what_weighs_marked(scene: Scene) -> None:
    answers(scene, NOTED)
    ended = await scene.shell.run("preflight", "Loading dock", "--user", "admin", "--password-file", "-", stdin=b"pw\n")
    assert (ended.code, ended.err) == (0, "")
    assert ended.text.splitlines() == [
        "Loading dock (192.168.20.14): ready with notes",
        "   Reached by  HTTPS on 443 (mDNS)",
        "~  Clock       2 hours slow",
        "                 Set the clock on the camera's own page.",
    ]
    assert scene.engine.asked == [Preflight(devices=("Loading dock",), user="admin", password=Secret("pw"))]


async def test_json_is_one_object_for_one_device_and_an_array_for_several(scene: Scene) -> None:
    answers(scene, NOTED)
    one = (await scene.shell.run("preflight", "Loading dock", "--json")).json
    assert (one["readiness"], one["findings"][1]["topic"]) == ("ready with notes", "clock")
    answers(scene, NOTED, AWAY)
    several = await scene.shell.run("preflight", "Loading dock", "192.168.20.15", "--json")
    assert [report["readiness"] for report in several.json] == ["ready with notes", "cannot take a certificate"]


@pytest.mark.parametrize(("report", "code"), [(NOTED, 0), (REFUSED, 1), (OTHER, 3), (AWAY, 4)])
async def test_the_shell_is_told_what_stands_in_the_way(scene: Scene, report: PreflightReport, code: int) -> None:
    answers(scene, report)
    assert (await scene.shell.run("preflight", "Loading dock")).code == code


async def test_what_is_refused_is_one_clear_line(scene: Scene) -> None:
    scene.engine.refuses = RefusedError(
        "Loading dock is being worked on already", "Wait until its install is finished."
    )
    ended = await scene.shell.run("preflight", "Loading dock")
    assert (ended.code, ended.one_clear_line()) == (1, True)


async def test_as_a_whole_it_tells_of_a_camera_and_leaves_it_alone(tmp_path: Path) -> None:
    async with Camera(CameraSettings()) as camera, gateway(tmp_path, free_port()) as shell:
        place = f"{camera.host}:{camera.https_port}"
        typed = ("--user", camera.settings.user, "--password-file", "-")
        ended = await shell.run("preflight", place, *typed, stdin=camera.settings.password.encode() + b"\n")
        assert (ended.code, ended.text.splitlines()[0]) == (0, f"Meridian MX-2240-V ({place}): ready"), ended
        assert all(operation.startswith("Get") for operation in camera.log.operations())
        assert (await shell.run("list")).text == "No devices yet.\n"
