"""Commands that only read."""

import asyncio

from core.decide.certificates import describe
from core.engine.arguments import parse_all
from core.engine.preview import Preview
from core.engine.reviews import Reviews
from core.engine.services import Services
from core.model.caller import Caller
from core.model.device import CertificateView
from core.model.errors import RefusedError, UsageError
from core.model.messages import (
    Authority,
    Certificate,
    DeviceDetail,
    Devices,
    Done,
    Events,
    ListDevices,
    LookAt,
    Looks,
    Ping,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    ReviewDevice,
    ShowDevice,
)
from core.model.review import Review

_HISTORY = 20


class Reading:
    """Answers from what the engine knows; only `look_at` asks devices, and changes nothing either."""

    def __init__(self, services: Services, reviews: Reviews) -> None:
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._reviews = reviews
        self._preview = Preview(services)

    async def ping(self, command: Ping, caller: Caller) -> Done:
        """Tell that somebody is here."""
        return Done()

    async def list(self, command: ListDevices, caller: Caller) -> Devices:
        """Return all rows."""
        return Devices(tuple(self._services.board.devices.values()))

    async def show(self, command: ShowDevice, caller: Caller) -> DeviceDetail:
        """Return one row with all that is known of it."""
        view = self._registry.resolve_view(command.device)
        device = self._registry.devices.get(view.id)
        events = await self._store.events(_HISTORY, view.id)
        pin = device.pin if device else None
        return DeviceDetail(
            device=view,
            stored=await self._certificate_view(pin.fingerprint if pin else None),
            presented=await self._certificate_view(device.presented if device else None),
            stored_by=pin.by if pin else "",
            stored_at=pin.at if pin else "",
            install=self._services.board.installs.get(view.id),
            events=tuple(events),
        )

    async def _certificate_view(self, fingerprint: str | None) -> CertificateView | None:
        der = await self._store.certificate(fingerprint) if fingerprint else None
        return describe(der) if der is not None else None

    async def read_events(self, command: ReadEvents, caller: Caller) -> Events:
        """Return the newest events, oldest first."""
        device = self._registry.resolve(command.device).id if command.device else None
        return Events(tuple(await self._store.events(max(1, min(command.limit, 10_000)), device)))

    async def read_certificate(self, command: ReadCertificate, caller: Caller) -> Certificate:
        """Return a raw certificate."""
        device = self._registry.resolve(command.device)
        if command.which not in ("stored", "presented"):
            raise UsageError(f"There is no '{command.which}' certificate", "Ask for 'stored' or 'presented'.")
        stored = device.pin.fingerprint if device.pin else None
        # A device that shows what is stored presents just that.
        wanted = stored if command.which == "stored" else device.presented or stored
        der = await self._store.certificate(wanted) if wanted else None
        if wanted is None or der is None:
            raise RefusedError(f"{device.name} has no certificate stored", "Devices on plain HTTP have none.")
        return Certificate(device.id, wanted, der)

    async def read_authority(self, command: ReadAuthority, caller: Caller) -> Authority:
        """Return the authority's certificate."""
        authority = self._services.authority
        return Authority(describe(authority.der), authority.der, authority.protection)

    async def look_at(self, command: LookAt, caller: Caller) -> Looks:
        """Return what addresses present that may be added."""
        targets = parse_all(command.addresses)
        return Looks(tuple(await asyncio.gather(*(self._preview.look_at(target) for target in targets))))

    async def review(self, command: ReviewDevice, caller: Caller) -> Review:
        """Return both certificates of a device side by side."""
        return await self._reviews.review(self._registry.resolve(command.device))
