"""Many devices brought to HTTPS in one go: what is asked for, how far it is, and what the store keeps of it."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from core.model.command import Command, Role
from core.model.device import CertificateField
from core.model.records import Purpose
from core.model.secret import Secret


class RolloutState(StrEnum):
    """How a rollout stands. `STOPPED` is one that ended by itself, after too many failures."""

    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    STOPPED = "stopped"


class MemberState(StrEnum):
    """How one device of a rollout stands. `SKIPPED` is one with which there was nothing to do."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_STARTED = "not started"
    SKIPPED = "skipped"


class Trouble(StrEnum):
    """What kind of failure it was, as far as that decides what follows for other devices."""

    FAILED = "failed"
    BLOCKED = "blocked"
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    LOGIN_NEEDED = "login_needed"
    CANCELLED = "cancelled"


class RolloutDevice(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a rollout. How far one that runs is, its `InstallView` tells.

    `device` is the id of its row, which changes when a found device is added. `task` is what is done with it, None
    where nothing is. `canary` is whether it was the first of its model, for which the others wait. `reason` and `hint`
    are why it failed, was not started or skipped. `seconds` is how long it took, `usual` how long one of its model
    takes, where that is known yet. `certificate` is what it ended with.
    """

    device: str
    name: str
    address: str
    model: str = ""
    task: Purpose | None = None
    state: MemberState = MemberState.WAITING
    canary: bool = False
    trouble: Trouble | None = None
    reason: str = ""
    hint: str = ""
    seconds: float | None = None
    usual: float | None = None
    certificate: CertificateField | None = None


class RolloutView(msgspec.Struct, frozen=True, kw_only=True, tag="rollout"):
    """A rollout as clients see it, under way or the last one. Times are ISO 8601 in UTC.

    `remaining` estimates the seconds to its end, None while nothing is known to go by. `cancelled_by` is set as soon as
    somebody cancelled it; what was begun by then is brought to its end. `note` says why it was stopped.
    """

    id: str
    by: str
    started_at: str
    at_once: int
    devices: tuple[RolloutDevice, ...]
    state: RolloutState = RolloutState.RUNNING
    ended_at: str = ""
    remaining: float | None = None
    cancelled_by: str = ""
    note: str = ""

    @property
    def total(self) -> int:
        """How many devices there is something to do with."""
        return sum(device.state is not MemberState.SKIPPED for device in self.devices)

    @property
    def done(self) -> int:
        """With how many of them it is over, whatever became of them."""
        unfinished = (MemberState.SKIPPED, MemberState.WAITING, MemberState.RUNNING)
        return sum(device.state not in unfinished for device in self.devices)


class StartRollout(Command, tag="start_rollout", frozen=True, kw_only=True):
    """Bring devices to HTTPS, one canary of each model first. Answer: `RolloutView`, at once.

    `devices` are ids, names or addresses; `everything` is all cameras of the site instead. What is done with each
    follows from its state: a found one is added, one on HTTP or without a certificate is replaced, one with its own
    certificate gets another, one with ours only with `reissue`. Without `user` the stored logins are used. At most
    `at_once` are under way at a time, and never more than the gateway's settings say. Refused while another is under
    way.
    """

    devices: tuple[str, ...] = ()
    everything: bool = False
    reissue: bool = False
    user: str = ""
    password: Secret | None = None
    allow_http_login: bool = False
    enable_https: bool = False
    at_once: int | None = None


class CancelRollout(Command, tag="cancel_rollout", frozen=True, kw_only=True):
    """Begin with no more devices; those under way are brought to their end. Answer: `RolloutView`."""


class ReadRollout(Command, tag="rollout", frozen=True, kw_only=True):
    """The rollout that is under way, or else the last one. Answer: `RolloutView`."""

    needs: ClassVar[Role] = Role.VIEWER


class RolloutRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps of a rollout, besides its members and, sealed, the login that was typed for it.

    `by` is the Unix user who began it, `uid` that user's number.
    """

    id: str
    by: str
    uid: int
    started_at: str
    at_once: int
    allow_http_login: bool = False
    enable_https: bool = False
    state: RolloutState = RolloutState.RUNNING
    ended_at: str = ""
    cancelled_by: str = ""
    note: str = ""


class RolloutMember(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps of one device of a rollout.

    `address` and `pin` are where and with which certificate it was when the rollout began. `typed` is whether the login
    that was typed for the rollout is used. Devices with the same login have the same number `login`, 0 is none: so
    nothing of it is stored. `model` is empty until it is known. `logged_in` is whether it took its login. `ended`
    counts in which order they ended, from 1.
    """

    number: int
    device: str
    name: str
    address: str
    pin: str = ""
    task: Purpose | None = None
    typed: bool = False
    login: int = 0
    model: str = ""
    state: MemberState = MemberState.WAITING
    canary: bool = False
    logged_in: bool = False
    trouble: Trouble | None = None
    reason: str = ""
    hint: str = ""
    started_at: str = ""
    ended: int = 0
    seconds: float | None = None
    certificate: CertificateField | None = None
