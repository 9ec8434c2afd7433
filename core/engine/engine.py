"""The engine: everything that runs on the gateway, put together."""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, Coroutine
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from core.authority.authority import Authority
from core.decide.addresses import Target
from core.discovery.source import Source
from core.engine.adding import Adding
from core.engine.arguments import locate
from core.engine.board import Board
from core.engine.clock import now
from core.engine.commands import Commands
from core.engine.registry import Registry
from core.engine.reviews import Reviews
from core.engine.rollouts import Rollouts
from core.engine.scan import Ports, Scan
from core.engine.services import Services
from core.engine.sources import sources_of
from core.engine.video import Videos
from core.engine.watch import Watch
from core.engine.work import Work
from core.model.caller import Caller
from core.model.config import Config
from core.model.errors import UsageError
from core.model.messages import AnyCommand, AnyResult, Status
from core.model.records import DeviceRecord
from core.onvif.wsdls import Wsdls
from core.store.folder import StateFolder
from core.store.store import Store

_STATUS_EVERY = 5.0
_FORGET_AFTER = 200.0
_LOCATE_EVERY = 60.0
_EVENTS_LOADED = 200
_LONG_ANSWERS = 2
_SEARCHES = 32

_log = logging.getLogger(__name__)


class Engine:
    """One gateway's engine. `board` is what clients see; `stop_asked` is set when one asks it to end."""

    def __init__(self, services: Services, sources: tuple[Source, ...], scan: Scan) -> None:
        self.board = services.board
        self.stop_asked = asyncio.Event()
        self._services = services
        self._sources = sources
        self._scan = scan
        self._work = Work(services)
        self._watch = Watch(services, self._work, self._explain)
        self._videos = Videos(services, self._work)
        self._reviews = Reviews(services, self._work, self._watch.note)
        adding = Adding(services, self._work)
        self._rollouts = Rollouts(services, self._work, adding)
        self._commands = Commands(
            services,
            self._work,
            self._watch,
            self._videos,
            self._reviews,
            scan,
            adding,
            self._rollouts,
            rescan=self._rescan,
            stop=self.stop_asked.set,
        )
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(cls, folder: StateFolder, config: Config) -> "Engine":
        """Open the state folder's store and authority, and begin: recovery first, then discovery and the watch.

        Raises `CamtrustError` where the state cannot be used.
        """
        gateway = config.gateway or socket.gethostname()
        sources = sources_of(config)
        store = await Store.open(folder.path)
        try:
            services, scan = await _services(store, folder.path, config, gateway, sources)
        except BaseException:
            await store.close()
            raise
        engine = cls(services, sources, scan)
        try:
            await engine._start()
        except BaseException:
            await engine.close()
            raise
        return engine

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        """Carry out a command. Raises `CamtrustError` where it is not done."""
        return await self._commands.handle(command, caller)

    def busy(self) -> bool:
        """Whether an install, a rollout or a scan is under way."""
        return self._work.busy() or self._rollouts.busy() or self._scan.view is not None

    async def close(self) -> None:
        """End all tasks and close the store. Installs that are under way are taken up at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._scan.close()
        await self._rollouts.close()
        await self._work.stop()
        await self._services.store.close()

    async def _start(self) -> None:
        for device in tuple(self._services.registry.devices.values()):
            await self._explain(device)
        await self._rollouts.load()
        await self._work.take_up()
        await self._rollouts.take_up()
        for source in self._sources:
            self._run(source.name, partial(source.run, self._services.registry.hear))
        self._run("scan", self._scan.keep)
        self._run("watch", self._watch.run)
        self._run("video", self._videos.run)
        self._run("retry", self._keep_retrying)
        self._run("status", self._keep_status)
        self._run("names", self._keep_located)

    def _run(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tasks.append(asyncio.create_task(_supervised(name, work), name=name))

    async def _explain(self, device: DeviceRecord) -> None:
        """Show beside a blocked device why it probably shows another certificate."""
        if device.presented:
            explanations = await self._reviews.explain(device)
            self._services.registry.set_change(device.id, explanations[0].text if explanations else "")

    def _rescan(self) -> None:
        for source in self._sources:
            source.rescan()

    async def _keep_retrying(self) -> None:
        while True:
            await asyncio.sleep(self._services.config.retry_period)
            await self._work.take_up()

    async def _keep_located(self) -> None:
        """Ask again and again where the devices are that were added by a name."""
        while True:
            for host in {device.host for device in self._services.registry.devices.values()}:
                with contextlib.suppress(UsageError):
                    await locate(self._services.registry, Target(host))
            await asyncio.sleep(_LOCATE_EVERY)

    async def _keep_status(self) -> None:
        """Tell clients when a source's numbers changed, and forget devices that are not heard any more."""
        last: Status | None = None
        loop = asyncio.get_running_loop()
        while True:
            self._services.registry.expire(loop.time() - _FORGET_AFTER)
            status = self.board.status()
            # The time to the next search runs by itself on the client's side.
            comparable = msgspec.structs.replace(status, rescan_in=None)
            if comparable != last:
                last = comparable
                self.board.status_changed()
            await asyncio.sleep(_STATUS_EVERY)


async def _services(
    store: Store, folder: Path, config: Config, gateway: str, sources: tuple[Source, ...]
) -> tuple[Services, Scan]:
    authority = await asyncio.to_thread(Authority.open, folder, config.authority, gateway, now())
    board = Board(lambda: _status(gateway, config, sources, registry, scan))
    registry = Registry(board, config.expiry_notice)
    scan = Scan(board, registry, Ports(ws_discovery=config.discovery.ws_discovery_port))
    devices = await store.devices()
    pins = {device.pin.fingerprint for device in devices if device.pin}
    certificates = [der for fingerprint in pins if (der := await store.certificate(fingerprint)) is not None]
    registry.load(devices, certificates)
    board.load_events(await store.events(_EVENTS_LOADED))
    services = Services(
        config=config,
        gateway=gateway,
        store=store,
        authority=authority,
        wsdls=await Wsdls.load(),
        registry=registry,
        board=board,
        installs=asyncio.Semaphore(config.parallel_installs),
        searches=asyncio.Semaphore(_SEARCHES),
        long_answers=asyncio.Semaphore(_LONG_ANSWERS),
    )
    return services, scan


def _status(gateway: str, config: Config, sources: tuple[Source, ...], registry: Registry, scan: Scan) -> Status:
    rounds = [seconds for source in sources if (seconds := source.next_scan()) is not None]
    return Status(
        gateway=gateway,
        version=version("camtrust"),
        pid=os.getpid(),
        interfaces=config.interfaces,
        sources=tuple(
            msgspec.structs.replace(source.status(), devices=registry.count_by(source.name)) for source in sources
        ),
        rescan_in=min(rounds, default=None),
        scan=scan.view,
    )


async def _supervised(name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run one of the engine's loops again if it ends by an error: the others go on, and the log tells."""
    while True:
        try:
            await work()
            return
        except Exception:  # noqa: BLE001 - a watch that silently stopped would be worse than one that stumbles
            _log.exception("%s ended; it begins again", name)
        await asyncio.sleep(1.0)
