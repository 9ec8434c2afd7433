"""The whole product as a technician has it: the real command on a real terminal, the real engine, a simulated site."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.model.device import CertificateField
from core.simulator.camera import Camera
from core.simulator.settings import CameraSettings, Quirks, Timing
from core.simulator.site import Site
from tests.engine.cameras import served
from tests.engine.process import EngineProcess
from tests.terminal import Terminal, on_terminal

COMMAND = Path(sys.executable).with_name("camtrust")
CALM = Timing(key=1.5, switch=0.1, restart=0.5)
LOBBY = CameraSettings(name="Lobby", host="127.0.11.1", serial="1", timing=CALM)
RESTLESS = CameraSettings(name="Stairs", host="127.0.11.2", serial="2", quirks=Quirks(new_certificate_at_boot=True))


@asynccontextmanager
async def gateway(folder: Path, *cameras: CameraSettings) -> AsyncIterator[tuple[EngineProcess, list[Camera]]]:
    """A site, and an engine that has not been started: the first `camtrust` does that."""
    engine = EngineProcess(folder)
    port = int(
        next(line for line in engine.config.read_text().splitlines() if "ws_discovery_port" in line)
        .split("=")[2]
        .split(",")[0]
    )
    async with Site(cameras, port) as site:
        try:
            yield engine, site.cameras
        finally:
            await stop(engine)


def command(engine: EngineProcess) -> list[str]:
    return [str(COMMAND), "--state-dir", str(engine.state), "--config", str(engine.config)]


async def stop(engine: EngineProcess) -> None:
    process = await asyncio.create_subprocess_exec(
        *command(engine), "engine", "stop", "--force", stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    await process.wait()


@asynccontextmanager
async def screens(engine: EngineProcess, columns: int, lines: int, **more: str) -> AsyncIterator[Terminal]:
    """Type `camtrust` in a terminal of this size."""
    async with on_terminal(command(engine), columns, lines, more) as terminal:
        yield terminal


async def add_lobby(terminal: Terminal) -> None:
    await terminal.sees("Lobby", "found", "127.0.11.1")
    terminal.press("a")
    await terminal.sees("Add a device", "SHA-256", "issued by itself")
    terminal.press(*LOBBY.user)
    terminal.press("tab")
    terminal.press(*LOBBY.password)
    await terminal.sees("•")
    terminal.press("enter")
    await terminal.sees("The camera makes its key", "of 10")


async def test_by_keys_alone_a_camera_is_found_added_watched_and_its_fingerprint_compared(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, [camera]), screens(engine, 80, 24) as terminal:
        await add_lobby(terminal)
        await terminal.sees("finished after", "HTTPS (Arcules)")
        terminal.press("enter")
        await terminal.sees("SHA-256", "Arcules Gateway CA gw-test", "issued by this gateway")
        shown = "".join(terminal.text().split())
        fingerprint = await served(camera)
        assert fingerprint[:32] in shown
        assert fingerprint[32:] in shown
        # One by one: an escape with a key right behind it is another key to a terminal.
        terminal.press("escape")
        await terminal.sees("Name", "Address", "Expires")
        terminal.press("q")
        assert await terminal.ended() == 0


async def test_a_screen_that_is_killed_in_mid_install_disturbs_nothing(tmp_path: Path) -> None:
    async with gateway(tmp_path, LOBBY) as (engine, [camera]):
        async with screens(engine, 80, 24) as terminal:
            await add_lobby(terminal)
            terminal.kill(signal.SIGKILL)
        async with screens(engine, 80, 24) as terminal:
            await terminal.sees("Lobby", "HTTPS (Arcules)", "online")
        [view] = await engine.devices()
        assert (view.certificate_field, view.fingerprint) == (CertificateField.ARCULES, await served(camera))


async def test_a_hang_up_in_mid_install_is_found_again_where_it_is(tmp_path: Path) -> None:
    slow = CameraSettings(name="Lobby", host="127.0.11.1", serial="1", timing=Timing(key=4.0))
    async with gateway(tmp_path, slow) as (engine, _):
        async with screens(engine, 80, 24) as terminal:
            await add_lobby(terminal)
            terminal.kill(signal.SIGHUP)
        async with screens(engine, 80, 24) as terminal:
            await terminal.sees("Lobby", "adding 6/10")
            terminal.press("i")
            await terminal.sees("step 6 of 10", "The camera makes its key")


@pytest.mark.parametrize(("columns", "lines", "colour"), [(80, 24, True), (120, 40, True), (80, 24, False)])
async def test_a_changed_certificate_is_compared_and_accepted_by_keys(
    tmp_path: Path, columns: int, lines: int, colour: bool
) -> None:
    no_colour = {} if colour else {"NO_COLOR": "1"}
    async with gateway(tmp_path, RESTLESS) as (engine, [camera]):
        async with screens(engine, columns, lines, **no_colour) as terminal:
            await terminal.sees("Stairs", "found")
            await engine.add(f"{camera.host}:{camera.https_port}")
            await terminal.sees("Stairs", "HTTPS (Arcules)", "online")
            await camera.power_cut()
            await terminal.sees("BLOCKED")
            terminal.press("c")
            await terminal.sees("Error with device certificate", "!= Issuer", "Keep the stored certificate", "Arcules")
            presented = await served(camera)
            terminal.press("down", "down", *presented[-8:], "enter")
            await terminal.sees("Accepted", "reviewed and accepted")
        [view] = await engine.devices()
        assert view.fingerprint == presented
