"""Ends an install that is in doubt: looks at what the device serves, then adopts it, undoes it, or blocks the device.

The same code ends an install whose last answer was lost and one that a crash of the gateway interrupted; that is why
it starts from the journal and the device, and from nothing that the install kept in memory.
"""

import asyncio
import logging
from collections.abc import Callable

from core.decide.certificates import key_fingerprint
from core.decide.keystore import Call, Change, is_all_there_is, is_assigned, leftovers, take_back
from core.decide.recovery import SURE, SURE_AFTER_TURNS, Leaves, Past, Steadiness, Verdict, judge
from core.engine.case import Case
from core.model.errors import (
    AnswerLostError,
    DeviceError,
    FaultError,
    GarbledError,
    NotReachedError,
    TlsFailedError,
)
from core.network.look import Seen, look
from core.onvif.management import CertificateManagement

_LOOK_DEADLINE = 10.0
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 3.0
# A web server that starts may show a makeshift certificate for a moment.
_PAUSES = {Verdict.ADOPT: 0.2, Verdict.ROLL_BACK: 0.1, Verdict.OWN_VERSION: 1.0, Verdict.BLOCK: 1.0}
_AT = {
    Verdict.ADOPT: "it shows the new certificate; looking a few times more",
    Verdict.WAIT: "it still shows its former certificate",
    Verdict.ROLL_BACK: "it shows its former certificate",
}
# A web server that shows the former certificate and ours in turn is given time to come to rest.
_PAUSE_AFTER_TURNS = 0.5
_MOST_LATE_LOOKS = SURE_AFTER_TURNS + SURE
_FIRST_READ_BACK, _READ_BACK_EVERY = 2.0, 10.0
# What a repeated call meets: its object is gone already, or not assigned any more.
_GONE = frozenset(("KeyID", "CertificateID", "CertificationPathID", "OldCertificationPathID"))
_IN_USE = "ReferenceExists"
_ASSIGNMENT = frozenset((Change.REPLACE_ASSIGNMENT, Change.ADD_ASSIGNMENT, Change.REMOVE_ASSIGNMENT))

_log = logging.getLogger(__name__)


