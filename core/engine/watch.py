"""The integrity watch: every added device is looked at on a schedule, by handshake alone."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from core.decide.trust import MISSES_UNTIL_OFFLINE, Answer, Health, Looked, judge_look, next_look
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import Connection
from core.model.errors import DeviceError, NotTlsError, TlsFailedError
from core.model.records import DeviceRecord
from core.network.look import Seen, look
from core.network.plain import speaks_http

_TICK = 0.5
_DEADLINE = 8.0
_AT_ONCE = 256
_SPREAD = 0.2
_MOST_LEAVES = 32

_log = logging.getLogger(__name__)


class Watch:
    """Looks at each device once a period, spread out, and never twice at a time at one.

    `changed` is told of a device that begins or ends to show another certificate than the stored one.
    """

    def __init__(self, services: Services, work: Work, changed: Callable[[DeviceRecord], Awaitable[None]]) -> None:
        self._services = services
        self._changed = changed
        self._work = work
        self._next: dict[str, float] = {}
        self._looking: dict[str, asyncio.Event] = {}
        self._leaves: Counter[str] = Counter()
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                for device in self._due(loop.time()):
                    self._looking[device.id] = asyncio.Event()
                    group.create_task(self._check(device.id), name=f"look at {device.id}")
                await asyncio.sleep(_TICK)

    async def check_all(self) -> None:
        """Look at every device now, but those that are worked on; looks that are under way are waited for.

        Where one look fails, it looks as often as it takes to be sure.
        """
        under_way = tuple(self._looking.values())
        await self._look_at_all(self._ready())
        await asyncio.gather(*(look.wait() for look in under_way))
        registry = self._services.registry
        for _ in range(1, MISSES_UNTIL_OFFLINE):
            await self._look_at_all([device for device in self._ready() if registry.health(device.id).misses])

    async def _look_at_all(self, devices: list[DeviceRecord]) -> None:
        self._looking.update((device.id, asyncio.Event()) for device in devices)
        await asyncio.gather(*(self._check(device.id) for device in devices))

    async def note(self, device: DeviceRecord, seen: Seen) -> None:
        """Take in what the look of somebody showed who holds the device."""
        await self._services.store.put_certificate(seen.der)
        await self._take(device, Looked(Answer.LEAF, seen.fingerprint, seen.tls))

    def _due(self, now: float) -> list[DeviceRecord]:
        devices = self._services.registry.devices
        self._next = {device: at for device, at in self._next.items() if device in devices}
        return [device for device in self._ready() if self._next.get(device.id, 0.0) <= now]

    def _ready(self) -> list[DeviceRecord]:
        return [
            device
            for device in self._services.registry.devices.values()
            if device.port is not None
            and (device.pin is not None or device.scheme == "http")
            and device.id not in self._looking
            and not self._work.has(device.id)
        ]

    async def _check(self, device: str) -> None:
        try:
            async with self._room:
                await self._look(device)
        except Exception:  # noqa: BLE001 - trouble with one device must not end the looks at all others
            _log.exception("look at %s", device)
        finally:
            self._looking.pop(device).set()
            self._next[device] = asyncio.get_running_loop().time() + self._pause(device)

    def _pause(self, device: str) -> float:
        spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - it spreads load and guards nothing
        registry = self._services.registry
        misses = registry.health(device).misses if device in registry.devices else 0
        return next_look(self._services.config.check_period, misses) * spread

    async def _look(self, device: str) -> None:
        registry = self._services.registry
        before = registry.devices.get(device)
        if before is None:
            return
        looked, der = await _look_at(before)
        if before.pin is not None and looked.leaf not in ("", before.pin.fingerprint, before.presented):
            if self._has_room(device):
                await self._services.store.put_certificate(der)
            elif before.presented:
                return
        # An install may have begun, or the device may be gone or another one, while we looked.
        if registry.devices.get(device) is before and not self._work.has(device):
            await self._take(before, looked)

    def _has_room(self, device: str) -> bool:
        """Tell whether yet another leaf of a device is kept: some show a new one each time, and would fill the disk."""
        self._leaves[device] += 1
        return self._leaves[device] <= _MOST_LEAVES

    async def _take(self, before: DeviceRecord, looked: Looked) -> None:
        """Show and store what follows. The order counts: until it is shown, nothing else can have come between."""
        registry = self._services.registry
        old = registry.health(before.id)
        after, health = judge_look(before, old, looked)
        if after != before:
            registry.put(after)
        registry.set_health(after.id, health)
        if after != before:
            await self._services.store.put_device(after)
        await self._tell(after, before, old, health)
        if after.presented != before.presented or not registry.is_explained(after):
            await self._changed(after)

    async def _tell(self, device: DeviceRecord, before: DeviceRecord, old: Health, new: Health) -> None:
        if device.presented and before.presented and device.presented != before.presented:
            await self._services.tell("blocked", "still blocked: it shows yet another certificate", device)
        if old.connection is new.connection:
            return
        words = {
            Connection.ONLINE: "online",
            Connection.OFFLINE: f"offline: {new.problem.text if new.problem else 'it does not answer'}",
            Connection.BLOCKED: "blocked: it shows another certificate than the stored one",
        }
        await self._services.tell(new.connection, words[new.connection], device)


async def _look_at(device: DeviceRecord) -> tuple[Looked, bytes]:
    """Return what one look told, and the leaf that was seen, if one was."""
    host, port = device.host, device.port or 0
    if device.scheme == "http":
        answers = await speaks_http(host, port, deadline=_DEADLINE)
        reason = "" if answers else "It does not answer"
        return Looked(Answer.HTTP if answers else Answer.NOTHING, reason=reason), b""
    try:
        seen = await look(host, port, deadline=_DEADLINE)
    except DeviceError as error:
        kinds = {TlsFailedError: Answer.TLS_FAILED, NotTlsError: Answer.NOT_TLS}
        return Looked(kinds.get(type(error), Answer.NOTHING), reason=error.title, hint=error.hint), b""
    return Looked(Answer.LEAF, seen.fingerprint, seen.tls), seen.der
