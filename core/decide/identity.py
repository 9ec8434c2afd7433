"""Which sightings are one device. Claims of strangers: they group rows on a screen and prove nothing (rule R29).

Two sightings belong together when they came from the same address, or from addresses that claim the same endpoint. An
endpoint counts only while it can be an identity: an address that has claimed more than one, and an endpoint that more
than a few addresses claim, are taken by address alone. So a host that makes up identities stays one row and cannot pull
the rows of others together, and a vendor that gave all its units one UUID hides none of them.

What a row says depends on the newest claim of each source about each address, not on the order in which these came.
"""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import msgspec

from core.model.sighting import Sighting

MOST_ROWS = 4096
_MOST_CLAIMANTS = 4
_MOST_SOURCES = 8
_MOST_PORTS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """One row: a device as the discovery sources tell of it.

    `key` is `found:` and the endpoint, or the address where there is no endpoint to go by. `address` is the lowest of
    `addresses`; several mean that the device has more than one, has just moved, or that one of them lies.
    """

    key: str
    address: str
    ports: tuple[tuple[str, int], ...] = ()
    path: str = ""
    name: str = ""
    model: str = ""
    serial: str = ""
    endpoint: str = ""
    sources: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


@dataclass(slots=True)
class _Record:
    """What is known of one address: the newest claim of each source, and whether it ever changed its endpoint."""

    claims: dict[str, Sighting] = field(default_factory=dict)
    endpoint: str = ""
    many: bool = False
    heard: float = 0.0


class Sightings:
    """All rows, at most `limit` addresses. Beyond that the one unheard for longest goes, unless `keep` holds it.

    `keep` is asked with a row, to hold those of devices that were added. Times are seconds on a clock that the caller
    chooses.
    """

    def __init__(self, limit: int = MOST_ROWS, keep: Callable[[Found], bool] = lambda _: False) -> None:
        self._limit = limit
        self._keep = keep
        self._records: OrderedDict[str, _Record] = OrderedDict()
        self._claimants: dict[str, set[str]] = {}
        self._keys: dict[str, str] = {}
        self._members: dict[str, set[str]] = {}
        self._rows: dict[str, Found] = {}
        self.rows: Mapping[str, Found] = MappingProxyType(self._rows)

    def add(self, sighting: Sighting, now: float = 0.0) -> frozenset[str]:
        """Take in a sighting, a farewell too. Return the keys of rows that came, changed or went; often none."""
        if sighting.gone:
            return self.remove(sighting.address)
        record = self._records.setdefault(sighting.address, _Record())
        self._records.move_to_end(sighting.address)
        record.heard = now
        _note_claim(record, sighting)
        changed = self._note_endpoint(sighting.address, record, sighting.endpoint)
        return frozenset(changed | self._make_room())

    def remove(self, address: str) -> frozenset[str]:
        """Forget what came from `address`. Return the keys of rows that changed or went."""
        record = self._records.pop(address, None)
        if record is None:
            return frozenset()
        return frozenset(self._settle(self._unclaim(address, record) | {address}))

    def expire(self, before: float) -> frozenset[str]:
        """Forget addresses not heard since `before`. Return the keys of rows that changed or went."""
        silent = [address for address, record in self._records.items() if record.heard < before]
        return frozenset().union(*(self.remove(address) for address in silent))

    def _note_endpoint(self, address: str, record: _Record, endpoint: str) -> set[str]:
        touched = {address}
        if endpoint and not _is_address(endpoint) and not record.many:
            if record.endpoint not in ("", endpoint):
                touched |= self._unclaim(address, record)
                record.many = True
            else:
                record.endpoint = endpoint
                touched |= self._claim(address, endpoint)
        return self._settle(touched)

    def _claim(self, address: str, endpoint: str) -> set[str]:
        """Return the addresses whose row may be another one now."""
        claimants = self._claimants.setdefault(endpoint, set())
        if address in claimants:
            return set()
        claimants.add(address)
        # Only the one claim too many turns the others' rows; later ones change nothing for them.
        return set(claimants) if len(claimants) == _MOST_CLAIMANTS + 1 else set()

    def _unclaim(self, address: str, record: _Record) -> set[str]:
        """Return the addresses whose row may be another one now."""
        claimants = self._claimants.get(record.endpoint)
        if claimants is None:
            return set()
        claimants.discard(address)
        if not claimants:
            del self._claimants[record.endpoint]
        record.endpoint = ""
        return set(claimants) if len(claimants) == _MOST_CLAIMANTS else set()

    def _settle(self, addresses: Iterable[str]) -> set[str]:
        """Put each address into the row where it belongs; return the keys of rows that differ from before."""
        keys: set[str] = set()
        for address in addresses:
            keys |= self._move(address)
        return {key for key in keys if self._redraw(key)}

    def _move(self, address: str) -> set[str]:
        old, new = self._keys.pop(address, None), self._key_of(address)
        if old is not None:
            self._members[old].discard(address)
        if new is not None:
            self._keys[address] = new
            self._members.setdefault(new, set()).add(address)
        return {key for key in (old, new) if key is not None}

    def _key_of(self, address: str) -> str | None:
        record = self._records.get(address)
        if record is None:
            return None
        return f"found:{self._identity(record) or address}"

    def _identity(self, record: _Record) -> str:
        few = len(self._claimants.get(record.endpoint, ())) <= _MOST_CLAIMANTS
        return record.endpoint if few else ""

    def _redraw(self, key: str) -> bool:
        before = self._rows.get(key)
        addresses = sorted(self._members.get(key, ()), key=_order)
        if addresses:
            self._rows[key] = self._found(key, addresses)
        else:
            self._members.pop(key, None)
            self._rows.pop(key, None)
        return self._rows.get(key) != before

    def _found(self, key: str, addresses: list[str]) -> Found:
        records = [self._records[address] for address in addresses]
        claims = [record.claims[source] for record in records for source in sorted(record.claims)]
        return Found(
            key=key,
            address=addresses[0],
            ports=tuple(dict.fromkeys(port for claim in claims for port in claim.ports))[:_MOST_PORTS],
            path=_first(claim.path for claim in claims),
            name=_first(claim.name for claim in claims),
            model=_first(claim.model for claim in claims),
            serial=_first(claim.serial for claim in claims),
            endpoint=self._identity(records[0]),
            sources=tuple(sorted({claim.source for claim in claims})),
            addresses=tuple(addresses),
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


def matches(found: Found, host: str, endpoint: str) -> bool:
    """Tell whether a row is about an added device, known by its `host` or, if not empty, its `endpoint`."""
    return host in found.addresses or (endpoint != "" and endpoint == found.endpoint)


def _note_claim(record: _Record, sighting: Sighting) -> None:
    older = record.claims.get(sighting.source)
    if older is None and len(record.claims) >= _MOST_SOURCES:
        return
    record.claims[sighting.source] = _newer(older, sighting) if older else sighting


def _newer(older: Sighting, newer: Sighting) -> Sighting:
    """A Hello may leave out what an answer said (WS-Discovery, 4.1): silence takes nothing back."""
    return msgspec.structs.replace(
        newer,
        ports=newer.ports or older.ports,
        path=newer.path or older.path,
        name=newer.name or older.name,
        model=newer.model or older.model,
        serial=newer.serial or older.serial,
    )


def _first(texts: Iterable[str]) -> str:
    return next(filter(None, texts), "")


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _order(address: str) -> tuple[int, int, str]:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return (0, 0, address)
    return (parsed.version, int(parsed), address)
