"""Makes the pictures in screenshots/ from the simulated site: `python -m tests.screenshots`. Takes a few minutes."""

import asyncio
import html
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len
from textual.app import App
from textual.pilot import Pilot

from core.model.messages import Role
from core.model.records import Login
from core.model.secret import Secret
from core.service.client import Client
from tui.app import CamtrustApp
from tui.attach import Place
from tui.demo import simulated_site
from tui.monitor.app import MonitorApp
from tui.screens.devices import DevicesScreen
from tui.session import local_time
from tui.simulation import PASSWORD, USER

FOLDER = Path(__file__).parent.parent / "screenshots"
_FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_TEXT = re.compile(
    r'<text class="(?P<style>[^"]*)" x="(?P<x>[^"]*)" y="(?P<y>[^"]*)" textLength="(?P<length>[^"]*)"'
    r' clip-path="(?P<clip>[^"]*)">(?P<text>[^<]*)</text>'
)
_PIECE = re.compile(r"\S+(?: \S+)*")
_OWN_FONT = "Fira Code"
_ANY_FONT = "DejaVu Sans Mono, Menlo, Consolas"
_DEADLINE = 300.0
_USUAL, _WIDE = (80, 24), (120, 36)


@dataclass
class Camera:
    """A running program, and what takes pictures of it."""

    app: App[None]
    pilot: Pilot[None]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if character == " " else character for character in text))

    async def sees(self, *texts: str) -> None:
        """Wait until all texts are on the screen."""
        await self.until(lambda: all(text in self.text() for text in texts))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(_DEADLINE):
            while not condition():
                await self.pilot.pause(0.05)

    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    async def take(self, name: str) -> None:
        """Write what is on the screen as an SVG that needs nothing from elsewhere."""
        await self.pilot.pause()
        svg = _FONTS.sub("", self.app.export_screenshot(title="camtrust")).replace(_OWN_FONT, _ANY_FONT)
        (FOLDER / f"{name}.svg").write_text(_TEXT.sub(_in_pieces, svg), encoding="utf-8")
        sys.stderr.write(f"{name}\n")


def _in_pieces(found: re.Match[str]) -> str:
    """Return a text as one element for each piece between wide spaces, at its own place.

    Programs that draw SVG do not agree about spaces in a text, nor about how wide a character of a font is.
    """
    text = html.unescape(found["text"]).replace("\N{NO-BREAK SPACE}", " ")
    cell = float(found["length"]) / max(cell_len(text), 1)
    pieces = []
    for piece in _PIECE.finditer(text):
        x = float(found["x"]) + cell * cell_len(text[: piece.start()])
        length = cell * cell_len(piece[0])
        pieces.append(
            f'<text class="{found["style"]}" x="{x:g}" y="{found["y"]}" textLength="{length:g}" '
            f'clip-path="{found["clip"]}">{html.escape(piece[0])}</text>'
        )
    return "".join(pieces)


async def photograph(place: Place, cameras: int) -> None:
    """Work on the site as a technician would, and take a picture of each thing that there is to see."""

    async def connect() -> Client:
        return await Client.connect(place.socket, watch=True)

    app = CamtrustApp(connect, login=Login(USER, Secret(PASSWORD)))
    async with app.run_test(size=_USUAL) as pilot:
        camera = Camera(app, pilot)
        await _first_camera(camera, cameras)
        await _all_others(camera)
        await _decide(camera)
        await _look_round(camera)
    await _wall(place)


async def _first_camera(camera: Camera, cameras: int) -> None:
    await camera.until(lambda: _devices(camera).session.site.counts(local_time()).devices == cameras)
    await camera.take("found")
    await _go_to(camera, "Loading dock")
    await camera.press("P")
    await camera.sees("Preflight of 1 device")
    await camera.press("enter")
    await camera.sees("Loading dock (127", "ready")
    await camera.take("preflight")
    await camera.press("escape", "a")
    await camera.sees("issued by", "Enter Add")
    await camera.take("add")
    await camera.press("enter")
    await camera.sees("The camera makes its key", "#")
    await camera.take("install")
    await camera.sees("finished after")
    await camera.press("escape")


async def _all_others(camera: Camera) -> None:
    await camera.press("asterisk", "a")
    await camera.sees("Enter Begin")
    await camera.press("enter")
    await camera.until(lambda: "> rollout 1" in camera.text() or " 10/" in camera.text())
    await camera.take("rollout")
    await camera.until(lambda: not _devices(camera).session.site.is_rollout_running)
    await camera.press("escape")


async def _decide(camera: Camera) -> None:
    await camera.until(lambda: _devices(camera).session.site.counts(local_time()).blocked > 0)
    # The row of the cursor stays where it is.
    await camera.press("end")
    screen = _devices(camera)
    await camera.until(lambda: not screen.table.list.rows.index(_named(screen, "Loading dock")))
    await _go_to(camera, "Loading dock")
    await camera.take("devices")
    await camera.press("c")
    await camera.sees("Error with device certificate", "presented")
    await camera.take("compare")
    await camera.press("escape")


async def _look_round(camera: Camera) -> None:
    await camera.pilot.resize_terminal(*_WIDE)
    await camera.press("enter")
    await camera.sees("Stored", "Presented", "History")
    await camera.take("drawer")
    await camera.press("escape", "colon")
    await camera.type("lo")
    await camera.sees("go to Lobby")
    await camera.pilot.resize_terminal(*_USUAL)
    await camera.take("palette")
    await camera.press("escape", "e")
    await camera.sees("certificate")
    await camera.take("events")


async def _wall(place: Place) -> None:
    async def connect() -> Client:
        return await Client.connect(place.socket, role=Role.VIEWER, watch=True)

    app = MonitorApp(connect)
    async with app.run_test(size=_USUAL) as pilot:
        camera = Camera(app, pilot)
        await camera.sees("BLOCKED", "Loading dock", "rollout finished")
        await camera.take("monitor")


async def _go_to(camera: Camera, name: str) -> None:
    """Move the cursor to a device."""
    table = _devices(camera).table
    await camera.press("home")
    for _ in table.list.rows:
        if _is_at(camera, name):
            return
        await camera.press("down")
    raise AssertionError(f"{name} is not there")


def _named(screen: DevicesScreen, name: str) -> str:
    """Return the id of a device."""
    return next(view.id for view in screen.session.site.devices.values() if view.name == name)


def _is_at(camera: Camera, name: str) -> bool:
    device = _devices(camera).table.device
    return device is not None and device.name == name


def _devices(camera: Camera) -> DevicesScreen:
    screen = camera.app.screen_stack[0]
    assert isinstance(screen, DevicesScreen)
    return screen


def main() -> None:
    # As on a technician's terminal, whatever this one is.
    os.environ.pop("NO_COLOR", None)
    FOLDER.mkdir(exist_ok=True)
    with simulated_site(fast=False) as (place, site):
        asyncio.run(photograph(place, len(site.cameras)))


if __name__ == "__main__":
    main()
