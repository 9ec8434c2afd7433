"""A technician at a gateway: commands that are processes, an engine that may be killed, cameras that count."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from core.model.video import Video
from core.simulator.camera import Camera
from tests.cli.shell import Ended, Shell
from tests.engine.process import EngineProcess, until

_LOOKS = 3
_WATCHED, _UNWATCHED = "check_period = 0.5", "check_period = 3600"


class Technician:
    """Types commands at a gateway with this engine. Files that they write go to `folder`."""

    def __init__(self, engine: EngineProcess, folder: Path) -> None:
        self.engine = engine
        self._shell = Shell(folder, "--state-dir", str(engine.state), "--config", str(engine.config))

    async def tries(self, *arguments: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        return await self._shell.run(*arguments, stdin=stdin.encode())

    async def types(self, *arguments: str, code: int = 0, stdin: str = "") -> Ended:
        """Run a command to its end. Fails unless it returns `code`."""
        ended = await self.tries(*arguments, stdin=stdin)
        assert ended.code == code, f"{arguments}: {ended}"
        return ended

    async def adds(self, camera: Camera, name: str, code: int = 0) -> Any:
        """Add a camera, wait for its install and for the look at its video after that, and return the device."""
        place, settings = f"{camera.host}:{camera.https_port}", camera.settings
        login = ("--user", settings.user, "--password-file", "-")
        await self.types("add", place, "--name", name, *login, "--json", code=code, stdin=settings.password)
        await until(lambda: self._knows_video(name))
        return await self.shows(name)

    async def _knows_video(self, device: str) -> bool:
        return bool((await self.shows(device))["video"] != Video.DUE)

    async def shows(self, device: str) -> Any:
        return (await self.types("show", device, "--json")).json

    async def sees(self, device: str, connection: str, host: str | None = None) -> Any:
        """Wait until a device is in that state by itself, at this address if one is given, and return it."""

        async def so() -> bool:
            view = await self.shows(device)
            return view["connection"] == connection and host in (None, view["host"])

        await until(so)
        return await self.shows(device)

    async def pulls_the_plug(self) -> None:
        """End the engine as a power cut would, and start it again."""
        self.engine.kill()
        await self.engine.start()


@asynccontextmanager
async def technician(folder: Path, *, watched: bool = True) -> AsyncIterator[Technician]:
    """Give one whose gateway runs. Unless devices are watched they are looked at when somebody asks for it."""
    engine = EngineProcess(folder)
    if not watched:
        settings = engine.config.read_text()
        assert _WATCHED in settings
        engine.config.write_text(settings.replace(_WATCHED, _UNWATCHED))
    await engine.start()
    try:
        yield Technician(engine, folder)
    finally:
        engine.kill()


async def presented(camera: Camera) -> bytes:
    """What the camera's port really serves, DER, seen by a client that is not ours."""
    place = (camera.host, camera.https_port)
    return ssl.PEM_cert_to_DER_cert(await asyncio.to_thread(ssl.get_server_certificate, place))


async def fingerprint(camera: Camera) -> str:
    return hashlib.sha256(await presented(camera)).hexdigest()


class Silence:
    """Counts from now on what a camera gets besides handshakes."""

    def __init__(self, camera: Camera) -> None:
        self._log = camera.log
        self._before = self._heard()
        assert self._before["https"], "nothing was counted while it was added"

    async def lasts(self) -> None:
        """Wait for a few more looks at the camera. Fails where there was more than handshakes since the beginning."""
        enough = len(self._log.connections) + _LOOKS
        await until(lambda: len(self._log.connections) >= enough)
        assert self.was_kept()

    def was_kept(self) -> bool:
        """Tell whether there was nothing but handshakes so far."""
        return self._heard() == self._before

    def _heard(self) -> dict[str, int]:
        return {scheme: self._log.received(scheme) for scheme in ("http", "https")}
