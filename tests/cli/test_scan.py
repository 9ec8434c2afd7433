"""`camtrust scan`, against an engine with ready answers and as a whole."""

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.model.errors import EngineGoneError, RefusedError
from core.model.messages import AnyCommand, AnyResult, CancelScan, Role, Scanned, ScanNetworks
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings
from tests.cli.conftest import Scene
from tests.cli.gateway import gateway
from tests.cli.scripted import DOCK, FOUND
from tests.cli.shell import Terminal
from tui.simulation import free_port

SCANNED = Scanned(total=254, tried=254, devices=(DOCK, FOUND))


def answers(scene: Scene, scanned: Scanned) -> None:
    """Have the engine give this result to scans."""
    ready = scene.engine._answer

    def answer(command: AnyCommand) -> AnyResult:
        return scanned if isinstance(command, ScanNetworks) else ready(command)

    scene.engine._answer = answer  # type: ignore[method-assign]


@contextmanager
def hanging(host: str) -> Iterator[None]:
    """A device that takes connections and never says a word: to try it takes ten seconds."""
    with socket.create_server((host, 8443)), socket.create_server((host, 4443)):
        yield


async def test_what_answered_is_a_table_and_how_many_were_tried_is_told_beside(scene: Scene) -> None:
    answers(scene, SCANNED)
    ended = await scene.shell.run("scan", "192.168.20.0/24")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.text.splitlines()] == ["STATE", "online", "found"]
    assert ended.err == "254 addresses tried: 2 devices.\n"
    assert scene.engine.asked == [ScanNetworks(networks=("192.168.20.0/24",))]


async def test_json_is_one_object(scene: Scene) -> None:
    answers(scene, SCANNED)
    ended = await scene.shell.run("scan", "192.168.20.0/24", "10.0.0.7", "--json")
    assert ended.json.keys() == {"total", "tried", "devices"}
    assert {device["id"] for device in ended.json["devices"]} == {DOCK.id, FOUND.id}


async def test_none_found_is_no_failure(scene: Scene) -> None:
    answers(scene, Scanned(total=254, tried=254, devices=()))
    ended = await scene.shell.run("scan", "192.168.20.0/24")
    assert (ended.code, ended.out, ended.err) == (0, b"", "254 addresses tried: 0 devices.\n")


async def test_a_network_that_was_not_typed_quite_so_is_said(scene: Scene) -> None:
    answers(scene, SCANNED)
    ended = await scene.shell.run("scan", "192.168.20.7/24")
    assert ended.err.splitlines()[0] == "192.168.20.7/24 is taken as the network 192.168.20.0/24."


@pytest.mark.parametrize(
    "arguments",
    [(), ("10.0.0.0/8",), ("cam-7",), ("10.0.0.0/24", "--cancel"), ("239.255.255.250",), ("192.168.20.0/33",)],
)
async def test_what_cannot_be_meant_is_2_and_reaches_no_engine(scene: Scene, arguments: tuple[str, ...]) -> None:
    ended = await scene.shell.run("scan", *arguments)
    assert (ended.code, ended.one_clear_line(), scene.engine.asked) == (2, True, [])


async def test_a_second_scan_is_refused_in_the_engines_words(scene: Scene) -> None:
    scene.engine.refuses = RefusedError("A scan of 10.0.0.0/24 is under way", "End it: camtrust scan --cancel.")
    ended = await scene.shell.run("scan", "10.0.1.0/24")
    assert (ended.code, ended.one_clear_line()) == (1, True)
    assert "10.0.0.0/24 is under way" in ended.err


async def test_a_scan_can_be_ended_from_elsewhere(scene: Scene) -> None:
    ended = await scene.shell.run("scan", "--cancel")
    assert (ended.code, ended.out) == (0, b"")
    assert scene.engine.asked == [CancelScan()]


async def test_a_whole_scan_finds_a_camera_and_an_interrupt_ends_one(tmp_path: Path) -> None:
    with hanging("127.64.61.1"):
        async with (
            Camera(CameraSettings(host="127.64.60.1", https_port=8443)),
            gateway(tmp_path, free_port()) as shell,
        ):
            found = await shell.run("scan", "127.64.60.0/30", "--json")
            assert (found.code, found.json["total"], found.json["tried"]) == (0, 2, 2)
            assert [device["address"] for device in found.json["devices"]] == ["127.64.60.1:8443"]

            async with Terminal(shell, "scan", "127.64.61.0/29") as terminal:
                await terminal.until(b"Scan 5 of 6, 0 found")
                terminal.process.send_signal(signal.SIGINT)
                assert await terminal.end() == 130
                assert b"The scan is ended" in terminal.said

            # It is over: another one may begin.
            assert (await shell.run("scan", "127.64.60.0/30")).code == 0


async def scan_under_way(state: Path) -> bool:
    try:
        async with await Client.connect(socket_path(state), role=Role.VIEWER) as client:
            return client.welcome.status.scan is not None
    except EngineGoneError:
        return False


async def test_a_client_that_is_killed_leaves_its_scan_going(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with hanging("127.64.62.1"):
        async with gateway(tmp_path, free_port()) as shell:
            process = await shell.start("scan", "127.64.62.0/30")
            async with asyncio.timeout(30):
                while not await scan_under_way(state):
                    await asyncio.sleep(0.01)
            process.kill()
            await process.communicate()
            assert await scan_under_way(state)
            assert (await shell.run("scan", "--cancel")).code == 0
            assert not await scan_under_way(state)
