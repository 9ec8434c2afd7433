"""The installs that are under way: starting, cancelling, and taking up what an interruption left open."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec

from core.decide.recovery import in_doubt
from core.decide.steps import STEPS
from core.engine.case import Case
from core.engine.clock import stamp
from core.engine.installation import Installation
from core.engine.progress import Progress
from core.engine.services import Services
from core.model.device import AttentionKind, Connection, InstallView
from core.model.errors import CamtrustError, DeviceError, RefusedError
from core.model.records import DeviceRecord, InstallRecord, InstallRequest

_SHOW_EVERY = 5.0
_WORTH_A_RETRY = frozenset((AttentionKind.UNREACHABLE, AttentionKind.TLS_FAILED))

_log = logging.getLogger(__name__)


def new_id() -> str:
    """Return the id of an install: part of aliases on devices, so it is short and never used again."""
    return secrets.token_hex(6)


class Work:
    """At most one install a device, and at most so many at once as the services allow."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._running: dict[str, asyncio.Task[None]] = {}
        self._installations: dict[str, Installation] = {}
        self._unsettled: set[str] = set()
        self._held: set[str] = set()

    def busy(self) -> bool:
        """Whether an install is under way."""
        return bool(self._running)

    def has(self, device: str) -> bool:
        """Whether something else decides about this device: an install that is not at its end, or a technician."""
        return device in self._running or device in self._unsettled or device in self._held

    def is_running(self, device: str) -> bool:
        """Whether an install of this device is under way."""
        return device in self._running

    @contextmanager
    def holding(self, device: DeviceRecord, *, in_doubt: bool = False) -> Iterator[None]:
        """Let nothing else decide about a device meanwhile. Raises `RefusedError` where something does already.

        `in_doubt` tells that an install which waits for the device does not matter.
        """
        if not in_doubt or device.id in self._running or device.id in self._held:
            self.check_free(device)
        self._held.add(device.id)
        try:
            yield
        finally:
            self._held.discard(device.id)

    def check_free(self, device: DeviceRecord) -> None:
        """Raise `RefusedError` where an install of the device is under way, or somebody decides about it now."""
        if self.has(device.id):
            raise RefusedError(
                f"{device.name} is being worked on already",
                "Wait until its install, or the other decision, is finished.",
            )

    async def begin(self, device: str, request: InstallRequest) -> None:
        """Write down that a device, which the caller holds, is to be onboarded, and start."""
        install = InstallRecord(id=new_id(), device=device, request=request, started_at=stamp())
        await self._services.store.put_install(install)
        self._start(self._services.registry.devices[device], install, Installation.run)

    async def take_up(self) -> None:
        """Resume every install that is open and not under way, and begin anew where a device was never reached."""
        store, devices = self._services.store, self._services.registry.devices
        # What is decided while the installs are read may close them.
        busy = {*self._running, *self._held}
        for install in await store.open_installs():
            device = devices.get(install.device)
            if device is None:
                _log.info("install %s: its device was removed", install.id)
                await store.put_install(msgspec.structs.replace(install, closed=True))
            elif device.id not in busy.union(self._running, self._held):
                self._resume(device, install)
        for device in tuple(devices.values()):
            if devices.get(device.id) is device and not self.has(device.id) and _worth_a_retry(device):
                await self._begin_again(device)

    def cancel(self, device: DeviceRecord, who: str) -> None:
        """Cancel the install of a device. Raises `RefusedError` where there is none, or it is too late."""
        installation = self._installations.get(device.id)
        if installation is None:
            raise RefusedError(f"No install of {device.name} is under way", "Nothing was changed.")
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

    def _resume(self, device: DeviceRecord, install: InstallRecord) -> None:
        if in_doubt(install, device.pin):
            self._unsettled.add(device.id)
        elif self._services.registry.health(device.id).connection is not Connection.ONLINE:
            # Only clearing up is left, which waits until the device is trusted and there.
            return
        self._start(device, install, Installation.resume)

    async def _begin_again(self, device: DeviceRecord) -> None:
        with self.holding(device):
            installs = await self._services.store.installs(device.id)
            if installs:
                await self.begin(device.id, msgspec.structs.replace(installs[-1].request, patience=0.0))

    def _start(
        self, device: DeviceRecord, install: InstallRecord, part: Callable[[Installation], Awaitable[None]]
    ) -> None:
        progress = Progress(device.id, self._publish, asyncio.get_running_loop().time)
        progress.show()
        task = asyncio.create_task(self._run(device, install, progress, part), name=f"install {device.id}")
        self._running[device.id] = task

    async def _run(
        self,
        device: DeviceRecord,
        install: InstallRecord,
        progress: Progress,
        part: Callable[[Installation], Awaitable[None]],
    ) -> None:
        showing = asyncio.create_task(_keep_showing(progress))
        try:
            async with self._services.installs:
                login = await self._services.store.login(device.id)
                case = Case(self._services, device, install, login)
                installation = self._installations[device.id] = Installation(case, progress, new_id)
                await part(installation)
                self._note_end(case)
        except DeviceError as error:
            _log.info("%s: still open: %s", device.id, error.title)
            progress.finish("The install is not finished; it is taken up again when the camera answers.", error.hint)
        except CamtrustError as error:
            _log.exception("install of %s", device.id)
            progress.finish(f"The install stopped: {error.title}", error.hint)
        except Exception:  # noqa: BLE001 - one device's trouble must not end the engine; the journal has the truth
            _log.exception("install of %s", device.id)
            progress.finish("The install stopped: internal error.", "It is taken up again. The log file has the cause.")
        finally:
            showing.cancel()
            self._running.pop(device.id, None)
            self._installations.pop(device.id, None)
            self._services.board.status_changed()

    def _note_end(self, case: Case) -> None:
        waits = in_doubt(case.install, case.device.pin)
        (self._unsettled.add if waits else self._unsettled.discard)(case.device.id)

    def _publish(self, view: InstallView) -> None:
        if view.device in self._services.registry.devices:
            self._services.board.put_install(view)
            self._services.registry.set_step(view.device, *((None, None) if view.finished else (view.step, len(STEPS))))


async def _keep_showing(progress: Progress) -> None:
    """Let clients that attach in mid-step see how long it has been going on."""
    while True:
        await asyncio.sleep(_SHOW_EVERY)
        progress.show()


def _worth_a_retry(device: DeviceRecord) -> bool:
    """A device that has no certificate stored because it did not answer is tried again (not one that was refused)."""
    if device.pin is not None or device.scheme == "http" or device.presented:
        return False
    return all(attention.kind in _WORTH_A_RETRY for attention in device.attention)
