"""Where an added device that is away may be now, and when to look there.

Whoever says so on the network is not believed: that only names places to look at, a bounded number each time and each
of them less and less often. What a look shows is judged by `core.decide.trust`.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from itertools import islice

import msgspec

from core.decide.identity import Found
from core.decide.trust import Place, home_of, place_under_review
from core.model.records import DeviceRecord

MOST_LOOKS = 3
"""How many places are looked at for one device at a time."""

LONGEST_BACK_OFF = 16.0
"""How many periods at the most pass between two looks at a place in vain."""

_MOST_PLACES = 16
_MOST_REMEMBERED = 64


def places_of(
    device: DeviceRecord,
    claims: Iterable[Found],
    devices: Iterable[DeviceRecord],
    taken: Collection[Place] = (),
    left: Iterable[Place] = (),
) -> dict[Place, bool]:
    """Return where a device that is away may be, what is known best first; nothing without a pin to know it by.

    That is what is under review, the places of other `devices` that showed its leaf when they were looked at, what the
    device `left` that is at its own place now, and the addresses that claim to be it; True stands with those that are
    claimed. `taken` are places where other devices are at home and online.
    """
    if device.pin is None or device.port is None:
        return {}
    claimed = (place_under_review(device), *_claimed(device, tuple(claims)))
    shown = (home_of(other) for other in devices if _shows_at_home(other, device.pin.fingerprint))
    ordered = dict.fromkeys((claimed[0], *shown, *left, *claimed[1:]))
    free = (place for place in ordered if place != home_of(device) and place not in taken)
    return {place: place in claimed for place in islice(free, _MOST_PLACES)}


def learnt(device: DeviceRecord, found: Found | None) -> DeviceRecord:
    """Return a device that was just seen at home with what its own address announces to know it again by.

    Nothing that is known is replaced, and nothing is learnt where other addresses say that they are the same device.
    """
    if found is None or len(found.addresses) != 1:
        return device
    return msgspec.structs.replace(device, endpoint=device.endpoint or found.endpoint, mac=device.mac or found.mac)


def _shows_at_home(device: DeviceRecord, leaf: str) -> bool:
    return device.presented == leaf and not device.presented_host


def _claimed(device: DeviceRecord, claims: tuple[Found, ...]) -> Iterator[Place]:
    """The port that it had comes first, at each address: what is announced besides could be anything."""
    for found in claims:
        for address in _elsewhere(device, found):
            yield Place(address, device.port or 0)
    for found in claims:
        for address in _elsewhere(device, found):
            for scheme, port in found.ports:
                if scheme == "https":
                    yield Place(address, port)


def _elsewhere(device: DeviceRecord, found: Found) -> list[str]:
    return [address for address in found.addresses if address != device.host]


class Tries:
    """The places that were looked at for one device in vain, and when each is worth another look."""

    def __init__(self) -> None:
        self._tried: OrderedDict[Place, tuple[int, float]] = OrderedDict()

    def due(self, places: Iterable[Place], now: float) -> tuple[Place, ...]:
        """Return the places to look at now, the first `MOST_LOOKS` whose time has come."""
        due = (place for place in places if self._tried.get(place, (0, now))[1] <= now)
        return tuple(due)[:MOST_LOOKS]

    def in_vain(self, place: Place, now: float, period: float) -> None:
        """Look there again later, and each time twice as late."""
        times, _ = self._tried.pop(place, (0, now))
        self._tried[place] = (times + 1, now + period * min(2.0**times, LONGEST_BACK_OFF))
        if len(self._tried) > _MOST_REMEMBERED:
            self._tried.popitem(last=False)
