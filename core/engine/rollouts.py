"""Commands about rollouts: one at a time, taken up again after a restart."""

import asyncio
import logging
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress

import msgspec

from core.decide.acts import ago, by_whom
from core.decide.address_list import MOST_DEVICES
from core.decide.rollout import Plan, may_try_again, model_of, plan
from core.decide.streaming import has_refused
from core.engine.adding import Adding
from core.engine.clock import now, stamp
from core.engine.errands import identity_of
from core.engine.rollout import Rollout
from core.engine.services import Services
from core.engine.work import Work
from core.model.caller import Caller
from core.model.device import Connection, DeviceView
from core.model.errors import CamtrustError, RefusedError, UsageError
from core.model.records import Login, Purpose
from core.model.rollout import (
    CancelRollout,
    MemberState,
    ReadRollout,
    RolloutMember,
    RolloutRecord,
    RolloutState,
    RolloutView,
    StartRollout,
    Trouble,
)
from core.model.sighting import Kind
from core.store.store import SealError

_log = logging.getLogger(__name__)


class Rollouts:
    """The rollout that is under way, or the last one."""

    def __init__(self, services: Services, work: Work, adding: Adding) -> None:
        self._services = services
        self._store = services.store
        self._work = work
        self._adding = adding
        self._newest: Rollout | None = None
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        services.board.rollout = self.view
        work.may_try_again = self._may_try_again

    def view(self) -> RolloutView | None:
        """Return it as clients see it, None where there never was one."""
        return self._newest.view() if self._newest else None

    def busy(self) -> bool:
        """Whether one is under way."""
        return self._task is not None and not self._task.done()

    async def start(self, command: StartRollout, caller: Caller) -> RolloutView:
        """Begin one. Raises `RefusedError` while another is under way, and where a device is not known."""
        at_once = self._at_once(command)
        async with self._turn:
            self._refuse_second()
            rows = self._rows(command)
            typed = _typed(command)
            members = await self._members(rows, command, typed)
            record = RolloutRecord(
                id=secrets.token_hex(4),
                by=caller.user,
                uid=caller.uid,
                started_at=stamp(),
                at_once=at_once,
                allow_http_login=command.allow_http_login,
                enable_https=command.enable_https,
            )
            await self._store.begin_rollout(record, members, typed)
            rollout = self._run(record, members, typed)
        await self._services.tell("rollout", f"rollout of {_count(len(members))} begun", who=caller.user)
        return rollout.view()

    async def cancel(self, command: CancelRollout, caller: Caller) -> RolloutView:
        """Begin with no more devices. Raises `RefusedError` where none is under way."""
        if self._newest is None or not self.busy() or self._newest.record.state is not RolloutState.RUNNING:
            raise RefusedError("No rollout is under way", f"There is nothing to cancel.{self._how_it_ended()}")
        if by := self._newest.record.cancelled_by:
            raise RefusedError(f"{by} has cancelled the rollout already", "What was begun is brought to its end.")
        await self._newest.cancel(caller.user)
        return self._newest.view()

    async def read(self, command: ReadRollout, caller: Caller) -> RolloutView:
        """Return how it stands. Raises `RefusedError` where there never was one."""
        view = self.view()
        if view is None:
            raise RefusedError("There was no rollout yet", "camtrust rollout --all begins one.")
        return view

    async def load(self) -> None:
        """Read the last one from the store. Before any install is taken up, as its logins may have been refused."""
        stored = await self._store.rollout()
        if stored is not None:
            self._newest = Rollout(self._services, self._work, self._adding, *stored)

    async def take_up(self) -> None:
        """Go on with the one that was under way when the engine ended, once its installs are taken up."""
        stored = await self._store.rollout()
        if stored is None or stored[0].state is not RolloutState.RUNNING:
            return
        record, members = stored
        try:
            login = await self._store.rollout_login()
        except SealError as error:
            _log.error("the rollout goes on without its login: %s", error.title)
            members = [_without_login(member, error) for member in members]
            login = None
        self._run(record, members, login)

    async def close(self) -> None:
        """End at once; the next start takes it up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    def _may_try_again(self, device: str) -> bool:
        """Tell whether the engine may try by itself a device that was not reached."""
        newest = self._newest
        if newest is None:
            return True
        is_over = newest.record.state is not RolloutState.RUNNING
        return may_try_again(
            newest.members,
            device,
            lambda member: member.trouble is Trouble.LOGIN_REFUSED or self._has_refused(member.device),
            lambda member: not is_over or self._work.is_running(member.device),
        )

    def _run(self, record: RolloutRecord, members: Sequence[RolloutMember], login: Login | None) -> Rollout:
        self._newest = rollout = Rollout(self._services, self._work, self._adding, record, members, login)
        self._task = asyncio.create_task(rollout.run(), name="rollout")
        self._task.add_done_callback(_log_end)
        self._services.board.rollout_changed()
        return rollout

    def _how_it_ended(self) -> str:
        record = self._newest.record if self._newest else None
        if record is None or not record.ended_at:
            return ""
        whose = f"The last one, begun by {record.by}, ended {ago(record.ended_at, now())}"
        return f" {whose}: cancelled by {record.cancelled_by}." if record.cancelled_by else f" {whose}."

    def _at_once(self, command: StartRollout) -> int:
        most = self._services.config.parallel_installs
        if command.at_once is not None and command.at_once < 1:
            raise UsageError("At least one device has to be under way at a time", f"Give 1 to {most}.")
        return min(command.at_once or most, most)

    def _refuse_second(self) -> None:
        if self._newest is not None and self.busy():
            view = self._newest.view()
            raise RefusedError(
                f"A rollout of {_count(view.total)} is under way, begun {by_whom(view.by, view.started_at, now())}",
                "Wait until it is finished, or cancel it: camtrust rollout --cancel.",
            )

    def _rows(self, command: StartRollout) -> list[DeviceView]:
        if command.everything == bool(command.devices):
            raise UsageError("A rollout is of devices that are named, or of all", "Give one or the other.")
        if command.everything:
            rows = [view for view in self._services.board.devices.values() if not _is_other(view)]
            rows.sort(key=lambda view: (view.name.casefold(), view.id))
        else:
            named = map(self._services.registry.resolve_view, command.devices)
            rows = list({view.id: view for view in named}.values())
        if not 0 < len(rows) <= MOST_DEVICES:
            raise UsageError("There are no devices" if not rows else "Too many devices", f"Up to {MOST_DEVICES:,}.")
        return rows

    async def _members(
        self, rows: Iterable[DeviceView], command: StartRollout, typed: Login | None
    ) -> list[RolloutMember]:
        numbers: dict[Login, int] = {}
        members = []
        for number, view in enumerate(rows):
            planned = plan(
                view, reissue=command.reissue, has_login=typed is not None, has_refused=self._has_refused(view.id)
            )
            is_typed = typed is not None and planned.task in (Purpose.ADD, Purpose.REPLACE)
            login = typed if is_typed else await self._stored_login(view.id, planned.task)
            count = 0 if login is None else numbers.setdefault(login, len(numbers) + 1)
            members.append(self._member(number, view, planned, typed=is_typed, login=count))
        return members

    def _member(self, number: int, view: DeviceView, planned: Plan, *, typed: bool, login: int) -> RolloutMember:
        device = self._services.registry.devices.get(view.id)
        address, pin = identity_of(device) if device else (view.address, "")
        return RolloutMember(
            number=number,
            device=view.id,
            name=view.name,
            address=address,
            pin=pin,
            task=planned.task,
            typed=typed,
            login=login,
            model=model_of(view.model),
            state=MemberState.WAITING if planned.task else MemberState.SKIPPED,
            trouble=planned.trouble,
            reason=planned.reason,
            hint=planned.hint,
            certificate=view.certificate_field,
        )

    def _has_refused(self, device: str) -> bool:
        record = self._services.registry.devices.get(device)
        return record is not None and has_refused(record)

    async def _stored_login(self, device: str, task: Purpose | None) -> Login | None:
        """Return the login that is stored for a device, None where there is none that can be used."""
        if task in (Purpose.REPLACE, Purpose.REISSUE):
            with suppress(SealError):
                return await self._store.login(device)
        return None


def _typed(command: StartRollout) -> Login | None:
    return Login(command.user, command.password) if command.user and command.password is not None else None


def _is_other(view: DeviceView) -> bool:
    return view.connection is Connection.DISCOVERED and view.kind is Kind.OTHER


def _without_login(member: RolloutMember, error: CamtrustError) -> RolloutMember:
    if not member.typed or member.state is not MemberState.WAITING:
        return member
    return msgspec.structs.replace(member, state=MemberState.NOT_STARTED, reason=error.title, hint=error.hint)


def _count(devices: int) -> str:
    return f"{devices} device{'' if devices == 1 else 's'}"


def _log_end(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        _log.error("the rollout failed", exc_info=error)
