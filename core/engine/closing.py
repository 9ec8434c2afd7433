"""How an onboarding is brought to its end: what it ends as, in the store, in the history and on screens."""

import logging

import msgspec

from core.decide.outcomes import CANCELLED as CANCELLED
from core.decide.recovery import MOST_ATTEMPTS, Past
from core.decide.trust import after_install, not_there
from core.engine import endings
from core.engine.case import Case
from core.engine.endings import Ending
from core.engine.progress import Progress
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    GarbledError,
    LoginRefusedError,
    NotReachedError,
    TlsFailedError,
    UnexpectedLeafError,
    WrongLeafError,
)
from core.model.records import Purpose

AWAY = (NotReachedError, TlsFailedError, WrongLeafError)
"""A device that is not there for what has to be done: it is tried again when it is."""

_log = logging.getLogger(__name__)


class Closing:
    """Ends one onboarding. `cancelled_by` is who did that; `left_behind` is set where the device kept what was made."""

    def __init__(self, case: Case, progress: Progress) -> None:
        self._case = case
        self._services = case.services
        self._progress = progress
        self._committed: Ending | None = None
        self.cancelled_by = ""
        self.left_behind = False

    def kept_own(self, error: DeviceError | None, what: str) -> Ending:
        """Return the end of an install that comes to nothing: the device keeps what it shows, where that is known."""
        replaces = self._case.install.request.purpose is Purpose.REPLACE
        # What is there in place of a device that has a pin, and does not even know its login, is a stranger.
        is_stranger = replaces and self._case.original.pin is not None and isinstance(error, LoginRefusedError)
        if self._case.install.old is None or is_stranger or (replaces and what.startswith(CANCELLED)):
            return self.not_reached(error or DeviceError(f"{what[:1].upper()}{what[1:]}", endings.TRY_AGAIN))
        if not self.left_behind:
            return endings.kept_own(self._case.device, self._case.install.old, error, what)
        what = f"{what}; what was made on the camera may be left there"
        ending = endings.kept_own(self._case.device, self._case.install.old, error, what)
        return endings.with_note(ending, endings.LEFT_BEHIND)

    def known_end(self, past: Past) -> Ending | None:
        """Return how an install ends that had failed or been cancelled before it was interrupted, else None."""
        what = self._case.install.outcome
        if past.refusal is not None and self._case.refusal is not None:
            return self.kept_own(self._case.refusal, past.refusal[0])
        if not what:
            return None
        return self.kept_own(None if what.startswith(CANCELLED) else DeviceError(what, endings.TRY_AGAIN), what)

    async def unexpected(self, error: UnexpectedLeafError) -> Ending:
        """A device that shows another leaf than its pin in its own place is blocked, whoever came to look."""
        original, device = self._case.original, self._case.device
        if original.pin is None or not error.presented or (original.host, original.port) != (device.host, device.port):
            return self.not_reached(error)
        presented = await self._case.learn_leaf(error.presented)
        if presented == original.pin.fingerprint:
            return self.not_reached(error)
        return endings.blocked(original, original.pin.fingerprint, presented)

    def not_reached(self, error: DeviceError) -> Ending:
        """Return the end of an install that has met nobody it can go on with."""
        if self._case.is_set_up:
            return endings.left_as_it_was(self._case.original, error)
        return endings.not_reached(self._case.device, error)

    async def blocked_by(self, der: bytes) -> Ending:
        """Return the end where the device shows a leaf, raw, that is neither its former one nor ours."""
        presented = await self._case.learn_leaf(der)
        return endings.blocked(self._case.device, self._case.install.old or "", presented)

    async def finish(self, ending: Ending) -> None:
        """Store how it ends, unless that was done before, and show it."""
        if self._committed is not ending:
            await self.commit(ending, closed=True)
        if ending.is_reached:
            self._services.registry.set_health(self._case.device.id, after_install(self._case.device))
        self._progress.finish(ending.outcome, ending.hint)

    async def commit(self, ending: Ending, *, closed: bool) -> None:
        """Store how it ends. A new pin, the install and the event are one transaction."""
        before, device = self._case.device.pin, ending.device
        install = msgspec.structs.replace(self._case.install, closed=closed, outcome=ending.outcome)
        who = self.cancelled_by or self._case.install.request.by
        event = self._services.event(ending.event, ending.told, device, who)
        told = None
        if device.pin is not None and device.pin != before:
            told = await self._services.store.pin(device, install, event)
        else:
            await self._services.store.put_device(device)
            await self._services.store.put_install(install)
            if not endings.is_known(ending, self._case.original):
                told = await self._services.store.add_event(event)
        self._case.device, self._case.install, self._committed = device, install, ending
        self._services.registry.put(device)
        if told is not None:
            self._services.board.add_event(told)

    async def leave_open(self, error: DeviceError, why: str) -> None:
        """Leave the install open: what the device does next decides how it ends."""
        await self._case.update_install(outcome=why)
        await self._services.tell("install unfinished", error.title, self._case.device)
        self.show_unsettled(error)

    def show_unsettled(self, error: DeviceError) -> None:
        """Show that it is not at its end, and why."""
        self._services.registry.set_health(self._case.device.id, not_there(endings.unsettled(error)))
        self._progress.finish("The install is not finished; it is taken up again when the camera answers.", error.hint)

    async def note_mess(self, error: DeviceError) -> None:
        """Leave clearing up for later, or tell that it cannot be done."""
        install = self._case.install
        _log.warning("%s: not cleared up: %s", self._case.device.id, error.title)
        if isinstance(error, AWAY):
            return
        if isinstance(error, AnswerLostError | GarbledError) and install.attempt < MOST_ATTEMPTS:
            await self._case.update_install(attempt=install.attempt + 1)
            return
        device = endings.with_attention(self._case.device, endings.LEFT_BEHIND)
        await self._services.store.put_device(device)
        self._case.device = device
        self._services.registry.put(device)
        await self._case.update_install(closed=True)
