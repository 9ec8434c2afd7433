"""The demo as a process: what it shows, and that it leaves nothing, however it ends."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from pathlib import Path

import pytest

from core.model.errors import CamtrustError
from core.simulator.settings import CameraSettings
from tests.cli.scripted import DOCK, LOBBY
from tests.cli.shell import PROGRAM, Shell, Terminal, ended_by
from tui.demo_story import CHANGES, MOVES, RESTARTS, SWAP
from tui.headless import is_reached, outcome_value, outcomes_text
from tui.simulation import PASSWORD, USER, SimulatedCamera, SimulatedSite, cameras_of, check_done


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def left_behind(home: Path) -> list[str]:
    """Return files, and processes that have this home."""
    mark = f"HOME={home}\0".encode()
    found = [str(path) for path in home.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        # Others end while we look.
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


async def test_without_a_screen_every_camera_reaches_what_its_kind_can(shell: Shell) -> None:
    ended = await shell.run("demo", "--headless", "--json", TMPDIR=str(shell.home))

    assert ended.code == 0, ended
    assert len(ended.json) == 21
    assert {device["certificate_field"] for device in ended.json} == {"HTTP", "HTTPS (Arcules)", "HTTPS (Device)"}
    assert [device["name"] for device in ended.json if device["certificate_field"] != device["expected"]] == []
    assert left_behind(shell.home) == []


async def test_without_a_screen_changes_are_blocked_compared_and_decided(shell: Shell) -> None:
    ended = await shell.run("demo", "--headless")

    assert ended.code == 0, ended
    one, other = SWAP
    told = ended.text.splitlines()[len(rows(ended.text)) + 1 :]
    assert [line.partition(".")[0] for line in told] == [
        f"{CHANGES} shows another certificate: blocked",
        f"{CHANGES}: compared and accepted: online again",
        f"{one} and {other} swapped addresses, and back: followed, and nobody had to decide",
        f"{MOVES} got another address, 127",
        f"{RESTARTS} restarted with a new certificate: blocked",
    ]


def rows(table: str) -> list[str]:
    """The lines of the table of cameras, which end with the kind."""
    return [line for line in table.splitlines() if "  127." in line]


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can give up a right here")
async def test_cameras_on_high_ports_reach_the_same(shell: Shell) -> None:
    without = ("setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service")
    process = await asyncio.create_subprocess_exec(
        *without, PROGRAM, "demo", "--headless", env=shell.environment(), stdout=DEVNULL, stderr=PIPE
    )
    async with ended_by(process):
        _, said = await process.communicate()

    assert (process.returncode, b"did not reach" in said) == (0, False), said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
async def test_signals_in_mid_install_end_it_in_order(shell: Shell, number: signal.Signals) -> None:
    process = await shell.start("demo", "--headless", "--real-time", TMPDIR=str(shell.home))
    assert process.stderr is not None
    async with ended_by(process):
        while b"discovered" not in await process.stderr.readline():
            pass
        # The camera that is no trouble is the first; others are still at it then.
        await process.stderr.readline()
        process.send_signal(number)
        # A second one, as of somebody who does not want to wait.
        with suppress(ProcessLookupError):
            process.send_signal(number)
        _, rest = await process.communicate()

    assert process.returncode == 128 + number
    assert b"Traceback" not in rest
    assert left_behind(shell.home) == []


async def test_a_signal_in_mid_story_ends_it_in_order(shell: Shell) -> None:
    process = await shell.start("demo", "--headless", "--json", TMPDIR=str(shell.home))
    assert process.stderr is not None
    async with ended_by(process):
        while b": blocked." not in await process.stderr.readline():
            pass
        process.send_signal(signal.SIGTERM)
        _, rest = await process.communicate()

    assert process.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in rest
    assert left_behind(shell.home) == []


async def test_on_a_terminal_it_shows_the_screens_and_leaves_nothing(shell: Shell) -> None:
    shell.options = ()
    async with Terminal(shell, "demo", TMPDIR=str(shell.home)) as terminal:
        await terminal.until(b"Loading dock")
        terminal.type(b"q")
        assert await terminal.end() == 0

    assert left_behind(shell.home) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_screens_and_gives_the_terminal_back(shell: Shell, number: signal.Signals) -> None:
    async with Terminal(shell, "demo", TMPDIR=str(shell.home)) as terminal:
        before = terminal.attributes()
        await terminal.until(b"Loading dock")
        assert terminal.attributes() != before
        terminal.process.send_signal(number)
        assert await terminal.end() == 128 + number
        assert terminal.attributes() == before
        assert terminal.said.rindex(b"\x1b[?1049l") > terminal.said.rindex(b"Loading dock")

    assert left_behind(shell.home) == []


async def test_two_demos_do_not_meet(shell: Shell) -> None:
    ended = await asyncio.gather(*(shell.run("demo", "--headless", "--json") for _ in range(2)))

    addresses = [{device["address"] for device in demo.json} for demo in ended]
    assert [demo.code for demo in ended] == [0, 0]
    assert addresses[0].isdisjoint(addresses[1])


def test_the_login_is_the_simulators_own() -> None:
    assert (CameraSettings().user, CameraSettings().password) == (USER, PASSWORD)


DOCK_CAMERA = SimulatedCamera("Loading dock", (DOCK.host,), "ordinary", "HTTPS (Arcules)")
LOBBY_CAMERA = SimulatedCamera("Lobby", (LOBBY.host,), "ordinary", "HTTPS (Arcules)")


def test_a_camera_that_did_not_reach_its_state_is_told() -> None:
    outcomes = [(DOCK_CAMERA, DOCK), (LOBBY_CAMERA, LOBBY)]

    assert [is_reached(outcome) for outcome in outcomes] == [True, False]
    assert "HTTPS (Device)   HTTPS (Arcules)  NO" in outcomes_text(outcomes)
    assert outcome_value(outcomes[1])["expected"] == "HTTPS (Arcules)"


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"not JSON", b'{"ready": [{}]}', b'{"ready": 1}'])
def test_a_site_that_does_not_start_is_told(line: bytes) -> None:
    with pytest.raises(CamtrustError, match="did not start"):
        cameras_of(line)


async def test_an_order_that_the_site_refuses_is_told() -> None:
    with SimulatedSite(fast=True) as site:
        [plain] = (camera for camera in site.cameras if camera.expect == "HTTP")
        with pytest.raises(CamtrustError, match="HTTPS is off"):
            await site.order("new_certificate", plain.addresses[0])
        await site.order("power_cut", plain.addresses[0])


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"not JSON", b"1"])
def test_a_site_that_does_not_answer_is_told(line: bytes) -> None:
    with pytest.raises(CamtrustError, match="does not answer"):
        check_done(line)


async def test_a_process_of_this_home_would_be_found(shell: Shell) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=PIPE, env=shell.environment())
    async with ended_by(process):
        assert any("input()" in command for command in left_behind(shell.home))
