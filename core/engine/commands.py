"""What clients ask for, one method a command. Roles were checked before they get here."""

import asyncio
import re
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from core.decide.addresses import Target, parse_address, show_address
from core.engine.clock import stamp
from core.engine.preview import Preview
from core.engine.reviews import Reviews
from core.engine.services import Services
from core.engine.watch import Watch
from core.engine.work import Work
from core.model.caller import Caller
from core.model.device import CertificateField, CertificateView
from core.model.errors import RefusedError, UsageError
from core.model.messages import (
    AcceptCertificate,
    AddDevices,
    Added,
    AnyCommand,
    AnyResult,
    Authority,
    CancelInstall,
    Certificate,
    CheckDevices,
    Command,
    DeviceDetail,
    Devices,
    Done,
    Events,
    ListDevices,
    LookAt,
    Looks,
    ReadAuthority,
    ReadCertificate,
    ReadEvents,
    ReissueCertificate,
    RemoveDevice,
    ReplaceDevice,
    Rescan,
    ReviewDevice,
    ShowDevice,
    StopEngine,
)
from core.model.records import DeviceRecord, InstallRequest, Login, Purpose
from core.model.review import Review

_MOST_ADDRESSES = 1000
_RESOLVE_DEADLINE = 5.0
_HISTORY = 20
_LONGEST_NAME = 64
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

Handler = Callable[[Any, Caller], Coroutine[Any, Any, AnyResult]]


class Commands:
    """Answers commands. `rescan` asks the sources again, `stop` ends the engine."""

    def __init__(
        self,
        services: Services,
        work: Work,
        watch: Watch,
        reviews: Reviews,
        *,
        rescan: Callable[[], None],
        stop: Callable[[], None],
    ) -> None:
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._work = work
        self._watch = watch
        self._reviews = reviews
        self._rescan = rescan
        self._stop = stop
        self._preview = Preview(services)
        self._handlers: Mapping[type[Command], Handler] = {
            ListDevices: self._list,
            ShowDevice: self._show,
            ReadEvents: self._read_events,
            ReadCertificate: self._read_certificate,
            ReadAuthority: self._read_authority,
            LookAt: self._look_at,
            AddDevices: self._add,
            ReviewDevice: self._review,
            AcceptCertificate: self._accept,
            ReplaceDevice: self._replace,
            ReissueCertificate: self._reissue,
            CheckDevices: self._check,
            CancelInstall: self._cancel,
            RemoveDevice: self._remove,
            Rescan: self._scan,
            StopEngine: self._stop_engine,
        }

    async def handle(self, command: AnyCommand, caller: Caller) -> AnyResult:
        """Carry out one command. Raises `CamtrustError` where it is not done."""
        return await self._handlers[type(command)](command, caller)

    async def _list(self, command: ListDevices, caller: Caller) -> Devices:
        return Devices(tuple(self._services.board.devices.values()))

    async def _show(self, command: ShowDevice, caller: Caller) -> DeviceDetail:
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
        return self._registry.learn(der) if der is not None else None

    async def _read_events(self, command: ReadEvents, caller: Caller) -> Events:
        device = self._registry.resolve(command.device).id if command.device else None
        return Events(tuple(await self._store.events(max(1, min(command.limit, 10_000)), device)))

    async def _read_certificate(self, command: ReadCertificate, caller: Caller) -> Certificate:
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

    async def _read_authority(self, command: ReadAuthority, caller: Caller) -> Authority:
        authority = self._services.authority
        return Authority(self._registry.learn(authority.der), authority.der, authority.protection)

    async def _look_at(self, command: LookAt, caller: Caller) -> Looks:
        targets = _parse(command.addresses)
        return Looks(tuple(await asyncio.gather(*(self._preview.look_at(target) for target in targets))))

    async def _add(self, command: AddDevices, caller: Caller) -> Added:
        targets = _parse(command.addresses)
        expect = _expected(command, targets)
        await asyncio.gather(*(_resolve(target) for target in targets))
        known = [self._registry.at(target.host, target.port) for target in targets]
        for device in filter(None, known):
            self._refuse_if_settled(device)
        login = _login(command)
        added = []
        for target, text, old in zip(targets, command.addresses, known, strict=True):
            request = InstallRequest(
                address=text.strip(),
                by=caller.user,
                allow_http_login=command.allow_http_login,
                expect=expect,
                patience=command.patience,
            )
            device = old or self._new_device(target, command.name, caller)
            await self._begin(device, request, login)
            added.append(self._services.board.devices[device.id])
        return Added(tuple(added))

    def _refuse_if_settled(self, device: DeviceRecord) -> None:
        view = self._services.board.devices[device.id]
        if self._work.has(device.id):
            raise RefusedError(f"{device.name} is being added already", "Wait until its install is finished.")
        if device.presented or view.certificate_field is CertificateField.ARCULES:
            raise RefusedError(
                f"{device.name} at {view.address} is added already: {view.attention or view.certificate_field}",
                f"camtrust show {device.id} tells more. To begin anew, remove it first.",
            )

    def _new_device(self, target: Target, name: str | None, caller: Caller) -> DeviceRecord:
        found = self._registry.found(target.host)
        wanted = (name or "").strip()
        if len(wanted) > _LONGEST_NAME or not wanted.isprintable():
            raise UsageError(f"The name is not usable: {wanted[:80]!r}", f"At most {_LONGEST_NAME} printable letters.")
        return DeviceRecord(
            id=secrets.token_hex(4),
            name=wanted or (found.name or found.model if found else "") or target.host,
            host=target.host,
            port=target.port,
            scheme="",
            endpoint=found.endpoint if found else "",
            added_at=stamp(),
            added_by=caller.user,
        )

    async def _begin(self, device: DeviceRecord, request: InstallRequest, login: Login | None) -> None:
        is_new = device.id not in self._registry.devices
        await self._store.put_device(device)
        if login is not None or is_new:
            await self._store.put_login(device.id, login)
        self._registry.put(device)
        if is_new:
            await self._services.tell("added", "added", device, request.by)
        await self._work.begin(device, request)

    async def _review(self, command: ReviewDevice, caller: Caller) -> Review:
        return await self._reviews.review(self._registry.resolve(command.device))

    async def _accept(self, command: AcceptCertificate, caller: Caller) -> Done:
        device = self._registry.resolve(command.device)
        await self._reviews.accept(device, _fingerprint(command.fingerprint), command.reason, caller.user)
        return Done()

    async def _replace(self, command: ReplaceDevice, caller: Caller) -> Added:
        device = self._registry.resolve(command.device)
        self._work.check_free(device)
        address = command.address or _address(device)
        target = parse_address(address)
        await _resolve(target)
        other = self._registry.at(target.host, target.port)
        if other is not None and other.id != device.id:
            raise RefusedError(f"{target} is {other.name}, which is added already", "Replace that one, or remove it.")
        expect = _fingerprint(command.expect) if command.expect else device.presented
        request = InstallRequest(
            address=address,
            by=caller.user,
            purpose=Purpose.REPLACE,
            allow_http_login=command.allow_http_login,
            expect=expect,
            patience=command.patience,
        )
        await self._begin(device, request, _login(command))
        return Added((self._services.board.devices[device.id],))

    async def _reissue(self, command: ReissueCertificate, caller: Caller) -> Added:
        device = self._registry.resolve(command.device)
        self._work.check_free(device)
        if device.pin is None or device.scheme != "https":
            raise RefusedError(f"{device.name} has no certificate that could be re-issued", "Replace it instead.")
        if device.presented:
            raise RefusedError(f"{device.name} is blocked", "Compare its certificates first, then accept or replace.")
        request = InstallRequest(address=_address(device), by=caller.user, purpose=Purpose.REISSUE, patience=0.0)
        await self._begin(device, request, None)
        return Added((self._services.board.devices[device.id],))

    async def _check(self, command: CheckDevices, caller: Caller) -> Devices:
        await self._watch.check_all()
        devices = self._services.board.devices
        return Devices(tuple(devices[device] for device in self._registry.devices))

    async def _cancel(self, command: CancelInstall, caller: Caller) -> Done:
        self._work.cancel(self._registry.resolve(command.device), caller.user)
        return Done()

    async def _remove(self, command: RemoveDevice, caller: Caller) -> Done:
        device = self._registry.resolve(command.device)
        if self._work.is_running(device.id):
            self._work.cancel(device, caller.user)
            await self._work.settled(device.id)
            device = self._registry.resolve(device.id)
        await self._store.remove_device(device.id)
        self._registry.remove(device.id)
        await self._services.tell("removed", "removed", device, caller.user)
        return Done()

    async def _scan(self, command: Rescan, caller: Caller) -> Done:
        self._rescan()
        return Done()

    async def _stop_engine(self, command: StopEngine, caller: Caller) -> Done:
        if self._work.busy() and not command.force:
            raise RefusedError(
                "An install is under way",
                "Wait until it is finished, or stop with --force: it is taken up again at the next start.",
            )
        self._stop()
        return Done()


