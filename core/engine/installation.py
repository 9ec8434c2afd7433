"""One onboarding of one device, from the first look to the pin; also taking up one that was interrupted.

Whatever happens, the device ends as one of `core.engine.endings`. What is in doubt is settled by looking at the device.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeGuard

import msgspec

from core.decide.recovery import MOST_ATTEMPTS, Verdict
from core.decide.steps import Step, cancellable
from core.decide.trust import Health, after_install, first_health
from core.engine import endings
from core.engine.case import Case
from core.engine.clock import stamp
from core.engine.contact import Contact
from core.engine.endings import Ending
from core.engine.maker import Maker
from core.engine.progress import Progress
from core.engine.settlement import Settlement
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    GarbledError,
    LoginRefusedError,
    NotReachedError,
    NotTlsError,
    RefusedError,
    TlsFailedError,
    UnexpectedLeafError,
    WrongLeafError,
)
from core.model.records import Purpose

# What says nothing about the next try.
_PASSING = (NotReachedError, AnswerLostError, GarbledError, TlsFailedError, WrongLeafError)

_log = logging.getLogger(__name__)


class Installation:
    """Runs one onboarding. `new_id` makes the id of an install that is begun anew."""

    def __init__(self, case: Case, progress: Progress, new_id: Callable[[], str]) -> None:
        self._case = case
        self._services = case.services
        self._progress = progress
        self._new_id = new_id
        self._settlement = Settlement(case)
        self._patience = case.services.config.restart_patience
        self._cancelled_by = ""
        self._committed: Ending | None = None
        self._failure: DeviceError | None = None
        self._task: asyncio.Task[None] | None = None

    def cancel(self, who: str) -> None:
        """Stop before the point of no return; what was made is taken back. Raises `RefusedError` after it."""
        if self._task is None or self._cancelled_by or not cancellable(self._progress.current):
            raise RefusedError(
                "The install cannot be cancelled any more",
                "The camera is taking the certificate into use, or it is being undone. Wait until it is finished.",
            )
        self._cancelled_by = who
        self._task.cancel()

    async def run(self) -> None:
        """Onboard from the beginning. Cancelled from outside, it leaves the journal for the next start to take up."""
        self._task = asyncio.current_task()
        try:
            ending = await self._onboard()
        except asyncio.CancelledError:
            if not self._cancelled_by or self._task is None:
                raise
            self._task.uncancel()
            ending = await self._after_cancel()
        if ending is not None:
            await self._finish(ending)

    async def resume(self) -> None:
        """Settle what an interruption left, and begin anew.

        Raises `DeviceError` while the device does not answer; it is then to be tried again later.
        """
        case = self._case
        pins = await self._services.store.pins(case.device.id)
        if case.install.candidate in {pin.fingerprint for pin in pins}:
            await self._end_again()
            return
        past = await self._settlement.past()
        if past.touched and case.install.old is not None:
            ending = await self._settle()
            if ending is not None:
                await self._finish(ending)
                return
        await case.update_install(closed=True, outcome=case.install.outcome or "interrupted and taken back")
        await self._begin_anew()

    async def _end_again(self) -> None:
        """Finish an install whose certificate was pinned; there is nothing to do where another one is pinned since."""
        case = self._case
        if case.device.pin is not None and case.device.pin.fingerprint == case.install.candidate:
            await self._clear_up(case.device.pin.fingerprint)
        else:
            await case.update_install(closed=True)
        self._progress.finish(case.install.outcome, "")

    async def _begin_anew(self) -> None:
        install = self._case.install
        if install.attempt >= MOST_ATTEMPTS:
            error = NotReachedError("The install was interrupted too often", "Add the camera again when all is calm.")
            await self._finish(self._not_reached(error))
            return
        self._case.install = msgspec.structs.replace(install, id=self._new_id(), attempt=install.attempt + 1)
        await self._case.update_install(started_at=stamp(), old=None, candidate=None, closed=False, outcome="")
        await self.run()

    async def _onboard(self) -> Ending | None:
        contact = Contact(self._case, self._progress)
        try:
            place = await contact.find()
            if place.seen is None:
                note = await contact.over_http(place)
                return endings.over_http(self._case.device, note)
            await contact.look(place.seen)
        except WrongLeafError as error:
            return await self._blocked_by(error)
        except UnexpectedLeafError as error:
            return await self._unexpected(error)
        except (NotReachedError, NotTlsError, TlsFailedError) as error:
            return self._not_reached(error)
        try:
            await self._make_certificate(contact)
        except DeviceError as error:
            return await self._after_failure(error)
        return await self._after_failure(None)

    async def _make_certificate(self, contact: Contact) -> None:
        async with self._services.session(self._case.device, self._case.install.old, self._case.login) as onvif:
            capabilities, clock = await contact.ask(onvif)
            await contact.log_in(onvif)
            inventory, room = await contact.check_room(onvif, capabilities)
            if capabilities is not None:
                await Maker(self._case, self._progress).make(onvif, capabilities, inventory, room, clock)

    async def _after_failure(self, error: DeviceError | None) -> Ending | None:
        """Return how it ends after the last call to the device, which may have failed. None: it is not known yet."""
        old = self._case.install.old or ""
        past = await self._settlement.past()
        if self._is_stranger(error):
            return self._not_reached(error)
        if not past.touched and not isinstance(error, WrongLeafError):
            return endings.kept_own(self._case.device, old, error, _told(error))
        self._failure = error or _not_taken()
        try:
            ending = await self._settle()
        except DeviceError as unsettled:
            await self._leave_open(unsettled)
            return None
        return ending or endings.kept_own(self._case.device, old, self._failure, _told(self._failure))

    def _is_stranger(self, error: DeviceError | None) -> TypeGuard[DeviceError]:
        """Whether what is there instead of a device that has a pin does not even know its login."""
        replaces = self._case.install.request.purpose is Purpose.REPLACE and self._case.original.pin is not None
        return replaces and isinstance(error, LoginRefusedError)

    async def _settle(self) -> Ending | None:
        """Look at the device until it is clear what it serves. Return how that ends; None when all was taken back."""
        if (await self._settlement.past()).assigning:
            with self._progress.step(Step.VERIFY) as line:
                verdict, seen = await self._settlement.watch(self._patience)
                line.detail = "the new certificate is served" if verdict is Verdict.ADOPT else "it is not served"
        else:
            verdict, seen = await self._settlement.watch(self._patience)
        match verdict:
            case Verdict.ADOPT:
                return await self._adopt(seen.fingerprint)
            case Verdict.OWN_VERSION:
                leaf = await self._case.learn_leaf(seen.der)
                what = "the camera made a certificate of its own from our key"
                return endings.kept_own(self._case.device, leaf, None, what)
            case Verdict.BLOCK:
                return await self._blocked_by(WrongLeafError(seen.der))
        return await self._undo()

    async def _undo(self) -> Ending | None:
        """Take back what was made. Return an ending only where the device refuses that."""
        try:
            await self._settlement.undo(self._patience)
        except _PASSING:
            raise
        except DeviceError as error:
            _log.warning("%s: not taken back: %s", self._case.device.id, error.title)
            what = "the install failed, and what was made on the camera could not be removed"
            ending = endings.kept_own(self._case.device, self._case.install.old or "", self._failure or error, what)
            return endings.with_note(ending, endings.LEFT_BEHIND)
        return None

    async def _adopt(self, leaf: str) -> Ending:
        """Pin the new certificate before anything else is done, then clean up and log in over it."""
        ending = endings.installed(self._case.device, leaf, self._case.install.request.by)
        await self._commit(ending, closed=False)
        try:
            await self._clear_up(leaf)
        except DeviceError as error:
            _log.warning("%s: not cleaned up yet: %s", self._case.device.id, error.title)
        return ending

    async def _clear_up(self, leaf: str) -> None:
        """Clear away what earlier installs left. Raises `DeviceError` where that is worth another try."""
        try:
            with self._progress.step(Step.CLEAN):
                await self._settlement.clean(leaf)
        except _PASSING:
            raise
        except DeviceError as error:
            _log.warning("%s: not cleaned up: %s", self._case.device.id, error.title)
            self._case.show(attention=(*self._case.device.attention, endings.LEFT_BEHIND))
            await self._case.store_device()
        await self._case.update_install(closed=True)

    async def _after_cancel(self) -> Ending | None:
        what = f"cancelled by {self._cancelled_by}"
        if self._case.install.old is None:
            hint = "It is not added to HTTPS. Add it again to try anew."
            return self._not_reached(DeviceError(f"Cancelled by {self._cancelled_by}", hint))
        try:
            ending = await self._settle()
        except DeviceError as unsettled:
            await self._leave_open(unsettled)
            return None
        if ending is None and self._case.install.request.purpose is Purpose.REPLACE:
            return self._not_reached(DeviceError(f"Cancelled by {self._cancelled_by}"))
        return ending or endings.kept_own(self._case.device, self._case.install.old, None, what)

    async def _unexpected(self, error: UnexpectedLeafError) -> Ending:
        """A device that shows another leaf than its pin in its own place is blocked, whoever came to look."""
        original, device = self._case.original, self._case.device
        if original.pin is None or not error.presented or (original.host, original.port) != (device.host, device.port):
            return self._not_reached(error)
        presented = await self._case.learn_leaf(error.presented)
        if presented == original.pin.fingerprint:
            return self._not_reached(error)
        return endings.blocked(original, original.pin.fingerprint, presented)

    def _not_reached(self, error: DeviceError) -> Ending:
        original = self._case.original
        if original.pin is not None or original.scheme == "http":
            return endings.left_as_it_was(original, error)
        return endings.not_reached(self._case.device, error)

    async def _blocked_by(self, error: WrongLeafError) -> Ending:
        presented = await self._case.learn_leaf(error.presented)
        return endings.blocked(self._case.device, self._case.install.old or presented, presented)

    async def _leave_open(self, error: DeviceError) -> None:
        """Leave the install open: what the device does next decides how it ends."""
        self._case.show(attention=(endings.unsettled(error),))
        await self._case.store_device()
        await self._services.tell("install unfinished", error.title, self._case.device)
        outcome = "The install is not finished; it is taken up again when the camera answers."
        self._show_end(outcome, error.hint, first_health(self._case.device))

    async def _finish(self, ending: Ending) -> None:
        if self._committed is not ending:
            await self._commit(ending, closed=True)
        # A device that is left as it was is no more online than before.
        health = after_install(ending.device) if ending.reached else self._services.registry.health(ending.device.id)
        self._show_end(ending.outcome, ending.hint, health)

    async def _commit(self, ending: Ending, *, closed: bool) -> None:
        """Store how it ends. A new pin, the install and the event are one transaction."""
        before, device = self._case.device.pin, ending.device
        install = msgspec.structs.replace(self._case.install, closed=closed, outcome=ending.outcome)
        event = self._services.event(ending.event, ending.told, device, self._install_by())
        if device.pin is not None and device.pin != before:
            told = await self._services.store.pin(device, install, event)
        else:
            await self._services.store.put_device(device)
            await self._services.store.put_install(install)
            told = await self._services.store.add_event(event)
        self._case.device, self._case.install, self._committed = device, install, ending
        self._services.registry.put(device)
        self._services.board.add_event(told)

    def _install_by(self) -> str:
        return self._cancelled_by or self._case.install.request.by

    def _show_end(self, outcome: str, hint: str, health: Health) -> None:
        self._services.registry.set_health(self._case.device.id, health)
        self._progress.finish(outcome, hint)


def _not_taken() -> DeviceError:
    return DeviceError(
        "The camera did not take the new certificate into use",
        "Its former certificate is in place again. A restart of the camera before the next try may help.",
    )


def _told(error: DeviceError | None) -> str:
    return error.title if error else "there was nothing to install"
