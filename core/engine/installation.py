"""One onboarding of one device, from the first look to the pin; also taking up one that was interrupted.

Whatever happens, the device ends as one of `core.engine.endings`. What is in doubt is settled by looking at the device.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from core.decide.acts import by_whom
from core.decide.durations import usual_times
from core.decide.key_choice import manages
from core.decide.recovery import MOST_ATTEMPTS, Past, Verdict
from core.decide.steps import Step, cancellable
from core.engine import enabling, endings
from core.engine.case import Case
from core.engine.clock import now, stamp
from core.engine.closing import AWAY, CANCELLED, Closing
from core.engine.contact import Contact
from core.engine.endings import Ending
from core.engine.finder import Place
from core.engine.maker import Maker
from core.engine.progress import Progress
from core.engine.settlement import Settlement
from core.model.errors import (
    DeviceError,
    RefusedError,
    UnexpectedLeafError,
    WrongLeafError,
)
from core.model.records import InstallRecord
from core.network.look import Seen, look

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
        self._closing = Closing(case, progress)
        self._task: asyncio.Task[None] | None = None
        self._cancelled_at = ""

    @property
    def install(self) -> InstallRecord:
        """What is kept of it."""
        return self._case.install

    def cancel(self, who: str) -> None:
        """Stop before the point of no return; what was made is taken back. Raises `RefusedError` after it."""
        if self._closing.cancelled_by:
            told = by_whom(self._closing.cancelled_by, self._cancelled_at, now())
            raise RefusedError(
                f"The install of {self._case.device.name} was cancelled {told}",
                "What was made on the camera is taken back. Wait until that is finished.",
            )
        if self._progress.is_final or not cancellable(self._progress.current):
            raise RefusedError(
                "The install cannot be cancelled any more",
                "The camera is taking the certificate into use, or it is being undone. Wait until it is finished.",
            )
        self._closing.cancelled_by, self._cancelled_at = who, stamp()
        if self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Onboard from the beginning. Cancelled from outside, it leaves the journal for the next start to take up."""
        self._task = asyncio.current_task()
        self._progress.is_final = False
        self._progress.show()
        try:
            ending = await (self._after_cancel() if self._closing.cancelled_by else self._onboard())
        except asyncio.CancelledError:
            # The engine may be ending as well.
            if not self._closing.cancelled_by or self._task is None or self._task.uncancel():
                raise
            ending = await self._after_cancel()
        # Its end is being written down: a cancel would come too late.
        self._progress.is_final = True
        if ending is not None:
            await self._closing.finish(ending)

    async def resume(self) -> None:
        """Settle what an interruption left, and begin anew; where it had failed or been cancelled before, end it."""
        past = await self._case.recall()
        if past.adopted or not self._case.is_in_doubt:
            await self._clear_up_later()
            return
        self._progress.show()
        try:
            ending = await self._settle_interrupted(past) or self._closing.known_end(past)
        except DeviceError as error:
            _log.info("%s: still open: %s", self._case.device.id, error.title)
            self._closing.show_unsettled(error)
            return
        if ending is not None:
            await self._closing.finish(ending)
            return
        await self._case.update_install(closed=True, outcome="interrupted and taken back")
        await self._begin_anew()

    async def _settle_interrupted(self, past: Past) -> Ending | None:
        if not past.touched or self._case.install.old is None:
            return None
        # While it is away no other install has to wait for it.
        await look(self._case.device.host, self._case.device.port or 0, legacy=self._case.device.weak_tls)
        async with self._services.installs:
            return await self._settle()

    async def _begin_anew(self) -> None:
        install = self._case.install
        if install.attempt >= MOST_ATTEMPTS:
            error = DeviceError("The install was interrupted too often", "Add the camera again when all is calm.")
            await self._closing.finish(self._closing.not_reached(error))
            return
        self._case.device = self._case.original
        await self._case.update_install(
            id=self._new_id(),
            attempt=install.attempt + 1,
            started_at=stamp(),
            old=None,
            candidate=None,
            closed=False,
            outcome="",
        )
        await self.run()

    async def _onboard(self) -> Ending | None:
        self._case.login = await self._services.store.login(self._case.device.id)
        contact = Contact(self._case, self._progress)
        try:
            place = await contact.find()
        except DeviceError as error:
            return self._closing.not_reached(error)
        async with self._services.installs:
            if place.seen is not None:
                return await self._over_https(contact, place.seen)
            return await self._over_http(contact, place)

    async def _over_http(self, contact: Contact, place: Place) -> Ending | None:
        try:
            outcome = await contact.over_http(place)
        except DeviceError as error:
            return self._closing.not_reached(error)
        if outcome.place is not None and outcome.place.seen is not None:
            return await self._over_https(contact, outcome.place.seen)
        return enabling.over_http(self._case.device, outcome)

    async def _over_https(self, contact: Contact, seen: Seen) -> Ending | None:
        try:
            await contact.look(seen)
        except WrongLeafError as error:
            return await self._closing.blocked_by(error.presented)
        except UnexpectedLeafError as error:
            return await self._closing.unexpected(error)
        except DeviceError as error:
            return self._closing.not_reached(error)
        try:
            await self._make_certificate(contact)
        except DeviceError as error:
            return await self._conclude(error)
        return await self._conclude(None)

    async def _make_certificate(self, contact: Contact) -> None:
        async with self._case.session(self._case.install.old) as onvif:
            capabilities, clock = await contact.ask(onvif)
            await contact.log_in(onvif)
            self._progress.expect(await self._usual_times())
            if not manages(capabilities):
                # Some devices tell only those who have logged in.
                capabilities, clock = await contact.ask(onvif)
            inventory, room = await contact.check_room(onvif, capabilities)
            if capabilities is not None:
                maker = Maker(self._case, self._progress, onvif.management(capabilities.way))
                await maker.make(capabilities, inventory, room, clock)

    async def _usual_times(self) -> Mapping[Step, float]:
        device = self._case.device
        return usual_times(await self._services.store.last_journal_of(device.manufacturer, device.model))

    async def _conclude(self, error: DeviceError | None, what: str = "") -> Ending | None:
        """Return how it ends after the last call to the device, which may have failed. None: it is not known yet."""
        ending = None
        past = await self._case.past()
        if past.touched or isinstance(error, WrongLeafError):
            try:
                ending = await self._settle()
            except DeviceError as unsettled:
                await self._closing.leave_open(unsettled, what or (error or unsettled).title)
                return None
            if not what and (error is None or past.makes_do(error)):
                error = _not_taken()
        told = what or (error.title if error else "there was nothing to install")
        return ending or self._closing.kept_own(error, told)

    async def _settle(self) -> Ending | None:
        """Look at the device until it is clear what it serves. Return how that ends; None when all was taken back."""
        if (await self._case.past()).assigning:
            with self._progress.step(Step.VERIFY) as line:
                verdict, seen = await self._settlement.watch(self._patience, partial(self._progress.tell, line))
                line.detail = "the new certificate is served" if verdict is Verdict.ADOPT else "it is not served"
        else:
            verdict, seen = await self._settlement.watch(self._patience)
        match verdict:
            case Verdict.ADOPT:
                return await self._adopt(seen.fingerprint)
            case Verdict.OWN_VERSION:
                return await self._own_version(seen)
            case Verdict.BLOCK:
                return await self._closing.blocked_by(seen.der)
        await self._take_back(seen.fingerprint)
        if self._closing.left_behind and seen.fingerprint != self._case.install.old:
            return await self._own_version(seen)
        return None

    async def _own_version(self, seen: Seen) -> Ending:
        leaf = await self._case.learn_leaf(seen.der)
        what = "the camera made a certificate of its own from our key"
        return endings.kept_own(self._case.device, leaf, None, what)

    async def _take_back(self, leaf: str) -> None:
        """Take back what was made; what the device does not let go of is only told."""
        try:
            await self._settlement.undo(self._patience, leaf)
        except AWAY:
            raise
        except DeviceError as error:
            _log.warning("%s: not taken back: %s", self._case.device.id, error.title)
            self._closing.left_behind = True

    async def _adopt(self, leaf: str) -> Ending:
        """Pin the new certificate before anything else is done, then clear up over it."""
        ending = endings.installed(self._case.device, leaf, self._case.install.request.by)
        await self._closing.commit(ending, closed=False)
        await self._case.note_adoption()
        try:
            with self._progress.step(Step.CLEAN):
                await self._settlement.clean(leaf)
        except DeviceError as error:
            await self._closing.note_mess(error)
        else:
            await self._case.update_install(closed=True)
        return ending

    async def _clear_up_later(self) -> None:
        """Clear up after an install whose certificate is in use; unless there has been another one since."""
        try:
            if not self._case.is_in_doubt:
                async with self._services.installs:
                    await self._settlement.clean(self._case.install.candidate or "")
        except DeviceError as error:
            await self._closing.note_mess(error)
        else:
            await self._case.update_install(closed=True)

    async def _after_cancel(self) -> Ending | None:
        what = f"{CANCELLED}{self._closing.cancelled_by}"
        await self._case.update_install(outcome=what)
        if self._case.install.old is None:
            return self._closing.kept_own(None, what)
        return await self._conclude(None, what)


def _not_taken() -> DeviceError:
    return DeviceError(
        "The camera did not take the new certificate into use",
        "Its former certificate is in place again. A restart of the camera before the next try may help.",
    )
