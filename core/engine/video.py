"""Finds out which way video can take: by itself after an onboarding, and when a technician has a device checked."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from contextlib import suppress

import msgspec

from core.decide.streaming import Probed, Stream, Streams, judge_probes, may_be_asked, tunnel_ports
from core.engine.services import Services
from core.engine.work import Work
from core.model.errors import (
    CamtrustError,
    DeviceError,
    LoginNeededError,
    LoginRefusedError,
    NotReachedError,
    TlsFailedError,
    WrongLeafError,
)
from core.model.records import DeviceRecord
from core.model.video import Video
from core.network.streaming import probe_rtsp, probe_rtsps, probe_tunnel

_TOGETHER = 0.05
_AT_ONCE = 8
_LONGEST_TALK = 15.0
_AWAY = (NotReachedError, TlsFailedError, WrongLeafError)

_log = logging.getLogger(__name__)


class Videos:
    """Asks devices for their streams and tries each transport. Waits for every other work on a device, and delays none.

    What is interrupted is begun anew at the next chance: a device that was onboarded is `DUE` until the answer is
    stored.
    """

    def __init__(self, services: Services, work: Work) -> None:
        self._services = services
        self._work = work
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._not_before: dict[str, float] = {}

    async def run(self) -> None:
        """Ask each device that is due, until cancelled."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        subscription = self._services.board.subscribe(changed.set)
        try:
            async with asyncio.TaskGroup() as group:
                while True:
                    changed.clear()
                    self._make_way()
                    for device in self._due(loop.time()):
                        self._not_before[device] = loop.time() + self._services.config.check_period
                        self._under_way[device] = group.create_task(self._find_out(device), name=f"video of {device}")
                    await self._next(changed)
        finally:
            subscription.close()

    async def check(self, devices: Collection[str]) -> None:
        """Ask these devices now, as far as they may be asked; what is under way is waited for first.

        A device is asked by one at a time, so that two do not send it the same wrong login (rule R18).
        """
        await self._wait(devices)
        async with asyncio.TaskGroup() as group:
            for device in devices:
                if not self._asking((device,)):
                    self._under_way[device] = group.create_task(self._find_out(device), name=f"video of {device}")
            await self._wait(devices)

    async def _wait(self, devices: Iterable[str]) -> None:
        if under_way := self._asking(devices):
            await asyncio.wait(under_way)

    def _asking(self, devices: Iterable[str]) -> list[asyncio.Task[None]]:
        """Return what is under way for these devices."""
        return [task for device in devices if (task := self._under_way.get(device)) and not task.done()]

    def _due(self, now: float) -> list[str]:
        registry = self._services.registry
        self._under_way = {device: task for device, task in self._under_way.items() if not task.done()}
        self._not_before = {device: at for device, at in self._not_before.items() if at > now}
        return [
            device.id
            for device in registry.devices.values()
            if device.video is Video.DUE
            and self._is_free(device)
            and device.id not in self._under_way
            and device.id not in self._not_before
        ]

    async def _next(self, changed: asyncio.Event) -> None:
        """Wait for a change, and for those that come with it, or until a device may be asked once more."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._not_before.values(), default=None)):
                await changed.wait()
        await asyncio.sleep(_TOGETHER)

    def _make_way(self) -> None:
        for device, task in self._under_way.items():
            if self._work.has(device):
                task.cancel()
                self._not_before.pop(device, None)

    def _is_free(self, device: DeviceRecord) -> bool:
        health = self._services.registry.health(device.id)
        return not self._work.has(device.id) and may_be_asked(device, health.connection)

    async def _find_out(self, device: str) -> None:
        try:
            async with self._room:
                before = self._services.registry.devices.get(device)
                if before is not None and self._is_free(before):
                    await self._take_in(before, await self._video(before))
        except CamtrustError as error:
            _log.warning("video of %s: %s", device, error.title)
        except Exception:  # noqa: BLE001 - trouble with one device must not end the work on all others
            _log.exception("video of %s", device)

    async def _take_in(self, before: DeviceRecord, video: Video) -> None:
        """Store the answer, unless somebody decided about the device meanwhile."""
        registry = self._services.registry
        device = registry.devices.get(before.id)
        if device is None or _asked(device) != _asked(before) or self._work.has(device.id) or device.video is video:
            return
        # The store is given what is shown before anybody else can change it.
        device = msgspec.structs.replace(device, video=video)
        self._not_before.pop(device.id, None)
        registry.put(device)
        await self._services.store.put_device(device)

    async def _video(self, device: DeviceRecord) -> Video:
        """Return what is found out. A device that went away leaves what was known."""
        try:
            streams = await self._streams(device)
        except LoginNeededError:
            return Video.UNKNOWN
        except LoginRefusedError:
            return Video.LOGIN_REFUSED
        except _AWAY:
            return device.video
        except (DeviceError, TimeoutError) as error:
            _log.info("video of %s: %s", device.id, error)
            return Video.UNKNOWN
        return await _probe(device, streams)

    async def _streams(self, device: DeviceRecord) -> Streams:
        assert device.pin is not None
        login = await self._services.store.login(device.id)
        async with asyncio.timeout(_LONGEST_TALK):
            async with self._services.session(device, device.pin.fingerprint, login) as onvif:
                return await onvif.media.streams()


async def _probe(device: DeviceRecord, streams: Streams) -> Video:
    """Try the transports, best first, until one works."""
    assert device.pin is not None and device.port is not None
    host, leaf = device.host, device.pin.fingerprint
    tunnel = rtsps = clear = Probed.NO
    if streams.tunnel is not None:
        tunnel = await _probe_tunnel(device, streams.tunnel)
    if streams.rtsps is not None and tunnel is not Probed.YES:
        target, legacy = streams.rtsps.target or "/", device.weak_tls
        rtsps = await probe_rtsps(host, streams.rtsps.port, target, leaf, legacy=legacy)
    if streams.clear is not None and Probed.YES not in (tunnel, rtsps):
        clear = await probe_rtsp(host, streams.clear.port)
    return judge_probes(tunnel, rtsps, clear)


async def _probe_tunnel(device: DeviceRecord, tunnel: Stream) -> Probed:
    assert device.pin is not None and device.port is not None
    if not tunnel.target:
        return Probed.UNCLEAR
    seen = Probed.NO
    for port in tunnel_ports(tunnel, device.port):
        leaf, legacy = device.pin.fingerprint, device.weak_tls
        probed = await probe_tunnel(device.host, port, tunnel.target, leaf, legacy=legacy)
        if probed is Probed.YES:
            return probed
        seen = probed if seen is Probed.NO else seen
    return seen


def _asked(device: DeviceRecord) -> tuple[object, ...]:
    return device.host, device.port, device.pin, device.presented
