"""What devices are known by. Claims of strangers: they group rows on a screen and prove nothing (rule R29)."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.model.records import DeviceRecord
from core.model.sighting import Kind, Sighting


class Identity(StrEnum):
    """The kinds of identity, strongest first: an endpoint is of the device, a key may be of all that a vendor made."""

    ENDPOINT = "endpoint"
    UDN = "udn"
    MAC = "mac"
    SERIAL = "serial"
    KEY = "key"


Mark = tuple[str, str]
"""One thing to find a device by: a kind of identity, or `address`, and its value."""

Said = tuple[str, tuple[tuple[str, int], ...]]
"""What one source told of ports: its name, and (scheme, port) pairs."""

MOST_NAMES = 4096
"""How many names of hosts are remembered."""

_MAC = re.compile(r"[0-9a-f][02468ace](?::[0-9a-f]{2}){5}")
_SHORTEST_SERIAL = 4
# What stands where nobody wrote a serial number.
_PLACEHOLDERS = frozenset(
    (
        *("unknown", "none", "null", "n/a", "default", "undefined", "not available", "not specified", "empty"),
        *("serial", "serialnumber", "serial number", "to be filled by o.e.m.", "test"),
        *("1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0123456789"),
    )
)


@dataclass(frozen=True, slots=True)
class Found:
    """One row: a device as the discovery sources tell of it.

    `key` is `found:` and the strongest of `identities`, or the address where there is none. `address` is the lowest of
    `addresses`; several mean that the device has more than one, has just moved, or that one of them lies. `ports` are
    of all sources, for HTTPS first, `said` those of each source. `identities` are claimed by no other row; `endpoint`,
    `udn`, `mac` and `leaf_key` are taken from them. All other texts are only what is told.
    """

    key: str
    address: str
    ports: tuple[tuple[str, int], ...] = ()
    path: str = ""
    name: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    endpoint: str = ""
    udn: str = ""
    mac: str = ""
    leaf_key: str = ""
    kind: Kind = Kind.UNKNOWN
    said: tuple[Said, ...] = ()
    sources: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    identities: tuple[Mark, ...] = ()


class Index:
    """Finds whoever has a mark, without asking all of them."""

    def __init__(self) -> None:
        self._marks: dict[str, frozenset[Mark]] = {}
        self._holders: dict[Mark, set[str]] = {}

    def put(self, holder: str, marks: frozenset[Mark] = frozenset()) -> None:
        """Set the marks of one holder; without any it is forgotten."""
        before = self._marks.pop(holder, frozenset())
        for mark in before - marks:
            self._holders[mark].discard(holder)
            if not self._holders[mark]:
                del self._holders[mark]
        for mark in marks - before:
            self._holders.setdefault(mark, set()).add(holder)
        if marks:
            self._marks[holder] = marks

    def find(self, marks: Iterable[Mark]) -> set[str]:
        """Return all that have one of the marks."""
        return {holder for mark in marks for holder in self._holders.get(mark, ())}


class Names:
    """Which addresses the names of hosts stand for, of those that were told last."""

    def __init__(self) -> None:
        self._addresses: dict[str, tuple[str, ...]] = {}

    def put(self, name: str, addresses: tuple[str, ...]) -> None:
        """Take in where a name leads to now."""
        self._addresses.pop(name, None)
        self._addresses[name] = addresses
        if len(self._addresses) > MOST_NAMES:
            del self._addresses[next(iter(self._addresses))]

    def of(self, host: str) -> tuple[str, ...]:
        """Return the addresses; none for what is an address itself."""
        return self._addresses.get(host, ())


def marks_of_row(found: Found) -> frozenset[Mark]:
    """Return what a row is found by: its addresses and identities."""
    return frozenset((*(("address", address) for address in found.addresses), *found.identities))


def marks_of_device(device: DeviceRecord, addresses: Iterable[str] = ()) -> frozenset[Mark]:
    """Return what the row of an added device is found by: its host, endpoint, MAC address, and maker with serial.

    `addresses` are those that its host stands for, where that is a name.
    """
    claimed = {
        Identity.ENDPOINT: usable(Identity.ENDPOINT, device.endpoint),
        Identity.MAC: usable(Identity.MAC, device.mac),
        Identity.SERIAL: with_maker(usable(Identity.SERIAL, device.serial), {maker(device.manufacturer)}),
    }
    places = (("address", address) for address in (device.host, *addresses))
    return frozenset((*places, *(mark for mark in claimed.items() if mark[1])))


def claimed_by(sighting: Sighting) -> dict[Identity, str]:
    """Return the identities that a sighting claims, in one way of writing. The serial is without its maker."""
    texts = {
        Identity.ENDPOINT: sighting.endpoint,
        Identity.UDN: sighting.udn,
        Identity.MAC: sighting.mac,
        Identity.SERIAL: sighting.serial,
        Identity.KEY: sighting.key,
    }
    return {kind: value for kind, text in texts.items() if text and (value := usable(kind, text))}


def usable(kind: Identity, text: str) -> str:
    """Return one way of writing an identity; empty for what is obviously none, such as a serial number `0`."""
    value = text.strip() if kind is Identity.ENDPOINT else text.strip().casefold()
    bare = value.casefold().removeprefix("urn:").removeprefix("uuid:")
    if bare in _PLACEHOLDERS or not set(bare) - set("0-:. ") or not set(bare) - set("f-:"):
        return ""
    if kind is Identity.MAC:
        return value if _MAC.fullmatch(value) else ""
    if kind is Identity.SERIAL and (len(value) < _SHORTEST_SERIAL or len(set(value)) == 1):
        return ""
    return "" if is_address(value) else value


def maker(manufacturer: str) -> str:
    """Return the first word of a manufacturer's name: what follows differs between its own messages."""
    return next(iter(manufacturer.casefold().replace(",", " ").split()), "")


def with_maker(serial: str, makers: set[str]) -> str:
    """Return a serial number with its maker, if just one is known: two makers may well use the same."""
    known = makers - {""}
    return f"{known.pop() if len(known) == 1 else ''}/{serial}" if serial else ""


def is_address(text: str) -> bool:
    """Tell whether a text is an IP address. Only the packet itself tells that of a device (rule R27)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
