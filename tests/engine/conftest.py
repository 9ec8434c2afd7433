"""A gateway in a folder of the test's own, with every wait made short."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from core.engine.engine import Engine
from core.model.caller import Caller
from core.model.config import AuthoritySettings, Config, DiscoverySettings
from core.model.device import Connection, DeviceView, InstallView
from core.model.messages import AddDevices, Added, DeviceDetail, Role, ShowDevice
from core.model.secret import Secret
from core.model.video import Video
from core.simulator.settings import CameraSettings
from core.store.folder import StateFolder

CALLER = Caller("tech1", 1000, Role.OPERATOR)
DEADLINE = 30.0
_LONGEST_QUESTION = 5.0
USER, PASSWORD = CameraSettings().user, CameraSettings().password
CONFIG = Config(
    gateway="gw-test",
    interfaces=("127.0.0.1",),
    discovery=DiscoverySettings(0, 0, 0),
    patience=0.5,
    restart_patience=4.0,
    check_period=0.3,
    retry_period=0.5,
    authority=AuthoritySettings(key_type="ec-p256"),
)


class Gateway:
    """One engine, and the questions that tests ask it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def add(self, address: str, **options: Any) -> DeviceView:
        """Add one device and wait until its install has ended, and the question about its video that follows.

        A device that does not answer that one is not waited for long.
        """
        device = await self.begin(address, **options)
        await self.ended(device.id)
        with suppress(TimeoutError):
            await until(lambda: not self._is_asked(device.id), _LONGEST_QUESTION)
        return self.view(device.id)

    def _is_asked(self, device: str) -> bool:
        view = self.view(device)
        return view.video is Video.DUE and view.connection is Connection.ONLINE

    async def begin(self, address: str, user: str = USER, password: str = PASSWORD, **options: Any) -> DeviceView:
        command = AddDevices(addresses=(address,), user=user, password=Secret(password), **options)
        added = await self.engine.handle(command, CALLER)
        assert isinstance(added, Added)
        return added.devices[0]

    def view(self, device: str) -> DeviceView:
        return self.engine.board.devices[device]

    def install(self, device: str) -> InstallView:
        return self.engine.board.installs[device]

    async def detail(self, device: str) -> DeviceDetail:
        detail = await self.engine.handle(ShowDevice(device=device), CALLER)
        assert isinstance(detail, DeviceDetail)
        return detail

    async def ended(self, device: str) -> InstallView:
        await until(lambda: device in self.engine.board.installs and self.install(device).finished)
        return self.install(device)


async def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition to come true; fail when it does not in time."""
    async with asyncio.timeout(deadline):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def running(folder: Path, config: Config = CONFIG) -> AsyncIterator[Gateway]:
    state = StateFolder.open(folder)
    try:
        engine = await Engine.open(state, config)
        try:
            yield Gateway(engine)
        finally:
            await engine.close()
    finally:
        state.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
async def gateway(folder: Path) -> AsyncIterator[Gateway]:
    async with running(folder) as gateway:
        yield gateway


async def pass_time(gateway: Gateway, periods: int = 3) -> None:
    """Let the engine's own loops come round a few times."""
    loop = asyncio.get_running_loop()
    end = loop.time() + periods * gateway.engine._services.config.retry_period
    await until(lambda: loop.time() > end)