def _parse(addresses: tuple[str, ...]) -> list[Target]:
    if not 0 < len(addresses) <= _MOST_ADDRESSES:
        raise UsageError("No address was given" if not addresses else "Too many addresses", "Give 1 to 1,000.")
    targets = [parse_address(address) for address in addresses]
    places = [(target.host, target.port) for target in targets]
    for place, target in zip(places, targets, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"{target} was given twice", "Give each device once.")
    return targets


def _login(command: AddDevices | ReplaceDevice) -> Login | None:
    return Login(command.user, command.password) if command.user and command.password is not None else None


def _address(device: DeviceRecord) -> str:
    """Return where to look for an added device. One that had a certificate is never reached over HTTP (rule R13)."""
    if device.pin is None:
        return show_address(device.host, device.port if device.scheme == "https" else None)
    return f"https://{show_address(device.host, device.port)}"


def _expected(command: AddDevices, targets: list[Target]) -> str | None:
    if command.expect is None:
        return None
    if len(targets) != 1:
        raise UsageError("An expected fingerprint fits one device only", "Add this device on its own.")
    return _fingerprint(command.expect)


def _fingerprint(text: str) -> str:
    """Read a fingerprint as any program prints it."""
    cleaned = re.sub(r"[\s:-]", "", text).lower().removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(cleaned):
        raise UsageError("The fingerprint is not a SHA-256 one", "It has 64 hexadecimal digits.")
    return cleaned


async def _resolve(target: Target) -> None:
    """Refuse a name that nobody knows; addresses need no asking."""
    if not target.is_name:
        return
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_DEADLINE):
            await loop.getaddrinfo(target.host, None, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError, UnicodeError):
        raise UsageError(
            f"The name '{target.host}' cannot be resolved to an address",
            "Check the spelling and the gateway's DNS, or give the IP address.",
        ) from None
