"""Follows installs to their end: which are under way, what to say about them, how they ended. And how a check did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from core.model.device import AttentionKind, Connection, DeviceView, InstallView, StepState, StepView
from core.model.errors import ExitCode
from core.model.messages import Role, Update
from tui.attach import Place, attach, note
from tui.words import took

_WORTH_ANNOUNCING = 5.0
_ANSWERS_ALL_THE_SAME = frozenset({AttentionKind.TLS_FAILED, AttentionKind.UNEXPECTED_LEAF})
_WORDS = {StepState.DONE: "", StepState.FAILED: "failed", StepState.SKIPPED: "not needed"}


Lines = Callable[[str, InstallView | None, InstallView], list[str]]


class Following:
    """The newest state of some devices and their installs. `devices` are those that were just added.

    `lines` makes what there is to say from a device's name, the state of its install told before, and the newest one.
    """

    def __init__(self, devices: Iterable[DeviceView], lines: Lines) -> None:
        self.devices = {device.id: device for device in devices}
        self._installs: dict[str, InstallView] = {}
        self._lines = lines

    @property
    def finished(self) -> bool:
        """Whether no install is under way any more."""
        return not any(self._under_way(device) for device in self.devices.values())

    def take(self, update: Update) -> list[str]:
        """Take in what changed and return what there is to say about it, in lines."""
        for device in update.devices:
            if device.id in self.devices:
                self.devices[device.id] = device
        for gone in update.gone:
            self.devices.pop(gone, None)
        said: list[str] = []
        for install in update.installs:
            if install.device in self.devices:
                name = self.devices[install.device].name
                said += self._lines(name, self._installs.get(install.device), install)
                self._installs[install.device] = install
        return said

    def _under_way(self, device: DeviceView) -> bool:
        install = self._installs.get(device.id)
        return device.connection is Connection.ADDING or (install is not None and not install.finished)


async def follow(place: Place, devices: Sequence[DeviceView], lines: Lines) -> tuple[DeviceView, ...]:
    """Wait until the installs of `devices` are finished and return the devices as they are then, without removed ones.

    Meanwhile `lines` are told. Raises `EngineGoneError` if the engine goes.
    """
    following = Following(devices, lines)
    # A connection of its own: its first update holds everything as it is now, so nothing older can be mistaken for it.
    client, _ = await attach(place, Role.VIEWER, watch=True)
    async with client:
        async for update in client.updates():
            for line in following.take(update):
                note(line)
            if following.finished:
                break
    return tuple(following.devices.values())


def no_lines(_name: str, _before: InstallView | None, _now: InstallView) -> list[str]:
    """Tell nothing, where nobody watches."""
    return []


def outcome_lines(name: str, before: InstallView | None, now: InstallView) -> list[str]:
    """Return how an install has ended, once it has."""
    return [f"{name}: {now.outcome}"] if now.finished and not (before and before.finished) else []


def progress_lines(name: str, before: InstallView | None, now: InstallView) -> list[str]:
    """Return what an install's newest state adds to the one told before, a line a step."""
    states = {step.number: step.state for step in before.steps} if before else {}
    changed = [step for step in now.steps if step.state is not states.get(step.number, StepState.WAITING)]
    said = [_step_line(step, len(now.steps)) for step in changed if not now.finished or _reached(step)]
    return [f"{name}: {line}" for line in said if line]


def _reached(step: StepView) -> bool:
    """Tell whether a step was begun: those after the end of an install are all skipped, which says nothing."""
    return step.state in (StepState.DONE, StepState.FAILED)


def _step_line(step: StepView, of: int) -> str:
    head = f"{step.number}/{of} {step.title}"
    if step.state is StepState.DOING:
        usual = step.usual or 0.0
        return f"{head}, usually {usual:.0f} s ..." if usual >= _WORTH_ANNOUNCING else ""
    told = ": ".join(filter(None, (_WORDS[step.state], step.detail)))
    time = f" ({took(step.seconds)})" if step.seconds is not None else ""
    return f"{head}{': ' if told else ''}{told}{time}"


def exit_code(devices: Iterable[DeviceView]) -> ExitCode:
    """Return what the shell is told: a device that was not reached weighs more than one that a person has to review."""
    codes = [_exit_code(device) for device in devices]
    return max(codes, default=ExitCode.FAILED)


def _exit_code(device: DeviceView) -> ExitCode:
    if device.attention_kind is AttentionKind.UNREACHABLE:
        return ExitCode.UNREACHABLE
    if device.attention_kind is not None or device.connection is Connection.BLOCKED:
        return ExitCode.REVIEW
    return ExitCode.DONE if device.connection is Connection.ONLINE else ExitCode.UNREACHABLE


def check_code(devices: Iterable[DeviceView]) -> ExitCode:
    """Return what `check` tells the shell. A device whose install is under way is nothing to be told of."""
    told = tuple(devices)
    if any(device.connection is Connection.BLOCKED for device in told):
        return ExitCode.REVIEW
    return max(map(_check_code, told), default=ExitCode.DONE)


def _check_code(device: DeviceView) -> ExitCode:
    if device.connection is Connection.ADDING:
        return ExitCode.DONE
    if device.connection is Connection.OFFLINE and device.attention_kind not in _ANSWERS_ALL_THE_SAME:
        return ExitCode.UNREACHABLE
    return ExitCode.DONE if device.attention_kind is None else ExitCode.REVIEW
