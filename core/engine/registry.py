"""All devices of the site, added or only found, kept in step with what the clients see."""

import asyncio
from collections.abc import Collection, Iterable

import msgspec

from core.decide.acts import by_whom
from core.decide.addresses import show_address
from core.decide.certificates import describe
from core.decide.expiry import expiry
from core.decide.identity import Found, Index, Mark, Names, marks_of_device, marks_of_row
from core.decide.old_tls import weak_tls
from core.decide.rows import Sightings
from core.decide.trust import Health, first_health
from core.decide.views import Live, added_view, found_view
from core.engine.board import Board
from core.engine.clock import now, stamp
from core.model.device import Attention, AttentionKind, CertificateView, DeviceView, Origin
from core.model.errors import RefusedError, UnknownDeviceError
from core.model.messages import Event
from core.model.records import DeviceRecord
from core.model.sighting import Sighting
from core.model.text import clean


class Registry:
    """Devices by id. Whatever changes here is on the board at once."""

    def __init__(self, board: Board, expiry_notice: int) -> None:
        self._board = board
        self._expiry_notice = expiry_notice
        self._changes: dict[str, str] = {}
        self._sightings = Sightings(keep=lambda found: bool(self._added(found)))
        self._index = Index()
        self._pins = Index()
        self._hosts = Names()
        self._told: dict[str, set[str]] = {}
        self._live: dict[str, Live] = {}
        self._certificates: dict[str, CertificateView] = {}
        self._named: set[str] = set()
        self.devices: dict[str, DeviceRecord] = {}

    def load(self, devices: Iterable[DeviceRecord], certificates: Iterable[bytes]) -> None:
        """Take over what the store holds; `certificates` are the pinned ones, raw."""
        for der in certificates:
            self.learn(der)
        for device in devices:
            self.put(device)

    def learn(self, der: bytes) -> CertificateView:
        """Remember what can be shown of a certificate that may be stored for a device."""
        view = describe(der)
        self._certificates[view.fingerprint] = view
        return view

    def put(self, device: DeviceRecord) -> None:
        """Add a device or replace what is known of it."""
        known = self.devices.get(device.id)
        if known is not None and _presented(known) != _presented(device):
            self._changes.pop(device.id, None)
        self.devices[device.id] = device
        before = () if known is None else self.claims(known)
        self._index.put(device.id, self._marks(device))
        self._pins.put(device.id, _pin(device))
        if device.id not in self._live:
            self._live[device.id] = Live(first_health(device), stamp())
        self._show(device.id)
        if known is None or self._marks(known) != self._marks(device):
            self._show_found({found.key for found in (*before, *self.claims(device))})

    def remove(self, device: str) -> None:
        """Forget a device; where it is still heard, it is a found one again."""
        self._changes.pop(device, None)
        rows = self.claims(self.devices[device])
        del self.devices[device], self._live[device]
        self._index.put(device)
        self._pins.put(device)
        self._board.drop(device)
        self._show_found(found.key for found in rows)

    def health(self, device: str) -> Health:
        """Return what is known of an added device's connection."""
        return self._live[device].health

    def set_health(self, device: str, health: Health, *, checked: bool = True) -> None:
        """Show a new state of the connection; `checked` when it comes from a look just now."""
        live, at = self._live[device], stamp()
        since = live.since if live.health.connection is health.connection else at
        last_check = at if checked else live.last_check
        self._live[device] = msgspec.structs.replace(live, health=health, since=since, last_check=last_check)
        self._show(device)

    def set_step(self, device: str, step: int | None, steps: int | None) -> None:
        """Show which step of an install is under way, None when none is."""
        live = self._live[device]
        if (live.step, live.steps) != (step, steps):
            self._live[device] = Live(live.health, live.since, step, steps, live.last_check)
            self._show(device)

    def is_explained(self, device: DeviceRecord) -> bool:
        """Whether it is shown why the device shows another certificate, if it does."""
        return device.presented is None or device.id in self._changes

    def set_change(self, device: str, why: str) -> None:
        """Show why a device probably shows another certificate than the stored one, unless it was removed meanwhile."""
        if device in self.devices:
            self._changes[device] = why
            self._show(device)

    def hear(self, sighting: Sighting) -> None:
        """Take in what a discovery source heard."""
        self._show_found(self._sightings.add(sighting, asyncio.get_running_loop().time()))

    def repeat(self, sighting: Sighting) -> bool:
        """Keep what was heard before for longer; tell whether its source has said nothing else since."""
        return self._sightings.repeat(sighting, asyncio.get_running_loop().time())

    def expire(self, before: float) -> None:
        """Forget what was not heard since `before`, in the loop's time."""
        self._show_found(self._sightings.expire(before))

    def locate(self, name: str, addresses: tuple[str, ...]) -> None:
        """Take in which addresses the name of a host stands for now."""
        named = [device for device in self.devices.values() if device.host == name]
        rows = [row for device in named for row in self.claims(device)]
        self._hosts.put(name, addresses)
        for device in named:
            self._index.put(device.id, self._marks(device))
            self._show(device.id)
            rows += self.claims(device)
        self._show_found({row.key for row in rows})

    def found(self, host: str) -> Found | None:
        """Return what discovery says of the device at `host`."""
        rows = (self._sightings.at(address) for address in (host, *self._hosts.of(host)))
        return next(filter(None, rows), None)

    def announced(self, host: str) -> frozenset[int]:
        """Return the ports of `host` that are announced for HTTPS."""
        found = self.found(host)
        return frozenset(port for scheme, port in found.ports if scheme == "https") if found else frozenset()

    def claims(self, device: DeviceRecord) -> tuple[Found, ...]:
        """Return all that discovery takes for this device, what is at its own address first."""
        return self._sightings.of(device, self._hosts.of(device.host))

    def with_its_key(self, device: DeviceRecord) -> tuple[Found, ...]:
        """Return the rows, of nothing that was added, that showed the key of the device's stored certificate."""
        stored = self._certificates.get(device.pin.fingerprint) if device.pin else None
        if stored is None or not stored.key_fingerprint:
            return ()
        rows = (row for row in self._sightings.rows.values() if row.leaf_key == stored.key_fingerprint)
        return tuple(row for row in rows if not self._added(row))

    def take_named(self) -> set[str]:
        """Return the added devices that discovery told something new of since this was asked last."""
        named, self._named = self._named, set()
        return named

    def pinned(self, *, besides: str) -> frozenset[str]:
        """Return the leaves that all other devices are pinned to."""
        return frozenset(
            device.pin.fingerprint for device in self.devices.values() if device.pin and device.id != besides
        )

    def made_for(self, leaf: str, *, besides: str) -> DeviceRecord | None:
        """Return the other device that this leaf was signed for, and no other one can show."""
        others = (self.devices[device] for device in self._pins.find([("pin", leaf)]) - {besides})
        return next((device for device in others if device.pin and device.pin.origin is Origin.ISSUED), None)

    def count_by(self, source: str) -> int:
        """Return of how many devices a source tells now."""
        return sum(source in found.sources for found in self._sightings.rows.values())

    def at(self, host: str, port: int | None) -> list[DeviceRecord]:
        """Return the devices that were added with this host, and with this port where both are known."""
        return [
            device
            for device in self.devices.values()
            if device.host == host and (port is None or device.port in (None, port))
        ]

    def resolve(self, text: str) -> DeviceRecord:
        """Return the added device with this id, name or address. Raises `RefusedError`."""
        views = [self._board.devices[device] for device in self.devices]
        return self.devices[_meant(text, views, self).id]

    def resolve_view(self, text: str) -> DeviceView:
        """Return the row, added or found, with this id, name or address. Raises `RefusedError`."""
        return _meant(text, self._board.devices.values(), self)

    def became(self, row: str) -> DeviceRecord | None:
        """Return the added device that a found row is of now, if it is."""
        found = self._sightings.rows.get(row)
        return next((self.devices[device] for device in self._added(found)), None) if found else None

    def _show(self, device: str) -> None:
        record = self.devices[device]
        certificate = self._certificates.get(record.pin.fingerprint) if record.pin else None
        ends = expiry(certificate.not_after, now(), self._expiry_notice) if certificate else None
        twins = self._pins.find(_pin(record)) - {device}
        shared = _same_certificate(self.devices[min(twins)]) if twins else None
        notes = tuple(filter(None, (ends, shared, weak_tls(record))))
        view = added_view(
            record, self._live[device], certificate, self.claims(record), notes, self._hosts.of(record.host)
        )
        change = self._changes.get(device) if record.presented else None
        self._board.put(msgspec.structs.replace(view, change=change))

    def _show_found(self, keys: Iterable[str]) -> None:
        for key in tuple(keys):
            found = self._sightings.rows.get(key)
            added = self._added(found) if found else set()
            if found is None or added:
                self._board.drop(key)
            else:
                self._board.put(found_view(found))
            self._named |= added
            # A row that is not about a device any more leaves nothing in that one's view.
            for device in (added | self._told.pop(key, set())) & self.devices.keys():
                self._show(device)
            if added:
                self._told[key] = added

    def _added(self, found: Found) -> set[str]:
        return self._index.find(marks_of_row(found))

    def _marks(self, device: DeviceRecord) -> frozenset[Mark]:
        return marks_of_device(device, self._hosts.of(device.host))


