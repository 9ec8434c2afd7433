"""Ends an install that is in doubt: looks at what the device serves, then adopts it, undoes it, or blocks the device.

The same code ends an install whose last answer was lost and one that a crash of the gateway interrupted; that is why
it starts from the journal and the device, and from nothing that the install kept in memory.
"""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager

from core.decide.certificates import key_fingerprint
from core.decide.keystore import Call, Change, is_assigned, leftovers, take_back
from core.decide.recovery import SURE, Leaves, Past, Steadiness, Verdict, judge, read_journal
from core.engine.case import Case
from core.model.errors import DeviceError, FaultError, NotReachedError, TlsFailedError, UnsupportedError
from core.network.look import Seen, look
from core.onvif.device import OnvifDevice
from core.onvif.keystore import Keystore

_LOOK_DEADLINE = 10.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
# A web server that starts may show a makeshift certificate for a moment.
_PAUSES = {Verdict.ADOPT: 0.2, Verdict.ROLL_BACK: 0.1, Verdict.OWN_VERSION: 1.0, Verdict.BLOCK: 1.0}
# A web server that shows the former certificate and ours in turn is given time to come to rest.
_PAUSE_AFTER_TURNS = 0.5
_READ_BACK_EVERY = 10.0
_MOST_ROUNDS = 4
_ASSIGNMENTS = (Change.REPLACE_ASSIGNMENT, Change.REMOVE_ASSIGNMENT)
# What a repeated deletion meets, and what a device says of an object that something else came to need.
_GONE = frozenset(("KeyID", "CertificateID", "CertificationPathID", "OldCertificationPathID"))
_IN_USE = "ReferenceExists"

_log = logging.getLogger(__name__)


