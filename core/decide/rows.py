"""All that the discovery sources tell, as rows: one for each device.

What a row says depends on the newest claim of each source about each address, not on the order in which these came. An
address that claims different identities of a kind, at once or one after the other, has none of that kind until only one
of them has been heard for as long as claims are kept. So a host that makes up identities stays one row.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from core.decide.grouping import Groups
from core.decide.identity import (
    Found,
    Identity,
    Index,
    Said,
    claimed_by,
    is_address,
    maker,
    marks_of_device,
    marks_of_row,
    with_maker,
)
from core.model.records import DeviceRecord
from core.model.sighting import Kind, Sighting

MOST_ROWS = 4096
_MOST_SOURCES = 8
_MOST_PORTS = 8

# Whose word goes first, where several tell; all others come between.
_FIRST, _LAST = ("WS-Discovery", "mDNS"), ("SSDP",)
_ANOTHER_DEVICE = ("endpoint", "udn", "mac")
_TEXTS = ("ports", "path", "name", "manufacturer", "model", "serial", "udn", "mac", "key", "endpoint")


@dataclass(slots=True)
class _Claim:
    """The newest word of one source about one address."""

    sighting: Sighting
    identities: dict[Identity, str]
    heard: float


@dataclass(slots=True)
class _Record:
    """What is known of one address. `replaced` is when an identity was last heard that its source gave up since."""

    claims: dict[str, _Claim] = field(default_factory=dict)
    replaced: dict[Identity, float] = field(default_factory=dict)

    def note(self, sighting: Sighting, now: float) -> bool:
        """Take in what a source says; tell whether it is anything new."""
        older = self.claims.get(sighting.source)
        if older is None:
            if len(self.claims) >= _MOST_SOURCES:
                return False
            self.claims[sighting.source] = _Claim(sighting, claimed_by(sighting), now)
            return True
        newer = _newer(older.sighting, sighting)
        if newer == older.sighting:
            older.heard = now
            return False
        identities = claimed_by(newer)
        for kind, value in older.identities.items():
            if identities.get(kind) != value:
                self.replaced[kind] = max(older.heard, self.replaced.get(kind, older.heard))
        self.claims[sighting.source] = _Claim(newer, identities, now)
        return True

    def forget(self, before: float) -> bool:
        """Drop what was not heard since `before`; tell whether that was anything."""
        aged = [source for source, claim in self.claims.items() if claim.heard < before]
        settled = [kind for kind, heard in self.replaced.items() if heard < before]
        for source in aged:
            del self.claims[source]
        for kind in settled:
            del self.replaced[kind]
        return bool(aged or settled)

    def identities(self) -> dict[Identity, str]:
        """Return the one identity of each kind, if there is just one."""
        values: dict[Identity, set[str]] = {}
        for claim in self.claims.values():
            for kind, value in claim.identities.items():
                values.setdefault(kind, set()).add(value)
        single = {kind: found.pop() for kind, found in values.items() if len(found) == 1 and kind not in self.replaced}
        if Identity.SERIAL in single:
            makers = {maker(claim.sighting.manufacturer) for claim in self.claims.values()}
            single[Identity.SERIAL] = with_maker(single[Identity.SERIAL], makers)
        return single

    def told(self) -> list[Sighting]:
        return [self.claims[source].sighting for source in sorted(self.claims, key=_rank)]


class Sightings:
    """All rows, at most `limit` addresses. Beyond that the one unheard for longest goes, unless `keep` holds it.

    `keep` is asked with a row, to hold those of devices that were added. Times are seconds on a clock that the caller
    chooses and that does not go back.
    """

    def __init__(self, limit: int = MOST_ROWS, keep: Callable[[Found], bool] = lambda _: False) -> None:
        self._limit = limit
        self._keep = keep
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._groups = Groups()
        self._keys: dict[str, str] = {}
        self._rows: dict[str, Found] = {}
        self._index = Index()
        self.rows: Mapping[str, Found] = MappingProxyType(self._rows)

    def add(self, sighting: Sighting, now: float = 0.0) -> frozenset[str]:
        """Take in a sighting, a farewell too. Return the keys of rows that came, changed or went; often none."""
        if sighting.gone:
            return self.remove(sighting.address)
        record = self._records.get(sighting.address)
        if record is None:
            record = self._records[sighting.address] = _Record()
        self._records.move_to_end(sighting.address)
        if not record.note(sighting, now):
            return frozenset()
        changed = self._settle(self._groups.put(sighting.address, record.identities()))
        return frozenset(changed | self._make_room())

    def repeat(self, sighting: Sighting, now: float) -> bool:
        """Keep what a source said as if it were heard again; tell whether it still says so, and nothing else."""
        record = self._records.get(sighting.address)
        claim = record.claims.get(sighting.source) if record else None
        if claim is None or _newer(claim.sighting, sighting) != claim.sighting:
            return False
        claim.heard = now
        self._records.move_to_end(sighting.address)
        return True

    def remove(self, address: str) -> frozenset[str]:
        """Forget what came from `address`. Return the keys of rows that changed or went."""
        if self._records.pop(address, None) is None:
            return frozenset()
        return frozenset(self._settle(self._groups.put(address, {})))

    def expire(self, before: float) -> frozenset[str]:
        """Forget what no source has repeated since `before`. Return the keys of rows that changed or went."""
        aged = [(address, record) for address, record in self._records.items() if record.forget(before)]
        touched: set[str] = set()
        for address, record in aged:
            if not record.claims:
                del self._records[address]
            touched |= self._groups.put(address, record.identities())
        return frozenset(self._settle(touched))

    def at(self, address: str) -> Found | None:
        """Return the row of an address, with what is said there before what is said at the others that claim the same.

        So nobody sends the gateway to other ports by claiming to be a device (rule R27).
        """
        key = self._keys.get(address)
        if key is None:
            return None
        row = self._rows[key]
        return row if row.address == address else self._draw(frozenset(row.addresses), address)

    def of(self, device: DeviceRecord, addresses: Sequence[str] = ()) -> tuple[Found, ...]:
        """Return the rows that say that they are about an added device, the one at its own address first.

        `addresses` are those that its host stands for, where that is a name.
        """
        keys = self._index.find(marks_of_device(device, addresses))
        here = next(filter(None, map(self.at, (device.host, *addresses))), None)
        elsewhere = [self._rows[key] for key in keys if here is None or key != here.key]
        elsewhere.sort(key=lambda row: _order(row.address))
        return (*filter(None, (here,)), *elsewhere)

    def _settle(self, touched: set[str]) -> set[str]:
        """Draw the rows of these addresses anew; return the keys of those that differ from before."""
        grouped = self._grouped(touched)
        drawn = {found.key: found for found in map(self._draw, set(grouped.values()))}
        stale = {self._keys.pop(address) for address in touched if address in self._keys}
        self._keys.update((address, found.key) for found in drawn.values() for address in found.addresses)
        changed = {key for key in stale | drawn.keys() if self._rows.get(key) != drawn.get(key)}
        for key in changed:
            self._show(key, drawn.get(key))
        return changed

    def _grouped(self, touched: set[str]) -> dict[str, frozenset[str]]:
        grouped: dict[str, frozenset[str]] = {}
        for address in touched & self._records.keys():
            if address not in grouped:
                group = self._groups.of(address)
                grouped.update(dict.fromkeys(group, group))
        return grouped

    def _show(self, key: str, found: Found | None) -> None:
        if found is None:
            self._rows.pop(key, None)
            self._index.put(key)
        else:
            self._rows[key] = found
            self._index.put(key, marks_of_row(found))

    def _draw(self, group: frozenset[str], first: str = "") -> Found:
        """`first` is the address to draw it from, else the one that others can reach it by."""
        addresses = sorted(group, key=lambda one: (one != first, _order(one))) if len(group) > 1 else list(group)
        by_address = [self._records[address].told() for address in addresses]
        claims = [claim for told in by_address for claim in told]
        own = self._groups.own(group)
        best = dict(reversed(own))
        said = _said(claims)
        return Found(
            key=f"found:{':'.join(own[0]) if own else addresses[0]}",
            address=addresses[0],
            ports=_merged(by_address),
            path=_first(claim.path for claim in claims),
            name=_first(claim.name for claim in claims),
            manufacturer=_first(claim.manufacturer for claim in claims),
            model=_first(claim.model for claim in claims),
            serial=_first(claim.serial for claim in claims),
            endpoint=best.get(Identity.ENDPOINT, ""),
            udn=best.get(Identity.UDN, ""),
            mac=best.get(Identity.MAC, ""),
            leaf_key=best.get(Identity.KEY, ""),
            kind=_kind({claim.kind for claim in claims}),
            said=said,
            sources=tuple(source for source, _ in said),
            addresses=tuple(addresses),
            identities=own,
        )

    def _make_room(self) -> set[str]:
        changed: set[str] = set()
        for _ in range(len(self._records)):
            if len(self._records) <= self._limit:
                break
            oldest = next(iter(self._records))
            if self._keep(self._rows[self._keys[oldest]]):
                self._records.move_to_end(oldest)
            else:
                changed |= self.remove(oldest)
        return changed


def _newer(older: Sighting, newer: Sighting) -> Sighting:
    """A Hello may leave out what an answer said (WS-Discovery, 4.1): silence takes nothing back.

    Another endpoint, say, is another device, of which nothing was said before. The interface does not tell them apart.
    """
    if any("" != getattr(newer, name) != getattr(older, name) != "" for name in _ANOTHER_DEVICE):
        return msgspec.structs.replace(newer, interface=older.interface)
    said = {name: getattr(newer, name) or getattr(older, name) for name in _TEXTS}
    kind = older.kind if newer.kind is Kind.UNKNOWN else newer.kind
    return msgspec.structs.replace(newer, interface=older.interface, kind=kind, **said)


def _said(claims: Iterable[Sighting]) -> tuple[Said, ...]:
    ports: dict[str, dict[tuple[str, int], None]] = {}
    for claim in claims:
        ports.setdefault(claim.source, {}).update(dict.fromkeys(claim.ports))
    return tuple((source, tuple(ports[source])[:_MOST_PORTS]) for source in sorted(ports))


def _merged(by_address: Iterable[Sequence[Sighting]]) -> tuple[tuple[str, int], ...]:
    """Each address names a port in turn, so that none of them crowds out the others."""
    turns: list[tuple[int, tuple[str, int]]] = []
    for claims in by_address:
        ports = dict.fromkeys(port for claim in claims for port in claim.ports)
        turns += enumerate(sorted(ports, key=_is_plain))
    turns.sort(key=lambda turn: (_is_plain(turn[1]), turn[0]))
    return tuple(dict.fromkeys(port for _, port in turns))[:_MOST_PORTS]


def _is_plain(port: tuple[str, int]) -> bool:
    return port[0] != "https"


def _kind(kinds: set[Kind]) -> Kind:
    return next((kind for kind in (Kind.CAMERA, Kind.OTHER) if kind in kinds), Kind.UNKNOWN)


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _rank(source: str) -> tuple[int, str]:
    if source in _FIRST:
        return _FIRST.index(source), source
    return len(_FIRST) + (source in _LAST), source


def _order(address: str) -> tuple[int, bool, int, str]:
    """The address that others can reach it by comes first: IPv4, and none that holds on one cable only."""
    if not is_address(address):
        return 0, False, 0, address
    parsed = ipaddress.ip_address(address)
    return parsed.version, parsed.is_link_local, int(parsed), address
