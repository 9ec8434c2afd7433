"""Updates that a client has received and not looked at yet, merged into one."""

import asyncio
from collections import deque

from core.model.device import DeviceView, InstallView
from core.model.messages import Event, Status, Update
from core.model.rollout import RolloutView

_MOST_EVENTS = 500


class Mailbox:
    """Holds at most one update: the newest of each device and install, and the newest events."""

    def __init__(self) -> None:
        self._arrived = asyncio.Event()
        self._closed = False
        self._status: Status | None = None
        self._rollout: RolloutView | None = None
        self._clear()

    def put(self, update: Update) -> None:
        """Merge an update into what is waiting."""
        for device in update.devices:
            self._gone.pop(device.id, None)
            self._devices[device.id] = device
        self._installs.update((install.device, install) for install in update.installs)
        for key in update.gone:
            self._devices.pop(key, None)
            self._installs.pop(key, None)
            self._gone[key] = None
        self._missed += update.missed + max(0, len(self._events) + len(update.events) - _MOST_EVENTS)
        self._events.extend(update.events)
        self._status = update.status or self._status
        self._rollout = update.rollout or self._rollout
        self._arrived.set()

    def close(self) -> None:
        """Nothing more will come."""
        self._closed = True
        self._arrived.set()

    async def take(self) -> Update | None:
        """Wait until something is there, and return all of it; None once there is nothing and it is closed."""
        await self._arrived.wait()
        update = Update(
            devices=tuple(self._devices.values()),
            gone=tuple(self._gone),
            installs=tuple(self._installs.values()),
            events=tuple(self._events),
            missed=self._missed,
            status=self._status,
            rollout=self._rollout,
        )
        self._clear()
        return None if self._closed and update == Update() else update

    def _clear(self) -> None:
        if not self._closed:
            self._arrived.clear()
        self._devices: dict[str, DeviceView] = {}
        self._gone: dict[str, None] = {}
        self._installs: dict[str, InstallView] = {}
        self._events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._missed = 0
        self._status = self._rollout = None
