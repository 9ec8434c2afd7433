"""An engine in a process of its own, as technicians have it, and what its installs cost."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from core.model.device import DeviceView
from core.model.messages import AddDevices, Added, Update
from core.model.secret import Secret
from core.model.video import Video
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.settings import CameraSettings
from tests.engine.process import EngineProcess

_SETTINGS = """
discovery = { ws_discovery_port = 0, mdns_port = 0, ssdp_port = 0 }
patience = 30.0
restart_patience = 60.0
check_period = 600.0
retry_period = 600.0
"""
_DEADLINE = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    """Seconds: on the clock, and of CPU time of who installs and of the cameras."""

    wall: float
    cpu: float
    cameras: float


class Gateway(EngineProcess):
    """An engine, attached to as a client that watches all of it, which is a part of what it costs."""

    @property
    def pid(self) -> int:
        """The number of its process."""
        assert self._process is not None
        return self._process.pid

    async def install(self, addresses: Sequence[str]) -> tuple[list[DeviceView], float]:
        """Add devices with one command. Return them, and after how many seconds all installs had ended.

        It returns when their streams were asked for, too: that follows an install, and nobody waits for it.
        """
        settings = CameraSettings()
        command = AddDevices(addresses=tuple(addresses), user=settings.user, password=Secret(settings.password))
        began = time.monotonic()
        async with asyncio.timeout(_DEADLINE), await self._watching() as client:
            added = await client.ask(command)
            assert isinstance(added, Added)
            views = {device.id: device for device in added.devices}
            updates = client.updates()
            await _ended(updates, views)
            wall = time.monotonic() - began
            while any(view.video is Video.DUE for view in views.values()):
                _keep(views, await anext(updates))
        return [*views.values()], wall

    async def _watching(self) -> Client:
        return await Client.connect(socket_path(self.state), watch=True)


async def _ended(updates: AsyncIterator[Update], views: dict[str, DeviceView]) -> None:
    """Wait until the installs of these devices have ended, and keep the views up to date meanwhile."""
    under_way = set(views)
    while under_way:
        update = await anext(updates)
        _keep(views, update)
        under_way -= {install.device for install in update.installs if install.finished}


def _keep(views: dict[str, DeviceView], update: Update) -> None:
    views.update((device.id, device) for device in update.devices if device.id in views)


@asynccontextmanager
async def gateway(folder: Path, cpu: int, settings: str = "") -> AsyncIterator[Gateway]:
    """Run an engine on one CPU; `settings` are lines of its configuration."""
    engine = Gateway(folder, settings + _SETTINGS)
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})
    try:
        await engine.start()
    finally:
        os.sched_setaffinity(0, before)
    try:
        yield engine
    finally:
        engine.kill()


def cpu_of(pid: int) -> float:
    """Return the CPU time of a process in seconds, in steps of the kernel's ticks (proc(5), /proc/pid/stat)."""
    # The second field, a name in brackets, may hold anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def largest(pid: int) -> float:
    """Return the most memory that a process has held so far, in MiB (proc(5), VmHWM)."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024