def _same_certificate(other: DeviceRecord) -> Attention:
    """A certificate that several devices share proves nothing about which of them answers."""
    return Attention(
        AttentionKind.SAME_CERTIFICATE,
        f"Same certificate as {other.name} ({other.host})",
        "It proves nothing about which of them answers. Give each a certificate of its own.",
    )


def _pin(device: DeviceRecord) -> frozenset[Mark]:
    return frozenset((("pin", device.pin.fingerprint),) if device.pin else ())


def _presented(device: DeviceRecord) -> tuple[object, ...]:
    return device.presented, device.presented_host, device.presented_port


def _meant(text: str, views: Collection[DeviceView], registry: Registry) -> DeviceView:
    for view in views:
        if view.id == text:
            return view
    folded = text.casefold()
    by_name = [view for view in views if folded in _names(view)]
    # What is only found may call itself by any name.
    candidates = [view for view in by_name if view.id in registry.devices] or by_name
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        listed = ", ".join(f"{view.id} ({view.address})" for view in candidates[:5])
        raise RefusedError(f"'{text}' is the name of {len(candidates)} devices", f"Use an id: {listed}.")
    raise _unknown(text, registry.became(text), registry._board.removal(text))


def _unknown(text: str, added: DeviceRecord | None, removal: Event | None) -> UnknownDeviceError:
    """There is none; where there was one until somebody added what was found, or removed it, that is told."""
    if added is not None:
        told = by_whom(added.added_by, added.added_at, now())
        return UnknownDeviceError(f"{added.name} was added {told}", f"Its row is another one now: {added.id}.")
    if removal is not None:
        told = by_whom(removal.who, removal.at, now())
        return UnknownDeviceError(f"{removal.name} was removed {told}", "Its history stays. To have it again, add it.")
    return UnknownDeviceError(
        f"There is no device '{clean(text)}'", "camtrust list shows the ids, names and addresses."
    )


def _names(view: DeviceView) -> set[str]:
    addresses = {view.address, view.host, show_address(view.host, view.port)}
    return {name.casefold() for name in (view.name, *addresses)}
