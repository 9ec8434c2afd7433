"""The integrity watch: every added device is looked at on a schedule, by handshake alone."""

import asyncio
import random

from core.decide.trust import Answer, Health, Looked, judge_look
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import Connection
from core.model.errors import DeviceError, NotTlsError, TlsFailedError
from core.model.records import DeviceRecord
from core.network.look import look
from core.network.plain import speaks_http

_TICK = 0.5
_DEADLINE = 8.0
_AT_ONCE = 64
_SPREAD = 0.2


class Watch:
    """Looks at each device once a period, spread out, and never twice at a time at one."""

    def __init__(self, services: Services, work: Work) -> None:
        self._services = services
        self._work = work
        self._next: dict[str, float] = {}
        self._looking: set[str] = set()
        self._room = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                for device in self._due(loop.time()):
                    self._looking.add(device.id)
                    group.create_task(self._check(device.id), name=f"look at {device.id}")
                await asyncio.sleep(_TICK)

    def _due(self, now: float) -> list[DeviceRecord]:
        devices = self._services.registry.devices
        self._next = {device: at for device, at in self._next.items() if device in devices}
        return [
            device
            for device in devices.values()
            if device.port is not None
            and (device.pin is not None or device.scheme == "http")
            and device.id not in self._looking
            and not self._work.has(device.id)
            and self._next.get(device.id, 0.0) <= now
        ]

    async def _check(self, device: str) -> None:
        try:
            async with self._room:
                await self._look(device)
        finally:
            self._looking.discard(device)
            spread = random.uniform(1 - _SPREAD, 1 + _SPREAD)  # noqa: S311 - it spreads load and guards nothing
            period = self._services.config.check_period
            self._next[device] = asyncio.get_running_loop().time() + period * spread

    async def _look(self, device: str) -> None:
        registry = self._services.registry
        before = registry.devices.get(device)
        if before is None:
            return
        looked, der = await _look_at(before)
        # An install may have begun, or the device may be gone or another one, while we looked.
        if registry.devices.get(device) is not before or self._work.has(device):
            return
        old = registry.health(device)
        after, health = judge_look(before, old, looked)
        if after.presented and der:
            registry.learn(der)
            await self._services.store.put_certificate(der)
        if after != before:
            await self._services.save(after)
        registry.set_health(device, health)
        await self._tell(after, old, health)

    async def _tell(self, device: DeviceRecord, old: Health, new: Health) -> None:
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
