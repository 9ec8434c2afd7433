"""Follows an added device to its new address, by its pin alone, and tells of what else claims to be it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.decide.following import Tries, places_of
from core.decide.trust import Answer, Health, Looked, Place, home_of, is_away, judge_look, place_under_review
from core.engine.services import Services
from core.engine.work import Work
from core.model.device import Connection
from core.model.errors import DeviceError, NotTlsError, TlsFailedError
from core.model.records import DeviceRecord
from core.network.look import look

FOLLOWED = "followed"

_DEADLINE = 4.0
# Some show a new leaf each time, and each is stored.
_MOST_CLAIMS = 8

Take = Callable[[DeviceRecord, Looked, bytes], Awaitable[None]]


@dataclass
class _Search:
    """The search for one device, from when it is away until it is back.

    `claims` counts other leaves that were seen, `left` is what a device left that was followed to this one's place.
    """

    tries: Tries = field(default_factory=Tries)
    claims: int = 0
    left: tuple[Place, ...] = ()


class Following:
    """Looks for devices that are away. `take` stores what a look showed that a technician has to decide about.

    `changed` is told of blocked devices for whose block there is another reason, as a device was followed.
    """

    def __init__(
        self, services: Services, work: Work, take: Take, changed: Callable[[DeviceRecord], Awaitable[None]]
    ) -> None:
        self._services = services
        self._registry = services.registry
        self._work = work
        self._take = take
        self._changed = changed
        self._searches: dict[str, _Search] = {}

    async def seek(self, device: str, *, at_once: bool = False) -> None:
        """Look at the places where a device may be now, if it is away: a few each time, or all `at_once`.

        The caller sees to it that nobody else looks for this device meanwhile.
        """
        is_claimed = False
        for place, may_claim in self._due(device, at_once=at_once):
            before = self._away(device)
            if before is None:
                return
            looked, der = await look_at(place, _DEADLINE, legacy=before.weak_tls, elsewhere=True)
            if self._away(device) is not before:
                return
            after, _ = self._judge(before, looked)
            if home_of(after) == place:
                await self._follow(before, looked)
                return
            if may_claim and not is_claimed and _shows(after, looked):
                is_claimed = True
                await self._note_claim(before, after, looked, der)
            else:
                self._search_for(device).tries.in_vain(place, _now(), self._services.config.check_period)

    def _due(self, device: str, *, at_once: bool) -> Sequence[tuple[Place, bool]]:
        """Return the places to look at now, each with whether something there claims to be the device."""
        record = self._away(device)
        if record is None:
            self._searches.pop(device, None)
            return ()
        search, devices = self._search_for(device), tuple(self._registry.devices.values())
        taken = {home_of(other) for other in devices if self._health(other).connection is Connection.ONLINE}
        claims = (*self._registry.claims(record), *self._registry.with_its_key(record))
        places = places_of(record, claims, devices, taken, search.left)
        due = places if at_once else search.tries.due(places, _now())
        return [(place, places[place]) for place in due]

    async def _note_claim(self, before: DeviceRecord, after: DeviceRecord, looked: Looked, der: bytes) -> None:
        search = self._search_for(before.id)
        if after != before and search.claims < _MOST_CLAIMS:
            search.claims += 1
            await self._take(before, looked, der)

    async def _follow(self, device: DeviceRecord, looked: Looked) -> None:
        """Move a device to where its pin was seen, and then who stands at the place that it left, if that is one of us.

        So cameras that swapped addresses are followed together, or not at all should this process be killed.
        """
        moves = [(device, looked)]
        while (left := home_of(moves[-1][0])) != looked.place:
            seen, _ = await look_at(left, _DEADLINE, elsewhere=True)
            follower = self._whose(seen, moves)
            if follower is None:
                break
            moves.append((follower, seen))
        await self._move(moves)
        self._remember(looked.place, left)

    def _whose(self, seen: Looked, moves: Sequence[tuple[DeviceRecord, Looked]]) -> DeviceRecord | None:
        known = {device.id for device, _ in moves}
        for device in self._registry.devices.values():
            is_its_pin = device.pin is not None and device.pin.fingerprint == seen.leaf
            if is_its_pin and device.id not in known and self._away(device.id):
                return device if home_of(self._judge(device, seen)[0]) == seen.place else None
        return None

    async def _move(self, moves: Sequence[tuple[DeviceRecord, Looked]]) -> None:
        """Show and store what follows, unless somebody decided about a device meanwhile."""
        judged = [(device, *self._judge(device, looked)) for device, looked in moves if self._away(device.id) is device]
        stored = []
        for before, after, health in judged:
            self._registry.put(after)
            self._registry.set_health(after.id, health)
            self._searches.pop(after.id, None)
            stored.append((after, self._services.event(FOLLOWED, move_in_words(before, after), after)))
        for event in await self._services.store.put_devices(stored):
            self._services.board.add_event(event)
        leaves = {after.pin.fingerprint for _, after, _ in judged if after.pin}
        for other in tuple(self._registry.devices.values()):
            if other.presented in leaves:
                await self._changed(other)

    def _remember(self, taken: Place | None, left: Place) -> None:
        """Whoever was at the place of a device that was followed may be, or come to be, at the one that it left."""
        for device in tuple(self._registry.devices.values()):
            if home_of(device) == taken and self._away(device.id):
                self._search_for(device.id).left = (left,)

    def _away(self, device: str) -> DeviceRecord | None:
        """Return the device where it is away, and nothing else decides about it."""
        record = self._registry.devices.get(device)
        if record is None or self._work.has(device) or not is_away(record, self._health(record)):
            return None
        return record

    def _judge(self, device: DeviceRecord, looked: Looked) -> tuple[DeviceRecord, Health]:
        return judge_look(device, self._health(device), looked, self._registry.pinned(besides=device.id))

    def _health(self, device: DeviceRecord) -> Health:
        return self._registry.health(device.id)

    def _search_for(self, device: str) -> _Search:
        if device not in self._searches:
            self._searches = {
                known: search for known, search in self._searches.items() if known in self._registry.devices
            }
        return self._searches.setdefault(device, _Search())


async def look_at(
    place: Place, deadline: float, *, legacy: bool = False, elsewhere: bool = False
) -> tuple[Looked, bytes]:
    """Return what one look told, at the device's own place or `elsewhere`, and the leaf that was seen, if one was.

    `legacy` is for a device that is known to refuse today's TLS (rule R7).
    """
    at = place if elsewhere else None
    try:
        seen = await look(place.host, place.port, legacy=legacy, deadline=deadline)
    except DeviceError as error:
        kinds = {TlsFailedError: Answer.TLS_FAILED, NotTlsError: Answer.NOT_TLS}
        answer = kinds.get(type(error), Answer.NOTHING)
        return Looked(answer, reason=error.title, hint=error.hint, place=at), b""
    return Looked(Answer.LEAF, seen.fingerprint, seen.tls, seen.weak, place=at), seen.der


def move_in_words(before: DeviceRecord, after: DeviceRecord) -> str:
    """Return what to tell of a device that was followed."""
    return f"followed: from {home_of(before)} to {home_of(after)}, where it shows its stored certificate"


def _shows(device: DeviceRecord, looked: Looked) -> bool:
    """Tell whether that is what a technician has to decide about."""
    return looked.leaf != "" and device.presented == looked.leaf and place_under_review(device) == looked.place


def _now() -> float:
    return asyncio.get_running_loop().time()
