"""All devices of the site, added or only found, kept in step with what the clients see."""

import asyncio
from collections.abc import Iterable

import msgspec

from core.decide.addresses import show_address
from core.decide.certificates import describe
from core.decide.expiry import expiry
from core.decide.identity import Found, Sightings, matches
from core.decide.trust import Health, first_health
from core.decide.views import Live, added_view, found_view
from core.engine.board import Board
from core.engine.clock import now, stamp
from core.model.device import Attention, AttentionKind, CertificateView, DeviceView
from core.model.errors import RefusedError
from core.model.records import DeviceRecord
from core.model.sighting import Sighting


class Registry:
    """Devices by id. Whatever changes here is on the board at once."""

    def __init__(self, board: Board, expiry_notice: int) -> None:
        self._board = board
        self._expiry_notice = expiry_notice
        self._changes: dict[str, str] = {}
        self._sightings = Sightings(keep=lambda found: self._added(found) is not None)
        self._live: dict[str, Live] = {}
        self._certificates: dict[str, CertificateView] = {}
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
        if known is not None and known.presented != device.presented:
            self._changes.pop(device.id, None)
        self.devices[device.id] = device
        if device.id not in self._live:
            self._live[device.id] = Live(first_health(device), stamp())
        self._show(device.id)
        if known is None:
            self._show_found(self._sightings.rows)

    def remove(self, device: str) -> None:
        """Forget a device; where it is still heard, it is a found one again."""
        self._changes.pop(device, None)
        del self.devices[device], self._live[device]
        self._board.drop(device)
        self._show_found(self._sightings.rows)

    def health(self, device: str) -> Health:
        """Return what is known of an added device's connection."""
        return self._live[device].health

    def set_health(self, device: str, health: Health, *, checked: bool = True) -> None:
        """Show a new state of the connection; `checked` when it comes from a look just now."""
        live, at = self._live[device], stamp()
        self._live[device] = Live(
            health=health,
            since=live.since if live.health.connection is health.connection else at,
            step=live.step,
            steps=live.steps,
            last_check=at if checked else live.last_check,
        )
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

    def expire(self, before: float) -> None:
        """Forget what was not heard since `before`, in the loop's time."""
        self._show_found(self._sightings.expire(before))

    def found(self, host: str, endpoint: str = "") -> Found | None:
        """Return what discovery says of the device at `host`."""
        return next((found for found in self._sightings.rows.values() if matches(found, host, endpoint)), None)

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
        return self.devices[self._resolve(text, only_added=True).id]

    def resolve_view(self, text: str) -> DeviceView:
        """Return the row, added or found, with this id, name or address. Raises `RefusedError`."""
        return self._resolve(text, only_added=False)

    def _resolve(self, text: str, *, only_added: bool) -> DeviceView:
        views = [view for view in self._board.devices.values() if view.id in self.devices or not only_added]
        exact = [view for view in views if view.id == text]
        by_name = [view for view in views if text.casefold() in _names(view)]
        # What is only found may call itself by any name.
        added = [view for view in by_name if view.id in self.devices]
        candidates = exact or added or by_name
        if len(candidates) == 1:
            return candidates[0]
        if candidates:
            listed = ", ".join(f"{view.id} ({view.address})" for view in candidates[:5])
            raise RefusedError(f"'{text}' is the name of {len(candidates)} devices", f"Use an id: {listed}.")
        raise RefusedError(f"There is no device '{text}'", "camtrust list shows the ids, names and addresses.")

    def _show(self, device: str) -> None:
        record = self.devices[device]
        certificate = self._certificates.get(record.pin.fingerprint) if record.pin else None
        found = self.found(record.host, record.endpoint)
        notes = tuple(filter(None, (self._expiry(certificate), self._twin(record))))
        view = added_view(record, self._live[device], certificate, found, notes)
        change = self._changes.get(device) if record.presented else None
        self._board.put(msgspec.structs.replace(view, change=change))

    def _expiry(self, certificate: CertificateView | None) -> Attention | None:
        return expiry(certificate.not_after, now(), self._expiry_notice) if certificate else None

    def _twin(self, device: DeviceRecord) -> Attention | None:
        """A certificate that several devices share proves nothing about which of them answers."""
        for other in self.devices.values():
            if device.pin and other.pin and other.id != device.id and other.pin.fingerprint == device.pin.fingerprint:
                return Attention(
                    AttentionKind.SAME_CERTIFICATE,
                    f"Same certificate as {other.name} ({other.host})",
                    "It proves nothing about which of them answers. Give each a certificate of its own.",
                )
        return None

    def _show_found(self, keys: Iterable[str]) -> None:
        for key in tuple(keys):
            found = self._sightings.rows.get(key)
            added = self._added(found) if found else None
            if found is None or added is not None:
                self._board.drop(key)
            else:
                self._board.put(found_view(found))
            if added is not None:
                self._show(added)

    def _added(self, found: Found) -> str | None:
        for device in self.devices.values():
            if matches(found, device.host, device.endpoint):
                return device.id
        return None


def _names(view: DeviceView) -> set[str]:
    addresses = {view.address, view.host, show_address(view.host, view.port)}
    return {name.casefold() for name in (view.name, *addresses)}
