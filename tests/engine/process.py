"""An engine as a process of its own, to be killed at the worst moments."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from core.model.device import DeviceView
from core.model.errors import EngineGoneError
from core.model.messages import (
    AddDevices,
    Added,
    DeviceDetail,
    Devices,
    ListDevices,
    ReissueCertificate,
    ShowDevice,
)
from core.model.secret import Secret
from core.service.client import Client
from core.service.paths import socket_path
from core.simulator.settings import CameraSettings

DEADLINE = 30.0
PROGRAM = ("-m", "core.service.run")
SETTINGS = """
gateway = "gw-test"
interfaces = ["127.0.0.1"]
discovery = {{ ws_discovery_port = {port}, mdns_port = 0, ssdp_port = 0 }}
patience = 0.5
restart_patience = 5.0
check_period = 0.5
retry_period = 0.5
authority.key_type = "ec-p256"
"""


class EngineProcess:
    """One state folder, and the engine that runs on it now and then. `program` is how Python is told to run it."""

    def __init__(self, folder: Path, settings: str = "", program: Sequence[str] = PROGRAM) -> None:
        self.state = folder / "state"
        self._program = program
        self.config = folder / "config.toml"
        lines = [*settings.splitlines(), *SETTINGS.format(port=free_udp_port()).splitlines()]
        # The first of a name counts.
        named = {line.partition(" ")[0]: line for line in reversed(lines)}
        self.config.write_text("\n".join(named.values()))
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        command = [sys.executable, "-I", *self._program]
        command += ["--state-dir", str(self.state), "--config", str(self.config)]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        await until(self._answers)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    async def add(self, address: str, *, enable_https: bool = False) -> DeviceView:
        [added] = await self.add_all([address], enable_https=enable_https)
        return added

    async def add_all(self, addresses: Sequence[str], *, enable_https: bool = False) -> tuple[DeviceView, ...]:
        settings = CameraSettings()
        command = AddDevices(
            addresses=tuple(addresses),
            user=settings.user,
            password=Secret(settings.password),
            enable_https=enable_https,
        )
        async with await self._attach() as client:
            added = await client.ask(command)
        assert isinstance(added, Added)
        return added.devices

    async def reissue(self, device: str) -> None:
        async with await self._attach() as client:
            await client.ask(ReissueCertificate(device=device))

    async def devices(self) -> list[DeviceView]:
        async with await self._attach() as client:
            listed = await client.ask(ListDevices())
        assert isinstance(listed, Devices)
        return [view for view in listed.devices if not view.id.startswith("found:")]

    async def detail(self, device: str) -> DeviceDetail:
        async with await self._attach() as client:
            detail = await client.ask(ShowDevice(device=device))
        assert isinstance(detail, DeviceDetail)
        return detail

    async def _attach(self) -> Client:
        return await Client.connect(socket_path(self.state))

    async def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the engine did not start"
        try:
            await self.devices()
        except EngineGoneError:
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)
            self._process.wait(DEADLINE)
            self._process = None


@asynccontextmanager
async def engine_process(
    folder: Path, settings: str = "", program: Sequence[str] = PROGRAM
) -> AsyncIterator[EngineProcess]:
    """An engine; `settings` are lines of its configuration that differ from what tests use otherwise."""
    engine = EngineProcess(folder, settings, program)
    await engine.start()
    try:
        yield engine
    finally:
        engine.kill()


async def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition, which may be a coroutine, to come true; fail when it does not in time."""
    async with asyncio.timeout(deadline):
        while True:
            result = condition()
            if await result if asyncio.iscoroutine(result) else result:
                return
            await asyncio.sleep(0.02)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
