"""What the clients see: the newest view of every device and install, and who still has to be told about which."""

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from core.model.device import DeviceView, InstallView
from core.model.messages import Attached, Event, Status, Update
from core.model.rollout import RolloutView

REMOVED = "removed"
"""The kind of event that tells of a removal."""

_EVENTS_KEPT = 500


class Subscription:
    """One client's share of the board: what changed since it last took an update. Never a growing queue."""

    def __init__(self, board: "Board", wake: Callable[[], None]) -> None:
        self._board = board
        self._wake = wake
        self._devices: set[str] = set(board.devices)
        self._installs: set[str] = set(board.installs)
        self._last_event = board.last_event
        self._status = self._rollout = True

    def take(self) -> Update | None:
        """Return the newest state of everything that changed since the last call, or None when nothing did."""
        board = self._board
        devices, self._devices = self._devices, set()
        installs, self._installs = self._installs, set()
        events, missed = board.events_after(self._last_event)
        self._last_event = board.last_event
        told, self._status = self._status, False
        rollout, self._rollout = self._board.rollout() if self._rollout else None, False
        if not (devices or installs or events or missed or told or rollout):
            return None
        return Update(
            devices=tuple(board.devices[key] for key in devices if key in board.devices),
            gone=tuple(key for key in devices if key not in board.devices),
            installs=tuple(board.installs[key] for key in installs if key in board.installs),
            events=events,
            missed=missed,
            status=board.status() if told else None,
            rollout=rollout,
        )

    def close(self) -> None:
        """Stop listening."""
        self._board.forget(self)

    def mark(
        self, *, device: str | None = None, install: str | None = None, status: bool = False, rollout: bool = False
    ) -> None:
        """Note that something changed and wake the client's writer."""
        if device is not None:
            self._devices.add(device)
        if install is not None:
            self._installs.add(install)
        self._status = self._status or status
        self._rollout = self._rollout or rollout
        self._wake()


class Board:
    """The newest state, for all clients. The engine's status and `rollout` are asked for when needed, never stored.

    `attached` is who is watching, kept by whoever lets them in.
    """

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status
        self.attached: tuple[Attached, ...] = ()
        self.rollout: Callable[[], RolloutView | None] = lambda: None
        self.devices: dict[str, DeviceView] = {}
        self.installs: dict[str, InstallView] = {}
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
        self._subscriptions: set[Subscription] = set()

    def status(self) -> Status:
        """Return the engine as a whole, and who is attached to it."""
        return msgspec.structs.replace(self._status(), attached=self.attached)

    @property
    def last_event(self) -> int:
        """The number of the newest event, 0 where there is none yet."""
        return self._events[-1].seq if self._events else 0

    def subscribe(self, wake: Callable[[], None]) -> Subscription:
        """Return a subscription whose first update holds everything; `wake` is called at each change."""
        subscription = Subscription(self, wake)
        self._subscriptions.add(subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """End a subscription."""
        self._subscriptions.discard(subscription)

    def load_events(self, events: Iterable[Event]) -> None:
        """Take over what the store already holds, without telling anyone."""
        self._events.extend(events)

    def events_after(self, seq: int) -> tuple[tuple[Event, ...], int]:
        """Return the events newer than `seq` that are still here, and how many are not."""
        newer = tuple(event for event in self._events if event.seq > seq)
        return newer, self.last_event - seq - len(newer)

    def last_about(self, device: str) -> Event | None:
        """Return the newest event about the device with this id, if it is still here."""
        return next((event for event in reversed(self._events) if event.device == device), None)

    def removal(self, text: str) -> Event | None:
        """Return the event that tells of the removal of the device with this id or name, if it is still here."""
        removals = (event for event in reversed(self._events) if event.kind == REMOVED)
        folded = text.casefold()
        return next((event for event in removals if text == event.device or folded == event.name.casefold()), None)

    def put(self, view: DeviceView) -> None:
        """Show a device, if it differs from what is shown."""
        if self.devices.get(view.id) != view:
            self.devices[view.id] = view
            self._tell(device=view.id)

    def drop(self, device: str) -> None:
        """Show a device no longer."""
        if self.devices.pop(device, None) is not None:
            self.installs.pop(device, None)
            self._tell(device=device)

    def put_install(self, view: InstallView) -> None:
        """Show the progress of an install."""
        self.installs[view.device] = view
        self._tell(install=view.device)

    def add_event(self, event: Event) -> None:
        """Tell an event."""
        self._events.append(event)
        self._tell()

    def status_changed(self) -> None:
        """Have every client told the engine's status anew."""
        self._tell(status=True)

    def rollout_changed(self) -> None:
        """Have every client told anew how the rollout is going."""
        self._tell(rollout=True)

    def _tell(
        self, *, device: str | None = None, install: str | None = None, status: bool = False, rollout: bool = False
    ) -> None:
        for subscription in self._subscriptions:
            subscription.mark(device=device, install=install, status=status, rollout=rollout)
