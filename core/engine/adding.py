"""Commands that begin an install: adding, replacing and re-issuing."""

import asyncio
import secrets

from core.decide.acts import by_whom
from core.decide.addresses import Target, parse_address, show_address
from core.engine.arguments import (
    address_of,
    check_enabling,
    expected_leaf,
    locate,
    login_of,
    names_of,
    parse_all,
    patience_of,
    read_fingerprint,
)
from core.engine.clock import now, stamp
from core.engine.services import Services
from core.engine.work import Work
from core.model.caller import Caller
from core.model.device import CertificateField
from core.model.errors import RefusedError
from core.model.messages import AddDevices, Added, ReissueCertificate, ReplaceDevice
from core.model.records import DeviceRecord, InstallRequest, Login, Purpose


class Adding:
    """Writes devices and their installs down, and starts the work."""

    def __init__(self, services: Services, work: Work) -> None:
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._work = work
        self._turn = asyncio.Lock()

    async def add(self, command: AddDevices, caller: Caller) -> Added:
        """Add each address and begin to onboard it; nothing is added where one of them cannot be."""
        targets = parse_all(command.addresses)
        check_enabling(command.enable_https, targets)
        names, patience, expect = names_of(command), patience_of(command), expected_leaf(command, targets)
        await asyncio.gather(*(locate(self._registry, target) for target in targets))
        # In turn, so that an address which two technicians add at once becomes one device.
        async with self._turn:
            known = [self._known(target) for target in targets]
            devices = []
            for target, name, old in zip(targets, names, known, strict=True):
                request = InstallRequest(
                    address=_typed(target),
                    by=caller.user,
                    allow_http_login=command.allow_http_login,
                    enable_https=command.enable_https,
                    expect=expect,
                    patience=patience,
                )
                device = old or self._new_device(target, name, caller)
                await self._begin(device, request, login_of(command), is_new=old is None)
                devices.append(device)
        return self._added(*devices)

    async def replace(self, command: ReplaceDevice, caller: Caller) -> Added:
        """Begin to onboard an added device again."""
        device = self._registry.resolve(command.device)
        self._work.check_free(device, in_doubt=True)
        target, patience = parse_address(command.address or address_of(device)), patience_of(command)
        check_enabling(command.enable_https, (target,))
        await locate(self._registry, target)
        # Until a name is resolved the device may have been removed, or blocked.
        device = self._registry.resolve(device.id)
        for other in self._registry.at(target.host, target.port):
            if other.id != device.id:
                hint = "Replace that one, or remove it."
                raise RefusedError(f"{target} is {other.name}, which is added already, {_added_by(other)}", hint)
        request = InstallRequest(
            address=_typed(target),
            by=caller.user,
            purpose=Purpose.REPLACE,
            allow_http_login=command.allow_http_login,
            enable_https=command.enable_https,
            expect=read_fingerprint(command.expect) if command.expect else _known_leaf(device, target),
            patience=patience,
        )
        await self._begin(device, request, login_of(command))
        return self._added(device)

    async def reissue(self, command: ReissueCertificate, caller: Caller) -> Added:
        """Begin to give an added device a new key and certificate."""
        device = self._registry.resolve(command.device)
        self._work.check_free(device, in_doubt=True)
        if device.pin is None or device.scheme != "https":
            raise RefusedError(f"{device.name} has no certificate that could be re-issued", "Replace it instead.")
        if device.presented:
            raise RefusedError(f"{device.name} is blocked", "Compare its certificates first, then accept or replace.")
        request = InstallRequest(address=address_of(device), by=caller.user, purpose=Purpose.REISSUE, patience=0.0)
        await self._begin(device, request, None)
        return self._added(device)

    def _known(self, target: Target) -> DeviceRecord | None:
        """Return the device that was added with this address, where it may be begun anew. Raises `RefusedError`."""
        devices = self._registry.at(target.host, target.port)
        if len(devices) > 1:
            listed = ", ".join(f"{device.id} ({show_address(device.host, device.port)})" for device in devices[:5])
            raise RefusedError(f"{target} is the address of {len(devices)} devices", f"Give the port: {listed}.")
        for device in devices:
            self._refuse_if_settled(device, target)
            return device
        self._refuse_if_moved(target)
        return None

    def _refuse_if_moved(self, target: Target) -> None:
        """Refuse what is probably an added device at another port of its address.

        Several may be behind one address: where the known one has a certificate, that tells the two apart. Where it is
        on HTTP, another HTTP port that is asked for is another device's. While it is being added, nobody knows yet.
        """
        for device in self._registry.at(target.host, None):
            is_other = device.pin is not None or device.scheme == target.scheme == "http"
            if not is_other and not self._work.is_running(device.id):
                raise RefusedError(
                    f"{device.name} at {show_address(device.host, device.port)} is added already, {_added_by(device)}",
                    f"Nothing was added. If it is at {target} now: camtrust replace {device.id} {_typed(target)}",
                )

    def _refuse_if_settled(self, device: DeviceRecord, target: Target) -> None:
        view = self._services.board.devices[device.id]
        self._work.check_free(device, in_doubt=True)
        told = f"is added already, {_added_by(device)}"
        if device.presented or view.certificate_field is CertificateField.ARCULES:
            raise RefusedError(
                f"{device.name} at {view.address} {told}: {view.attention or view.certificate_field}",
                f"Nothing was added. To set it up anew: camtrust replace {device.id}",
            )
        if device.pin is not None and target.scheme == "http":
            raise RefusedError(
                f"{device.name} {told}, over HTTPS",
                f"Nothing was added. To move it to plain HTTP: camtrust replace {device.id} {_typed(target)}",
            )

    def _new_device(self, target: Target, name: str, caller: Caller) -> DeviceRecord:
        found = self._registry.found(target.host)
        return DeviceRecord(
            id=self._new_id(),
            name=name or (found.name or found.model if found else "") or target.host,
            host=target.host,
            port=target.port,
            scheme="",
            endpoint=found.endpoint if found else "",
            added_at=stamp(),
            added_by=caller.user,
        )

    def _new_id(self) -> str:
        while (device := secrets.token_hex(4)) in self._registry.devices:
            pass
        return device

    async def _begin(
        self, device: DeviceRecord, request: InstallRequest, login: Login | None, *, is_new: bool = False
    ) -> None:
        """Write down what is to be done before whom it is done for, so that no device is left without it."""
        doing = "adding" if is_new else "beginning to work on"
        with self._work.holding(device, in_doubt=True, who=request.by, doing=doing):
            # It may have changed, or gone, since it was asked about.
            device = device if is_new else self._registry.resolve(device.id)
            install = await self._work.write_down(device.id, request)
            if is_new:
                await self._store.put_device(device)
            if login is not None:
                await self._store.put_login(device.id, login)
            if is_new:
                self._registry.put(device)
                await self._services.tell("added", "added", device, request.by)
            self._work.start(device, install)

    def _added(self, *devices: DeviceRecord) -> Added:
        return Added(tuple(self._services.board.devices[device.id] for device in devices))


def _added_by(device: DeviceRecord) -> str:
    return by_whom(device.added_by, device.added_at, now())


def _typed(target: Target) -> str:
    """Return an address as it can be given again, without what stood around it, such as a query with a password."""
    place = show_address(target.host, target.port)
    return f"{target.scheme}://{place}" if target.scheme else place


def _known_leaf(device: DeviceRecord, target: Target) -> str | None:
    """Return the leaf that a device must show to be replaced, where the technician named none.

    Where it was before, nobody has looked at another one than the pinned, so no other is trusted (rule R15). At a new
    address it is first contact. Raises `RefusedError` for a blocked device.
    """
    moved = target.host != device.host or target.port not in (None, device.port)
    if moved or target.scheme == "http":
        return None
    if device.presented:
        raise RefusedError(
            f"{device.name} is blocked: it shows another certificate than the stored one",
            "Compare both, then replace it by naming the fingerprint of the one that it shows.",
        )
    return device.pin.fingerprint if device.pin else None
