"""The integrity watch: every added device is looked at on a schedule, by handshake alone."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from core.decide.following import learnt
from core.decide.old_tls import change_in_words
from core.decide.trust import (
    MISSES_UNTIL_OFFLINE,
    Answer,
    Health,
    Looked,
    Place,
    home_of,
    judge_look,
    next_look,
    place_under_review,
)
from core.engine.following import FOLLOWED, Following, look_at, move_in_words
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import Connection
from core.model.records import DeviceRecord
from core.network.look import Seen
from core.network.plain import speaks_http

_TICK = 0.5
_DEADLINE = 8.0
_AT_ONCE = 256
_SPREAD = 0.2
_MOST_LEAVES = 32

_log = logging.getLogger(__name__)


class Watch:
    """Looks at each device once a period, spread out, and never twice at a time at one; looks for those that are away.

    `changed` is told of a device that begins or ends to show another certificate than the stored one.
    """

    def __init__(self, services: Services, work: Work, changed: Callable[[DeviceRecord], Awaitable[None]]) -> None:
        self._services = services
        self._changed = changed
        self._work = work
        self._following = Following(services, work, self._take_in, changed)
        self._next: dict[str, float] = {}
        self._soonest: dict[str, float] = {}
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
                    group.create_task(self._check(device.id, self._look_and_seek), name=f"look at {device.id}")
                await asyncio.sleep(_TICK)

    async def check(self, only: Collection[str] = ()) -> None:
        """Look at every device now, or `only` at some, but those that are worked on; looks under way are waited for.

        Where one look fails, it looks as often as it takes to be sure, and then for those that are away.
        """
        under_way = [look for device, look in self._looking.items() if not only or device in only]
        await self._each(self._ready(only), self._look)
        await asyncio.gather(*(look.wait() for look in under_way))
        registry = self._services.registry
        for _ in range(1, MISSES_UNTIL_OFFLINE):
            failed = [device for device in self._ready(only) if registry.health(device.id).misses]
            await self._each(failed, self._look)
        await self._each(self._ready(only), partial(self._following.seek, at_once=True))

    async def _each(self, devices: list[DeviceRecord], work: Callable[[str], Awaitable[None]]) -> None:
        self._looking.update((device.id, asyncio.Event()) for device in devices)
        await asyncio.gather(*(self._check(device.id, work) for device in devices))

    async def note(self, device: DeviceRecord, seen: Seen, place: Place) -> None:
        """Take in what the look of somebody showed who holds the device."""
        await self._services.store.put_certificate(seen.der)
        elsewhere = None if place == home_of(device) else place
        await self._take(device, Looked(Answer.LEAF, seen.fingerprint, seen.tls, seen.weak, place=elsewhere))

    def _due(self, now: float) -> list[DeviceRecord]:
        registry = self._services.registry
        self._next = {device: at for device, at in self._next.items() if device in registry.devices}
        # Hearing of a device that is away shortens the wait, and never to less than a period.
        for device in registry.take_named() & self._next.keys():
            self._next[device] = min(self._next[device], self._soonest[device])
        return [device for device in self._ready() if self._next.get(device.id, 0.0) <= now]

    def _ready(self, only: Collection[str] = ()) -> list[DeviceRecord]:
        return [
            device
            for device in self._services.registry.devices.values()
            if (not only or device.id in only)
            and device.port is not None
            and (device.pin is not None or device.scheme == "http")
            and device.id not in self._looking
            and not self._work.has(device.id)
        ]

    async def _check(self, device: str, work: Callable[[str], Awaitable[None]]) -> None:
        try:
            async with self._room:
                await work(device)
        except Exception:  # noqa: BLE001 - trouble with one device must not end the looks at all others
            _log.exception("look at %s", device)
        finally:
            self._looking.pop(device).set()
            self._plan(device)

    def _plan(self, device: str) -> None:
        """Plan the next look. `_soonest` is when it is at the earliest, should the device be heard of meanwhile."""
        spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - it spreads load and guards nothing
        registry, period, now = self._services.registry, self._services.config.check_period, _now()
        misses = registry.health(device).misses if device in registry.devices else 0
        self._next[device] = now + next_look(period, misses) * spread
        self._soonest[device] = now + period * spread

    async def _look_and_seek(self, device: str) -> None:
        await self._look(device)
        await self._following.seek(device)

    async def _look(self, device: str) -> None:
        before = self._services.registry.devices.get(device)
        if before is not None:
            await self._take_in(before, *await _look_at(before))

    async def _take_in(self, before: DeviceRecord, looked: Looked, der: bytes) -> None:
        """Take in what a look showed, unless somebody decided about the device meanwhile."""
        if before.pin is not None and looked.leaf not in ("", before.pin.fingerprint, before.presented):
            if self._has_room(before.id):
                await self._services.store.put_certificate(der)
            elif before.presented:
                return
        # An install may have begun, or the device may be gone or another one, while we looked.
        if self._services.registry.devices.get(before.id) is before and not self._work.has(before.id):
            await self._take(before, looked)

    def _has_room(self, device: str) -> bool:
        """Tell whether yet another leaf of a device is kept: some show a new one each time, and would fill the disk."""
        self._leaves[device] += 1
        return self._leaves[device] <= _MOST_LEAVES

    async def _take(self, before: DeviceRecord, looked: Looked) -> None:
        """Show and store what follows. The order counts: until it is shown, nothing else can have come between."""
        registry = self._services.registry
        old = registry.health(before.id)
        after, health = judge_look(before, old, looked, registry.pinned(besides=before.id))
        if health.connection is Connection.ONLINE and looked.leaf:
            after = learnt(after, registry.found(after.host))
        if after != before:
            registry.put(after)
        registry.set_health(after.id, health)
        if after != before:
            await self._services.store.put_device(after)
        await self._tell(after, before, old, health)
        if _shown(after) != _shown(before) or not registry.is_explained(after):
            await self._changed(after)

    async def _tell(self, device: DeviceRecord, before: DeviceRecord, old: Health, new: Health) -> None:
        if told := change_in_words(before, device):
            await self._services.tell("tls", told, device)
        if device.presented and before.presented and _shown(device) != _shown(before):
            await self._services.tell("blocked", f"still blocked: {_reason(device, is_new=False)}", device)
        if home_of(device) != home_of(before):
            await self._services.tell(FOLLOWED, move_in_words(before, device), device)
            return
        if old.connection is new.connection:
            return
        words = {
            Connection.ONLINE: "online" + (", again at its own address" if before.presented_host else ""),
            Connection.OFFLINE: f"offline: {new.problem.text if new.problem else 'it does not answer'}",
            Connection.BLOCKED: f"blocked: {_reason(device)}",
        }
        await self._services.tell(new.connection, words[new.connection], device)


def _shown(device: DeviceRecord) -> tuple[str | None, Place]:
    return device.presented, place_under_review(device)


def _reason(device: DeviceRecord, *, is_new: bool = True) -> str:
    if device.presented_host:
        return f"what claims to be it at {place_under_review(device)} shows another certificate than the stored one"
    return "it shows another certificate than the stored one" if is_new else "it shows yet another certificate"


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _look_at(device: DeviceRecord) -> tuple[Looked, bytes]:
    """Return what one look told, and the leaf that was seen, if one was."""
    if device.scheme != "http":
        return await look_at(home_of(device), _DEADLINE, legacy=device.weak_tls)
    answers = await speaks_http(*home_of(device), deadline=_DEADLINE)
    reason = "" if answers else "It does not answer"
    return Looked(Answer.HTTP if answers else Answer.NOTHING, reason=reason), b""
