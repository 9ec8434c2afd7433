"""What clients ask for. Roles were checked before a command gets here."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from core.decide.networks import parse_networks
from core.engine.adding import Adding
from core.engine.arguments import read_fingerprint
from core.engine.board import REMOVED
from core.engine.preflight import Preflights
from core.engine.reading import Reading
from core.engine.reviews import Reviews
from core.engine.rollouts import Rollouts
from core.engine.scan import Scan, shown
from core.engine.services import Services
from core.engine.video import Videos
from core.engine.watch import Watch
from core.engine.work import Work
from core.model.caller import Caller
from core.model.errors import RefusedError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    AnyCommand,
    AnyResult,
    CancelInstall,
    CancelScan,
    CheckDevices,
    Command,
    Devices,
    Done,
    ListDevices,
    LookAt,
    Ping,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
    Rescan,
    ReviewDevice,
    Scanned,
    ScanNetworks,
    ShowDevice,
    StopEngine,
)
from core.model.preflight import Preflight
from core.model.rollout import CancelRollout, ReadRollout, StartRollout

Handler = Callable[[Any, Caller], Coroutine[Any, Any, AnyResult]]


class Commands:
    """Answers commands. `rescan` asks the sources again, `stop` ends the engine."""

    def __init__(
        self,
        services: Services,
        work: Work,
        watch: Watch,
        videos: Videos,
        reviews: Reviews,
        scan: Scan,
        adding: Adding,
        rollouts: Rollouts,
        *,
        rescan: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._work = work
        self._watch = watch
        self._videos = videos
        self._reviews = reviews
        self._scan = scan
        self._rescan = rescan
        self._stop = stop
        self._rollouts = rollouts
        reading = Reading(services, reviews)
        self._handlers: Mapping[type[Command], Handler] = {
            Ping: reading.ping,
            ListDevices: reading.list,
            ShowDevice: reading.show,
            ReadEvents: reading.read_events,
            ReadCertificate: reading.read_certificate,
            ReadAuthority: reading.read_authority,
            LookAt: reading.look_at,
            Preflight: Preflights(services, work).run,
            AddDevices: adding.add,
            ReviewDevice: reading.review,
            AcceptCertificate: self._accept,
            ReplaceDevice: adding.replace,
            ReissueCertificate: adding.reissue,
            CheckDevices: self._check,
            CancelInstall: self._cancel,
            RemoveDevice: self._remove,
            Rescan: self._ask_again,
            ScanNetworks: self._scan_networks,
            CancelScan: self._cancel_scan,
            StartRollout: rollouts.start,
            CancelRollout: rollouts.cancel,
            ReadRollout: rollouts.read,
            StopEngine: self._stop_engine,
        }

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        """Carry out one command. Raises `CamtrustError` where it is not done."""
        return await self._handlers[type(command)](command, caller)

    async def _accept(self, command: AcceptCertificate, caller: Caller) -> Done:
        device = self._registry.resolve(command.device)
        await self._reviews.accept(device, read_fingerprint(command.fingerprint), command.reason, caller.user)
        return Done()

    async def _check(self, command: CheckDevices, caller: Caller) -> Devices:
        chosen = {self._registry.resolve(device).id for device in command.devices}
        await self._watch.check(chosen)
        await self._videos.check(chosen)
        views = self._services.board.devices
        return Devices(tuple(views[device] for device in self._registry.devices if not chosen or device in chosen))

    async def _cancel(self, command: CancelInstall, caller: Caller) -> Done:
        self._work.cancel(self._registry.resolve(command.device), caller.user)
        return Done()

    async def _remove(self, command: RemoveDevice, caller: Caller) -> Done:
        device = self._registry.resolve(command.device)
        if self._work.is_running(device.id):
            self._work.cancel(device, caller.user)
            await self._work.settled(device.id)
            device = self._registry.resolve(device.id)
        with self._work.holding(device, in_doubt=True, who=caller.user, doing="removing"):
            told = self._services.event(REMOVED, "removed", device, caller.user)
            event = await self._store.remove_device(device.id, told)
            self._registry.remove(device.id)
            self._services.board.add_event(event)
        return Done()

    async def _ask_again(self, command: Rescan, caller: Caller) -> Done:
        self._rescan()
        return Done()

    async def _scan_networks(self, command: ScanNetworks, caller: Caller) -> Scanned:
        networks = parse_networks(command.networks)
        scanned = await self._scan.run(networks, caller.user)
        count = len(scanned.devices)
        result = f"{scanned.tried} of {scanned.total} addresses tried, {count} device{'' if count == 1 else 's'} found"
        await self._services.tell("scanned", f"scanned {shown(networks)}: {result}", who=caller.user)
        return scanned

    async def _cancel_scan(self, command: CancelScan, caller: Caller) -> Done:
        await self._scan.cancel()
        return Done()

    async def _stop_engine(self, command: StopEngine, caller: Caller) -> Done:
        if (self._work.busy() or self._rollouts.busy()) and not command.force:
            raise RefusedError(
                "A rollout is under way" if self._rollouts.busy() else "An install is under way",
                "Wait until it is finished, or stop with --force: it is taken up again at the next start.",
            )
        self._stop()
        return Done()
