"""One rollout: who begins when, what became of each, and what is stored of it meanwhile."""

import asyncio
import logging
from collections.abc import Sequence

import msgspec

from core.decide.outcomes import Outcome
from core.decide.rollout import Moves, Pace, model_of, next_moves
from core.decide.steps import NO_LOGIN_ASKED, NUMBERS, Step
from core.engine.adding import Adding
from core.engine.clock import stamp
from core.engine.errands import Errands
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import StepState
from core.model.errors import CamtrustError
from core.model.records import Login
from core.model.rollout import (
    MemberState,
    RolloutDevice,
    RolloutMember,
    RolloutRecord,
    RolloutState,
    RolloutView,
    Trouble,
)

_LOGIN = NUMBERS[Step.LOGIN] - 1
# What stands beside that step where it was done without a login.
_WITHOUT = ("", NO_LOGIN_ASKED)
_ENDED = (MemberState.SUCCEEDED, MemberState.FAILED)
_OUR_FAULT = Outcome(MemberState.FAILED, "Internal error", "The log file has the cause.", Trouble.FAILED)

_log = logging.getLogger(__name__)


class Rollout:
    """Brings its members to HTTPS by the commands that technicians have for single devices.

    That a member begins is stored before it does, and how it ended after; what was under way when the engine ended is
    found again in the installs.
    """

    def __init__(
        self,
        services: Services,
        work: Work,
        adding: Adding,
        record: RolloutRecord,
        members: Sequence[RolloutMember],
        login: Login | None = None,
    ) -> None:
        self.record = record
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._errands = Errands(services, work, adding, record, login)
        self._members = {member.number: member for member in members}
        self._loop = asyncio.get_running_loop()
        self._begun: dict[int, float] = {}
        self._wake = asyncio.Event()
        self._is_due = True

    @property
    def members(self) -> tuple[RolloutMember, ...]:
        """All of them, as they stand now."""
        return tuple(self._members.values())

    def view(self) -> RolloutView:
        """Return how it stands now."""
        members, now = self.members, self._loop.time()
        pace, record = Pace(members), self.record
        elapsed = {number: now - begun for number, begun in self._begun.items()}
        is_running = record.state is RolloutState.RUNNING
        return RolloutView(
            id=record.id,
            by=record.by,
            started_at=record.started_at,
            at_once=record.at_once,
            devices=tuple(_shown(member, pace) for member in members),
            state=record.state,
            ended_at=record.ended_at,
            remaining=pace.remaining(record.at_once, elapsed) if is_running else None,
            cancelled_by=record.cancelled_by,
            note=record.note,
        )

    async def cancel(self, who: str) -> None:
        """Begin with no more members."""
        if not self.record.cancelled_by:
            self.record = msgspec.structs.replace(self.record, cancelled_by=who)
            self._changed()
            await self._store.put_rollout(self.record)

    async def run(self) -> None:
        """Go on until it is over with every member. Cancelled from outside, it is taken up at the next start."""
        subscription = self._services.board.subscribe(self._wake.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                for member in self._in(MemberState.RUNNING):
                    tasks.create_task(self._see_to(member.number, is_new=False))
                while self._in(MemberState.WAITING, MemberState.RUNNING):
                    self._wake.clear()
                    self._note_progress()
                    if self._is_due:
                        self._is_due = False
                        await self._move(tasks)
                    else:
                        await self._wake.wait()
        finally:
            subscription.close()
        await self._end()

    def _in(self, *states: MemberState) -> list[RolloutMember]:
        return [member for member in self._members.values() if member.state in states]

    def _note_progress(self) -> None:
        """See which of those that run have logged in, and of what model they are."""
        for member in self._in(MemberState.RUNNING):
            if member.number in self._begun:
                self._change(member.number, **self._learnt(member))

    def _learnt(self, member: RolloutMember) -> dict[str, object]:
        device = self._registry.devices.get(member.device)
        install = self._services.board.installs.get(member.device)
        step = install.steps[_LOGIN] if install is not None else None
        logged_in = step is not None and step.state is StepState.DONE and step.detail not in _WITHOUT
        return {
            "name": device.name if device else member.name,
            "model": (model_of(device.model) if device else "") or member.model,
            "logged_in": member.logged_in or logged_in,
        }

    async def _move(self, tasks: asyncio.TaskGroup) -> None:
        moves = self._next_moves()
        for number, why in moves.leave.items():
            self._change(number, state=MemberState.NOT_STARTED, reason=why)
        if moves.stop:
            self.record = msgspec.structs.replace(self.record, note=moves.stop)
        for number in moves.start:
            is_canary = number in moves.canaries
            self._change(number, state=MemberState.RUNNING, canary=is_canary, started_at=stamp())
        is_stored = await self._put(*moves.start, *moves.leave)
        for number in moves.start:
            if is_stored:
                tasks.create_task(self._see_to(number, is_new=True))
            else:
                self._change(number, state=MemberState.NOT_STARTED, reason="The store could not be written")

    def _next_moves(self) -> Moves:
        if who := self.record.cancelled_by:
            waiting = self._in(MemberState.WAITING)
            return Moves(leave={member.number: f"The rollout was cancelled by {who}" for member in waiting})
        return next_moves(self.members, self.record.at_once)

    async def _see_to(self, number: int, *, is_new: bool) -> None:
        """Begin with one member, unless that was done before a restart, and follow it to its end."""
        try:
            outcome = await self._outcome(number, is_new=is_new)
        except CamtrustError as error:
            _log.warning("rollout: %s: %s", self._members[number].name, error.title)
            outcome = Outcome(MemberState.FAILED, error.title, error.hint, Trouble.FAILED)
        except Exception:  # noqa: BLE001 - trouble with one device must not end the rollout of the others
            _log.exception("rollout: %s", self._members[number].name)
            outcome = _OUR_FAULT
        await self._finish(number, outcome, is_timed=is_new)

    async def _outcome(self, number: int, *, is_new: bool) -> Outcome:
        member = self._members[number]
        device = None if is_new else await self._errands.begun_before(member)
        if device is None:
            try:
                device = await self._errands.begin(member)
            except CamtrustError as error:
                return Outcome(MemberState.NOT_STARTED, error.title, error.hint)
        self._begun[number] = self._loop.time()
        if device != member.device:
            self._change(number, device=device)
            await self._put(number)
        self._wake.set()
        return await self._errands.ended(device, member.started_at)

    async def _finish(self, number: int, outcome: Outcome, *, is_timed: bool) -> None:
        member = self._members[number]
        begun, is_ended = self._begun.pop(number, None), outcome.state in _ENDED
        trouble = outcome.trouble
        if trouble is Trouble.LOGIN_REFUSED and not member.login:
            trouble = Trouble.LOGIN_NEEDED
        self._change(
            number,
            **({} if begun is None else self._learnt(member)),
            state=outcome.state,
            trouble=trouble,
            reason=outcome.reason,
            hint=outcome.hint,
            certificate=outcome.certificate,
            ended=max(member.ended for member in self._members.values()) + 1 if is_ended else 0,
            seconds=round(self._loop.time() - begun, 1) if begun is not None and is_ended and is_timed else None,
        )
        await self._put(number)

    async def _end(self) -> None:
        state = RolloutState.STOPPED if self.record.note else RolloutState.FINISHED
        if self.record.cancelled_by:
            state = RolloutState.CANCELLED
        self.record = msgspec.structs.replace(self.record, state=state, ended_at=stamp())
        self._services.board.rollout_changed()
        await self._store.put_rollout(self.record, is_over=True)
        await self._services.tell("rollout", f"rollout {state}: {self._counts()}", who=self.record.by)

    def _counts(self) -> str:
        counts = {state: len(self._in(state)) for state in MemberState}
        return ", ".join(f"{count} {state}" for state, count in counts.items() if count)

    async def _put(self, *numbers: int) -> bool:
        """Store how members stand, and tell whether that was possible. Where not, the next start reads the installs."""
        try:
            await self._store.put_rollout(self.record, *(self._members[number] for number in numbers))
        except CamtrustError as error:
            _log.error("rollout: %s", error.title)
            return False
        return True

    def _change(self, number: int, **changes: object) -> None:
        before = self._members[number]
        self._members[number] = after = msgspec.structs.replace(before, **changes)
        if after != before:
            self._changed()

    def _changed(self) -> None:
        self._is_due = True
        self._wake.set()
        self._services.board.rollout_changed()


def _shown(member: RolloutMember, pace: Pace) -> RolloutDevice:
    is_open = member.state in (MemberState.WAITING, MemberState.RUNNING)
    return RolloutDevice(
        device=member.device,
        name=member.name,
        address=member.address,
        model=member.model,
        task=member.task,
        state=member.state,
        canary=member.canary,
        trouble=member.trouble,
        reason=member.reason,
        hint=member.hint,
        seconds=member.seconds,
        usual=pace.usual(member.model) if is_open else None,
        certificate=member.certificate,
    )