class Settlement:
    """What one install left in doubt."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._store = case.services.store
        self._loop = asyncio.get_running_loop()

    async def past(self) -> Past:
        """Return what the journal tells of the install."""
        return read_journal(await self._store.journal_of(self._case.install.id))

    async def watch(self, patience: float) -> tuple[Verdict, Seen]:
        """Look until the device shows several times running what it will stay with; return that and the leaf.

        Waits up to `patience` seconds for a certificate that was assigned, and for a device that does not answer.
        Raises `NotReachedError` or `TlsFailedError` when it does not come back, or to rest, in time.
        """
        past, leaves = await self.past(), await self._leaves()
        end = self._loop.time() + patience
        read_back = self._loop.time() + min(_READ_BACK_EVERY, patience / 3)
        pause, steadiness = _SHORTEST_PAUSE, Steadiness()
        while True:
            seen = await self._look_until(end)
            may_come = past.assigning and self._loop.time() < end
            if seen.fingerprint == leaves.old and may_come and self._loop.time() > read_back:
                may_come = await self._still_assigned(past)
                read_back = self._loop.time() + _READ_BACK_EVERY
            verdict = judge(leaves, seen.fingerprint, key_fingerprint(seen.der), may_come=may_come)
            if steadiness.is_sure(verdict, seen.fingerprint) and verdict is not Verdict.WAIT:
                return verdict, seen
            if self._loop.time() >= end + patience:
                raise _no_rest()
            pause = min(pause * 1.5, _LONGEST_PAUSE) if verdict is Verdict.WAIT else _PAUSES[verdict]
            await asyncio.sleep(_PAUSE_AFTER_TURNS if steadiness.turns else pause)

    async def undo(self, patience: float) -> None:
        """Take back what the install made, over connections bound to the former leaf. Safe to repeat.

        Raises `DeviceError` where something could not be taken back.
        """
        past = await self.past()
        if not past.touched:
            return
        candidate = await self._candidate()
        for _ in range(_MOST_ROUNDS):
            async with self._session(self._case.install.old) as onvif:
                inventory = await onvif.keystore.inventory()
                calls = take_back(inventory, past.ours(self._case.alias, candidate), past.old_path)
                if not await carry_out(onvif.keystore, calls, self._case.device.id):
                    return
            # The assignment was turned back: the web server restarts, and only then the rest can be taken away.
            await self._await_old(patience)
        raise NotReachedError(
            "What was begun on the device could not be taken back", "It is tried again when the device answers."
        )

    async def clean(self, leaf: str) -> None:
        """Clear away what earlier installs of this gateway left, over connections bound to `leaf`."""
        async with self._session(leaf) as onvif:
            inventory = await onvif.keystore.inventory()
            calls = leftovers(inventory, self._case.services.alias_prefix, keep=self._case.alias)
            await carry_out(onvif.keystore, calls, self._case.device.id)

    def _session(self, leaf: str | None) -> AbstractAsyncContextManager[OnvifDevice]:
        return self._case.services.session(self._case.device, leaf, self._case.login)

    async def _leaves(self) -> Leaves:
        candidate = await self._candidate()
        return Leaves(
            old=self._case.install.old or "",
            candidate=self._case.install.candidate or "",
            candidate_key=key_fingerprint(candidate) if candidate else "",
        )

    async def _candidate(self) -> bytes | None:
        if self._case.install.candidate is None:
            return None
        return await self._store.certificate(self._case.install.candidate)

    async def _look_until(self, end: float) -> Seen:
        pause = _SHORTEST_PAUSE
        while True:
            try:
                return await look(self._case.device.host, self._case.device.port or 0, deadline=_LOOK_DEADLINE)
            except DeviceError as error:
                # A web server that restarts refuses, resets, and on some devices speaks nonsense for a moment.
                if self._loop.time() >= end:
                    raise _as_not_back(error) from error
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _still_assigned(self, past: Past) -> bool:
        """Read back whether our path is assigned; where that cannot be read it still may be."""
        try:
            async with self._session(self._case.install.old) as onvif:
                inventory = await onvif.keystore.inventory()
        except DeviceError as error:
            _log.info("%s: assignment not read back: %s", self._case.device.id, error.title)
            return True
        return is_assigned(inventory, past.ours(self._case.alias, await self._candidate()))

    async def _await_old(self, patience: float) -> None:
        end = self._loop.time() + patience
        times = 0
        while times < SURE:
            seen = await self._look_until(end)
            times = times + 1 if seen.fingerprint == self._case.install.old else 0
            if not times and self._loop.time() >= end:
                return
            await asyncio.sleep(_SHORTEST_PAUSE)


async def carry_out(keystore: Keystore, calls: tuple[Call, ...], device: str) -> bool:
    """Make the calls up to a change of the assignment; tell whether there was one. `device` is for the log.

    Raises `DeviceError`, but not where a deletion has nothing to delete or something else came to need the object.
    """
    for call in calls:
        changes_assignment = call.change in _ASSIGNMENTS
        try:
            await _make(keystore, call)
        except (FaultError, UnsupportedError) as error:
            if not _is_harmless(error, changes_assignment):
                raise
            _log.info("%s: %s %s: %s", device, call.change, call.target, error.title)
        if changes_assignment:
            return True
    return False


def _is_harmless(error: FaultError | UnsupportedError, changes_assignment: bool) -> bool:
    """What stays assigned holds all the rest: a refusal to change that is told, not passed over."""
    if isinstance(error, UnsupportedError):
        return not changes_assignment
    return not _GONE.isdisjoint(error.codes) or (_IN_USE in error.codes and not changes_assignment)


async def _make(keystore: Keystore, call: Call) -> None:
    match call.change:
        case Change.REPLACE_ASSIGNMENT:
            await keystore.replace_assignment(call.target, call.instead)
        case Change.REMOVE_ASSIGNMENT:
            await keystore.remove_assignment(call.target)
        case Change.DELETE_PATH:
            await keystore.delete_path(call.target)
        case Change.DELETE_CERTIFICATE:
            await keystore.delete_certificate(call.target)
        case Change.DELETE_KEY:
            await keystore.delete_key(call.target)


def _no_rest() -> TlsFailedError:
    return TlsFailedError(
        "The camera shows different certificates in turn",
        "It has not settled on one of them. Restart the camera; the install is then taken up again by itself.",
    )


def _as_not_back(error: DeviceError) -> DeviceError:
    if isinstance(error, NotReachedError | TlsFailedError):
        return error
    return TlsFailedError(error.title, error.hint)