class Settlement:
    """What one install left in doubt."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._loop = asyncio.get_running_loop()

    async def watch(self, patience: float, tell: Callable[[str], None] = lambda _: None) -> tuple[Verdict, Seen]:
        """Look until the device shows several times running what it will stay with; return that and the leaf.

        Waits up to `patience` seconds for a certificate that was assigned, and for a device that does not answer. One
        that goes on showing ever other strange ones is to be blocked. Raises `NotReachedError` or `TlsFailedError` when
        it does not come back, or to rest, in time. `tell` gets what it is at, in words.
        """
        past = await self._case.past()
        leaves = await self._leaves(past)
        start = self._loop.time()
        end = start + patience
        # An upload alone changes what is served on few devices only.
        read_back = start + (min(_FIRST_READ_BACK, patience / 3) if past.assigning else 0.0)
        may_come = past.assigning or past.uploaded
        pause, steadiness, late = _SHORTEST_PAUSE, Steadiness(), 0
        while True:
            seen = await self._look_until(end, tell)
            if self._loop.time() >= end:
                may_come, late = False, late + 1
            elif may_come and leaves.is_former(seen.fingerprint) and self._loop.time() >= read_back:
                may_come = await self._still_assigned(past, seen.fingerprint)
                read_back = self._loop.time() + _READ_BACK_EVERY
            verdict = judge(leaves, seen.fingerprint, key_fingerprint(seen.der), may_come=may_come)
            tell(_AT.get(verdict, ""))
            if steadiness.is_sure(verdict, seen.fingerprint) and verdict is not Verdict.WAIT:
                return verdict, seen
            if late >= _MOST_LATE_LOOKS:
                return _restless(verdict), seen
            pause = min(pause * 1.5, _LONGEST_PAUSE) if verdict is Verdict.WAIT else _PAUSES[verdict]
            await asyncio.sleep(_PAUSE_AFTER_TURNS if steadiness.turns or late else pause)

    async def undo(self, patience: float, leaf: str) -> None:
        """Take back what the install made, over connections bound to the former leaf, or to `leaf`. Safe to repeat.

        Raises `NotReachedError`, `TlsFailedError` or `WrongLeafError` where the device is not there for it now, another
        `DeviceError` where it does not let something be taken back for `patience` seconds.
        """
        past = await self._case.past()
        end, pause = self._loop.time() + patience, _SHORTEST_PAUSE
        while past.touched:
            try:
                if await self._undo_once(past, leaf):
                    return
                unclear: DeviceError = FaultError("What was begun on the device is still in use by it")
            except (AnswerLostError, GarbledError) as error:
                unclear = error
            if self._loop.time() >= end:
                raise unclear
            # Where the assignment was turned back the web server restarts, and only then the rest can be taken away.
            leaf = await self._await_former(end, await self._leaves(past))
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _undo_once(self, past: Past, leaf: str) -> bool:
        """Make the calls up to a change of the assignment; tell whether nothing is left to be done."""
        is_done = True
        ours = past.ours(self._case.alias, await self._candidate())
        async with self._case.session(leaf) as onvif:
            management = onvif.management(past.way)
            inventory = await management.inventory()
            if is_all_there_is(inventory, ours, past.old_path):
                raise FaultError("The camera's former certificate is gone", "What was made in its place is left there.")
            calls = take_back(inventory, ours, past.old_path)
            for call in calls:
                is_done &= await carry_out(management, call, self._case.device.id)
                if call.change in _ASSIGNMENT:
                    return False
        if past.may_be_making and not calls:
            raise FaultError("The camera may keep a certificate of ours, or still be making it")
        return is_done

    async def clean(self, leaf: str) -> None:
        """Clear away what earlier installs of this gateway left, over connections bound to `leaf`."""
        way = (await self._case.past()).way
        async with self._case.session(leaf) as onvif:
            management = onvif.management(way)
            inventory = await management.inventory()
            signed = await self._case.signed_before(inventory)
            for call in leftovers(inventory, self._case.services.alias_prefix, signed, keep=self._case.alias):
                await carry_out(management, call, self._case.device.id)

    async def _leaves(self, past: Past) -> Leaves:
        candidate = await self._candidate()
        return Leaves(
            old=self._case.install.old or "",
            candidate=self._case.install.candidate or "",
            candidate_key=key_fingerprint(candidate) if candidate else "",
            makeshift=past.makeshift,
        )

    async def _candidate(self) -> bytes | None:
        if self._case.install.candidate is None:
            return None
        return await self._case.services.store.certificate(self._case.install.candidate)

    async def _look_until(self, end: float, tell: Callable[[str], None] = lambda _: None) -> Seen:
        pause = _SHORTEST_PAUSE
        while True:
            try:
                return await self._look()
            except DeviceError as error:
                # A web server that restarts refuses, resets, and on some devices speaks nonsense for a moment.
                if self._loop.time() >= end:
                    raise _as_not_back(error) from error
                tell("it does not answer yet")
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _look(self) -> Seen:
        device = self._case.device
        seen = await look(device.host, device.port or 0, legacy=device.weak_tls, deadline=_LOOK_DEADLINE)
        self._case.note_tls(seen)
        return seen

    async def _still_assigned(self, past: Past, leaf: str) -> bool:
        """Read back whether our path is assigned; where that cannot be read it still may be."""
        try:
            async with self._case.session(leaf) as onvif:
                inventory = await onvif.management(past.way).inventory()
        except DeviceError as error:
            _log.info("%s: assignment not read back: %s", self._case.device.id, error.title)
            return True
        return is_assigned(inventory, past.ours(self._case.alias, await self._candidate()))

    async def _await_former(self, end: float, leaves: Leaves) -> str:
        """Look until a former leaf is served again for sure, at the latest until `end`; return the one to expect."""
        leaf, times = leaves.old, 0
        while times < SURE:
            seen = await self._look_until(end)
            times = times + 1 if seen.fingerprint == leaf else 0
            if leaves.is_former(seen.fingerprint):
                leaf = seen.fingerprint
            await asyncio.sleep(_SHORTEST_PAUSE)
            if not times and self._loop.time() >= end:
                break
        return leaf


async def carry_out(management: CertificateManagement, call: Call, device: str) -> bool:
    """Make one call; tell whether its object is gone now, or else in use by something. `device` is for the log.

    Raises `DeviceError`. What stays assigned holds all the rest: that a change of it is refused is not passed over.
    """
    try:
        await _make(management, call)
    except FaultError as error:
        is_gone = not _GONE.isdisjoint(error.codes)
        if not is_gone and (_IN_USE not in error.codes or call.change in _ASSIGNMENT):
            raise
        _log.info("%s: %s %s: %s", device, call.change, call.target, error.title)
        return is_gone
    return True


async def _make(management: CertificateManagement, call: Call) -> None:
    match call.change:
        case Change.REPLACE_ASSIGNMENT:
            await management.replace_assignment(call.target, call.instead)
        case Change.ADD_ASSIGNMENT:
            await management.add_assignment(call.target)
        case Change.REMOVE_ASSIGNMENT:
            await management.remove_assignment(call.target)
        case Change.DELETE_PATH:
            await management.delete_path(call.target)
        case Change.DELETE_CERTIFICATE:
            await management.delete_certificate(call.target)
        case Change.DELETE_KEY:
            await management.delete_key(call.target)


def _restless(verdict: Verdict) -> Verdict:
    """What follows for a device that does not come to rest; between the former certificate and ours it still may."""
    if verdict is not Verdict.BLOCK:
        raise TlsFailedError(
            "The camera shows different certificates in turn",
            "It has not settled on one of them. Restart the camera; the install is then taken up again by itself.",
        )
    return verdict


def _as_not_back(error: DeviceError) -> DeviceError:
    if isinstance(error, NotReachedError | TlsFailedError):
        return error
    return TlsFailedError(error.title, error.hint)
