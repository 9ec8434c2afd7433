"""Commands that begin an install: adding, replacing and re-issuing."""

import asyncio
import secrets

from core.decide.addresses import Target, parse_address
from core.engine.arguments import address_of, check_name, expected_leaf, login_of, parse_all, read_fingerprint
from core.engine.clock import stamp
from core.engine.services import Services
from core.engine.work import Work
from core.model.caller import Caller
from core.model.device import CertificateField
from core.model.errors import RefusedError, UsageError
from core.model.messages import AddDevices, Added, ReissueCertificate, ReplaceDevice
from core.model.records import DeviceRecord, InstallRequest, Login, Purpose

_LONGEST_NAME = 64


class Adding:
    """Writes devices and their installs down, and starts the work."""

    def __init__(self, services: Services, work: Work) -> None:
        self._services = services
        self._registry = services.registry
        self._store = services.store
        self._work = work

    async def add(self, command: AddDevices, caller: Caller) -> Added:
        """Add each address and begin to onboard it; nothing is added where one of them cannot be."""
        targets = parse_all(command.addresses)
        expect = expected_leaf(command, targets)
        await asyncio.gather(*(check_name(target) for target in targets))
        known = [self._registry.at(target.host, target.port) for target in targets]
        for device in filter(None, known):
            self._refuse_if_settled(device)
        login = login_of(command)
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

    async def replace(self, command: ReplaceDevice, caller: Caller) -> Added:
        """Begin to onboard an added device again."""
        device = self._registry.resolve(command.device)
        address = command.address or address_of(device)
        target = parse_address(address)
        await check_name(target)
        # Until a name is resolved the device may have been removed, or blocked.
        device = self._registry.resolve(device.id)
        self._work.check_free(device)
        other = self._registry.at(target.host, target.port)
        if other is not None and other.id != device.id:
            raise RefusedError(f"{target} is {other.name}, which is added already", "Replace that one, or remove it.")
        expect = read_fingerprint(command.expect) if command.expect else _known_leaf(device, target)
        request = InstallRequest(
            address=address,
            by=caller.user,
            purpose=Purpose.REPLACE,
            allow_http_login=command.allow_http_login,
            expect=expect,
            patience=command.patience,
        )
        await self._begin(device, request, login_of(command))
        return Added((self._services.board.devices[device.id],))

    async def reissue(self, command: ReissueCertificate, caller: Caller) -> Added:
        """Begin to give an added device a new key and certificate."""
        device = self._registry.resolve(command.device)
        self._work.check_free(device)
        if device.pin is None or device.scheme != "https":
            raise RefusedError(f"{device.name} has no certificate that could be re-issued", "Replace it instead.")
        if device.presented:
            raise RefusedError(f"{device.name} is blocked", "Compare its certificates first, then accept or replace.")
        request = InstallRequest(address=address_of(device), by=caller.user, purpose=Purpose.REISSUE, patience=0.0)
        await self._begin(device, request, None)
        return Added((self._services.board.devices[device.id],))

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
        with self._work.holding(device):
            if device.id not in self._registry.devices:
                await self._store.put_device(device)
                await self._store.put_login(device.id, login)
                self._registry.put(device)
                await self._services.tell("added", "added", device, request.by)
            elif login is not None:
                await self._store.put_login(device.id, login)
            await self._work.begin(device.id, request)


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
