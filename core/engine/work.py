"""The installs that are under way: starting, cancelling, and taking up what an interruption left open."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import msgspec

from core.decide.acts import Act, by_whom, under_way
from core.decide.recovery import in_doubt
from core.decide.steps import STEPS
from core.engine.case import Case
from core.engine.clock import now, stamp
from core.engine.installation import Installation
from core.engine.progress import Progress
from core.engine.services import OURSELVES, Services
from core.model.device import AttentionKind, Connection, InstallView
from core.model.errors import CamtrustError, RefusedError
from core.model.records import DeviceRecord, InstallRecord, InstallRequest, Purpose

_SHOW_EVERY = 5.0
_DOING = {Purpose.ADD: "adding", Purpose.REPLACE: "replacing", Purpose.REISSUE: "re-issuing"}
_DOING_WITH = {**_DOING, Purpose.REISSUE: "re-issuing the certificate of"}
_WORTH_A_RETRY = frozenset((AttentionKind.UNREACHABLE, AttentionKind.TLS_FAILED))

_log = logging.getLogger(__name__)


def new_id() -> str:
    """Return the id of an install: part of aliases on devices, so it is short and never used again."""
    return secrets.token_hex(6)


class Work:
    """At most one install a device, and at most so many at once as the services allow.

    `may_try_again` tells of a device that was not reached whether it may be tried again by itself.
    Whoever else changes a device holds it meanwhile, so that two never decide about one at the same time.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, asyncio.Task[None]] = {}
        self._installations: dict[str, Installation] = {}
        self._unsettled: dict[str, InstallRecord] = {}
        self._held: dict[str, Act] = {}
        self.may_try_again: Callable[[str], bool] = lambda _: True

    def busy(self) -> bool:
        """Whether an install is under way."""
        return bool(self._running)

    def has(self, device: str) -> bool:
        """Whether something else decides about this device: an install that is not at its end, or a technician."""
        return self._is_taken(device) or device in self._unsettled

    def is_running(self, device: str) -> bool:
        """Whether an install of this device is under way."""
        return device in self._running

    def act(self, device: str) -> Act | None:
        """Return who decides about this device now, and how; None where nobody does."""
        installation = self._installations.get(device)
        return _act_of(installation.install) if installation else self._held.get(device)

    def check_free(self, device: DeviceRecord, *, in_doubt: bool = False) -> None:
        """Raise `RefusedError` where something decides about a device already: who began what, and when.

        `in_doubt` tells that an install which waits for the device does not matter.
        """
        act = self.act(device.id)
        if act is not None:
            hint = "Nothing was changed. Wait until that is finished, and see what came of it."
            raise RefusedError(under_way(act, device.name, now()), hint)
        if device.id in self._unsettled and not in_doubt:
            act = _act_of(self._unsettled[device.id])
            hint = "Nothing was changed. It is not known yet how that ends: it waits for the camera to answer."
            raise RefusedError(under_way(act, device.name, now()), hint)

    @contextmanager
    def holding(
        self, device: DeviceRecord, *, in_doubt: bool = False, who: str = OURSELVES, doing: str = "working on"
    ) -> Iterator[None]:
        """Let nothing else decide about a device meanwhile. Raises `RefusedError` where something does already.

        `in_doubt` is as above. `who` and `doing` are what others are told of it.
        """
        self.check_free(device, in_doubt=in_doubt)
        self._held[device.id] = Act(who, doing, stamp())
        try:
            yield
        finally:
            del self._held[device.id]

    async def write_down(self, device: str, request: InstallRequest) -> InstallRecord:
        """Write down that a device, which is held, is to be onboarded. What was open of it before is given up."""
        store = self._services.store
        for install in await store.open_installs():
            if install.device == device:
                await store.put_install(msgspec.structs.replace(install, closed=True))
        self._unsettled.pop(device, None)
        install = InstallRecord(id=new_id(), device=device, request=request, started_at=stamp())
        await store.put_install(install)
        return install

    def start(self, device: DeviceRecord, install: InstallRecord) -> None:
        """Start what was written down."""
        progress = self._start(device, install, Installation.run)
        progress.show()

    async def take_up(self) -> None:
        """Resume every install that is open and not under way, and begin anew where a device was never reached."""
        store, devices = self._services.store, self._services.registry.devices
        orphans = []
        # What is decided while the installs are read may close them.
        taken = {*self._running, *self._held}
        for install in await store.open_installs():
            if install.device in taken or self._is_taken(install.device):
                continue
            if install.device in devices:
                self._resume(devices[install.device], install)
            else:
                orphans.append(install)
        for install in orphans:
            _log.info("install %s: its device was removed", install.id)
            await store.put_install(msgspec.structs.replace(install, closed=True))
        for device in tuple(devices.values()):
            # The others may have changed while one was begun.
            is_free = devices.get(device.id) is device and not self.has(device.id)
            if is_free and _worth_a_retry(device) and self.may_try_again(device.id):
                with self.holding(device):
                    await self._begin_again(device)

    def cancel(self, device: DeviceRecord, who: str) -> None:
        """Cancel the install of a device. Raises `RefusedError` where there is none, or it is too late."""
        installation = self._installations.get(device.id)
        if installation is None:
            last = self._services.board.last_about(device.id)
            told = f" Last: {last.text}, {by_whom(last.who, last.at, now())}." if last else ""
            raise RefusedError(f"No install of {device.name} is under way", f"Nothing was changed.{told}")
        installation.cancel(who)

    async def stop(self) -> None:
        """End all work at once; the journal carries it on at the next start."""
        tasks = tuple(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def settled(self, device: str) -> None:
        """Wait until no install of this device is under way."""
        while task := self._running.get(device):
            await asyncio.wait((task,))

    def forget(self, device: str) -> None:
        """Give up what is open of a device that was removed."""
        self._unsettled.pop(device, None)

    def _is_taken(self, device: str) -> bool:
        return device in self._running or device in self._held

    def _resume(self, device: DeviceRecord, install: InstallRecord) -> None:
        if in_doubt(install, device.pin):
            self._unsettled[device.id] = install
        elif self._services.registry.health(device.id).connection is not Connection.ONLINE:
            # Only clearing up is left, which waits until the device is trusted and there.
            return
        progress = self._start(device, install, Installation.resume)
        progress.is_final = True

    async def _begin_again(self, device: DeviceRecord) -> None:
        """Try once more to reach a device that never answered. It is the same install: nothing was begun on it."""
        installs = await self._services.store.installs(device.id)
        if installs:
            request = msgspec.structs.replace(installs[-1].request, patience=0.0)
            install = msgspec.structs.replace(installs[-1], request=request, started_at=stamp(), closed=False)
            await self._services.store.put_install(install)
            self.start(device, install)

    def _start(
        self, device: DeviceRecord, install: InstallRecord, part: Callable[[Installation], Awaitable[None]]
    ) -> Progress:
        doing = _DOING[install.request.purpose]
        progress = Progress(device.id, doing, self._publish, asyncio.get_running_loop().time, by=install.request.by)
        case = Case(self._services, device, install)
        installation = Installation(case, progress, new_id)
        running = self._run(case, progress, partial(part, installation))
        task = asyncio.create_task(running, name=f"install {device.id}")
        self._running[device.id], self._installations[device.id] = task, installation
        return progress

    async def _run(self, case: Case, progress: Progress, part: Callable[[], Awaitable[None]]) -> None:
        device = case.device.id
        showing = asyncio.create_task(_keep_showing(progress))
        try:
            await part()
        except CamtrustError as error:
            _log.exception("an install stopped")
            progress.finish(f"The install stopped: {error.title}", error.hint)
        except Exception:  # noqa: BLE001 - one device's trouble must not end the engine; the journal has the truth
            _log.exception("an install stopped")
            progress.finish("The install stopped: internal error.", "It is taken up again. The log file has the cause.")
        finally:
            showing.cancel()
            del self._running[device], self._installations[device]
            self._unsettled.pop(device, None)
            if case.is_in_doubt:
                self._unsettled[device] = case.install
            self._services.board.status_changed()

    def _publish(self, view: InstallView) -> None:
        if view.device in self._services.registry.devices:
            self._services.board.put_install(view)
            self._services.registry.set_step(view.device, *((None, None) if view.finished else (view.step, len(STEPS))))


def _act_of(install: InstallRecord) -> Act:
    return Act(install.request.by, _DOING_WITH[install.request.purpose], install.started_at)


async def _keep_showing(progress: Progress) -> None:
    """Let clients that attach in mid-step see how long it has been going on."""
    while True:
        await asyncio.sleep(_SHOW_EVERY)
        progress.refresh()


def _worth_a_retry(device: DeviceRecord) -> bool:
    """A device that has no certificate stored because it did not answer is tried again (not one that was refused)."""
    if device.pin is not None or device.scheme == "http" or device.presented:
        return False
    return all(attention.kind in _WORTH_A_RETRY for attention in device.attention)
