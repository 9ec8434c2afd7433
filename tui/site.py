"""What the engine told this screen so far: devices, installs, events, status. Knows nothing of terminals."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from core.model.device import Connection, DeviceView, InstallView, StepState, StepView
from core.model.messages import Event, Status, Update
from core.model.rollout import RolloutState, RolloutView
from tui.words import ADDING, ends_soon, has_expired, is_offline, is_other, needs_review

EVENTS_KEPT = 500


@dataclass(frozen=True, slots=True)
class Change:
    """What an update changed: ids of devices that came, changed or went, and whose install moved.

    `events` is how many are new; `missed` tells that there are more, which have to be asked for. `link` tells that the
    engine came or went. `rollout_ended` tells that one which was under way is no more.
    """

    devices: frozenset[str] = frozenset()
    installs: frozenset[str] = frozenset()
    events: int = 0
    missed: bool = False
    status: bool = False
    link: bool = False
    rollout_ended: bool = False

    def and_then(self, later: "Change") -> "Change":
        """Return this change and a later one as one."""
        return Change(
            devices=self.devices | later.devices,
            installs=self.installs | later.installs,
            events=self.events + later.events,
            missed=self.missed or later.missed,
            status=self.status or later.status,
            link=self.link or later.link,
            rollout_ended=self.rollout_ended or later.rollout_ended,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """Devices in numbers: `devices` is all of them, added or found; `others` says itself that it is no camera."""

    devices: int = 0
    others: int = 0
    blocked: int = 0
    review: int = 0
    adding: int = 0
    offline: int = 0
    expired: int = 0
    expiring: int = 0


class Site:
    """The newest state, put together from updates."""

    def __init__(self) -> None:
        self.devices: dict[str, DeviceView] = {}
        self.installs: dict[str, InstallView] = {}
        self.events: list[Event] = []
        self.status: Status | None = None
        self.rollout: RolloutView | None = None
        self._installs_at: dict[str, datetime] = {}
        self._status_at: datetime | None = None
        self._rollout_at: datetime | None = None
        self._counts: tuple[datetime, Counts] | None = None

    def restart(self, devices: Iterable[DeviceView]) -> Change:
        """Begin anew with an engine that has these devices; others are gone. Its installs follow by updates."""
        before = {*self.devices, *self.installs}
        self.devices = {view.id: view for view in devices}
        self._counts = None
        self.installs, self._installs_at = {}, {}
        self.rollout = None
        return Change(devices=frozenset(before | self.devices.keys()), installs=frozenset(before), missed=True)

    def apply(self, update: Update, now: datetime) -> Change:
        """Take in an update that came at `now`."""
        for device in update.gone:
            self._forget(device)
        self.devices |= {view.id: view for view in update.devices}
        if update.gone or update.devices:
            self._counts = None
        self.installs |= {view.device: view for view in update.installs}
        self._installs_at |= {view.device: now for view in update.installs}
        if update.status is not None:
            self.status, self._status_at = update.status, now
        was_running = self.is_rollout_running
        if update.rollout is not None:
            self.rollout, self._rollout_at = update.rollout, now
        return Change(
            devices=frozenset({*update.gone, *(view.id for view in update.devices)}),
            installs=frozenset(view.device for view in update.installs),
            events=self.learn(update.events),
            missed=update.missed > 0,
            status=update.status is not None,
            rollout_ended=was_running and not self.is_rollout_running,
        )

    def learn(self, events: Iterable[Event]) -> int:
        """Take in events, in any order and known ones too; return how many are new."""
        known = {event.seq for event in self.events}
        new = [event for event in events if event.seq not in known]
        if new:
            self.events = sorted((*self.events, *new), key=lambda event: event.seq)[-EVENTS_KEPT:]
        return len(new)

    def counts(self, now: datetime) -> Counts:
        """Count devices by what they need at `now`, to the hour."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._counts is None or self._counts[0] != hour:
            self._counts = (hour, _counts(self.devices.values(), now))
        return self._counts[1]

    def install(self, device: str, now: datetime) -> InstallView | None:
        """Return how far an install is at `now`: what was told last, with the time since then added."""
        view = self.installs.get(device)
        if view is None or view.finished:
            return view
        since = (now - self._installs_at[device]).total_seconds()
        steps = tuple(_later(step, since) for step in view.steps)
        return msgspec.structs.replace(view, seconds=view.seconds + since, steps=steps)

    def doing(self, device: str) -> str:
        """Return what the install of a device is called."""
        view = self.installs.get(device)
        return view.doing if view else ADDING

    @property
    def others(self) -> int:
        """How many screens are attached to the engine besides this one."""
        return max(0, len(self.status.attached) - 1) if self.status is not None else 0

    def rescan_in(self, now: datetime) -> float | None:
        """Return the seconds until the network is asked again, None where that is not known."""
        if self.status is None or self.status.rescan_in is None or self._status_at is None:
            return None
        return max(0.0, self.status.rescan_in - (now - self._status_at).total_seconds())

    @property
    def is_rollout_running(self) -> bool:
        """Whether a rollout is under way."""
        return self.rollout is not None and self.rollout.state is RolloutState.RUNNING

    def rollout_left(self, now: datetime) -> float | None:
        """Return the seconds to the end of the rollout, None where that is not known."""
        if self.rollout is None or self.rollout.remaining is None or self._rollout_at is None:
            return None
        return max(0.0, self.rollout.remaining - (now - self._rollout_at).total_seconds())

    def successor(self, gone: DeviceView) -> str | None:
        """Return the row that took the place of one that went: adding a found device makes another id of it."""
        same = (view.id for view in self.devices.values() if view.host and view.host == gone.host)
        return next(same, None)

    def _forget(self, device: str) -> None:
        self.devices.pop(device, None)
        self.installs.pop(device, None)
        self._installs_at.pop(device, None)


def _counts(devices: Collection[DeviceView], now: datetime) -> Counts:
    others = sum(map(is_other, devices))
    return Counts(
        devices=len(devices) - others,
        others=others,
        blocked=sum(view.connection is Connection.BLOCKED for view in devices),
        review=sum(map(needs_review, devices)),
        adding=sum(view.connection is Connection.ADDING for view in devices),
        offline=sum(map(is_offline, devices)),
        expired=sum(has_expired(view, now) for view in devices),
        expiring=sum(ends_soon(view, now) for view in devices),
    )


def _later(step: StepView, seconds: float) -> StepView:
    if step.state is not StepState.DOING or step.seconds is None:
        return step
    return msgspec.structs.replace(step, seconds=step.seconds + seconds)
