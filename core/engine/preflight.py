"""Preflights: how an install would go on devices, added or not, told before anything is done to them."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass

from core.decide.addresses import Target, parse_address
from core.decide.preflight import Learnt, report
from core.decide.streaming import has_refused
from core.engine.arguments import address_of, locate, login_of
from core.engine.endings import with_attention
from core.engine.examination import LIMITS, Examination, Limits
from core.engine.services import Services
from core.engine.work import Work
from core.model.caller import Caller
from core.model.device import Attention, AttentionKind
from core.model.errors import LoginRefusedError, UnknownDeviceError, UsageError
from core.model.keystore import Information
from core.model.preflight import Preflight, PreflightReport, PreflightReports
from core.model.records import DeviceRecord, Login
from core.store.store import SealError

_MOST = 256


@dataclass(frozen=True)
class _Subject:
    """A device to examine, to be found at `target`. One that is not added has a record with an empty id."""

    device: DeviceRecord
    target: Target
    address: str

    @property
    def key(self) -> str:
        """What two names of one device have in common."""
        return self.device.id or self.address


class Preflights:
    """Examines devices side by side. Those that are added are held meanwhile, so that nothing else changes them."""

    def __init__(self, services: Services, work: Work, limits: Limits = LIMITS) -> None:
        self._services = services
        self._registry = services.registry
        self._work = work
        self._limits = limits

    async def run(self, command: Preflight, caller: Caller) -> PreflightReports:
        """Return one report a device. Raises `CamtrustError`, and asks nobody, where one of them cannot be meant."""
        if not 0 < len(command.devices) <= _MOST:
            raise UsageError(
                "No device was given" if not command.devices else "Too many devices", f"Give 1 to {_MOST}."
            )
        await asyncio.gather(*map(self._locate, command.devices))
        subjects = [self._meant(text) for text in command.devices]
        if len({subject.key for subject in subjects}) < len(subjects):
            raise UsageError("A device was given twice", "Give each device once.")
        logins = _Logins()
        with ExitStack() as held:
            for subject in subjects:
                if subject.device.id:
                    held.enter_context(self._work.holding(subject.device, who=caller.user, doing="looking into"))
            examined = (self._examine(subject, command, logins, caller) for subject in subjects)
            return PreflightReports(tuple(await asyncio.gather(*examined)))

    async def _locate(self, text: str) -> None:
        """Find out where a name leads to; where an added one leads nowhere now, looking for it tells."""
        subject = self._meant(text)
        try:
            await locate(self._registry, subject.target)
        except UsageError:
            if not subject.device.id:
                raise

    def _meant(self, text: str) -> _Subject:
        """Return the device that has this id, name or address, or what may be at an address.

        One that is only found is not meant by what it calls itself: no made-up name may lead a login to it (rule R29).
        """
        try:
            device = self._registry.resolve(text)
        except UnknownDeviceError as unknown:
            removal, row = self._services.board.removal(text), self._services.board.devices.get(text)
            if removal is not None and removal.device == text:
                raise
            return self._at(text, unknown) if row is None else self._new(parse_address(row.address), row.name)
        view = self._services.board.devices[device.id]
        return _Subject(device, parse_address(address_of(device)), view.address)

    def _at(self, text: str, unknown: UnknownDeviceError) -> _Subject:
        try:
            target = parse_address(text)
        except UsageError as error:
            raise unknown from error
        added = self._registry.at(target.host, target.port)
        if len(added) > 1:
            raise UsageError(f"{target} is the address of {len(added)} devices", "Give the port, or an id.")
        for device in added:
            asked = parse_address(address_of(device)) if device.pin is not None else target
            return _Subject(device, asked, str(target))
        return self._new(target, str(target))

    def _new(self, target: Target, name: str) -> _Subject:
        found = self._registry.found(target.host)
        device = DeviceRecord(
            id="", name=name, host=target.host, path=found.path if found else "", added_at="", added_by=""
        )
        return _Subject(device, target, str(target))

    async def _examine(
        self, subject: _Subject, command: Preflight, logins: "_Logins", caller: Caller
    ) -> PreflightReport:
        device = subject.device
        learnt = Learnt(
            address=subject.address,
            name=device.name,
            device=device.id or None,
            pinned=device.pin.fingerprint if device.pin else "",
            information=Information(device.manufacturer, device.model),
        )
        examination = Examination(
            self._services,
            device,
            subject.target,
            learnt,
            allow_http=command.allow_http_login,
            limits=self._limits,
        )
        await self._give_login(examination, device, command)
        if await examination.find():
            await logins.talk(examination)
        if not command.user:
            await self._remember(device.id, learnt, caller)
        return report(learnt)

    async def _give_login(self, examination: Examination, device: DeviceRecord, command: Preflight) -> None:
        """Have it log in with what was typed, or else with what is stored, unless that was refused before."""
        login = login_of(command)
        if login is None and device.id and not command.user:
            try:
                login = await self._stored_login(device)
            except (LoginRefusedError, SealError) as error:
                examination.withhold(LoginRefusedError(error.title, error.hint))
        if login is not None:
            examination.login, examination.learnt.user = login, login.user

    async def _stored_login(self, device: DeviceRecord) -> Login | None:
        if has_refused(device):
            raise LoginRefusedError(
                "Not sent: the device refused the stored login before",
                "Give the right one with --user. To store it, replace the device with it.",
            )
        return await self._services.store.login(device.id)

    async def _remember(self, device: str, learnt: Learnt, caller: Caller) -> None:
        """Store that the device refused its stored login, so that nothing sends that again by itself (rule R18)."""
        refusal, record = learnt.refusal, self._registry.devices.get(device)
        if refusal is None or record is None:
            return
        record = with_attention(record, Attention(AttentionKind.LOGIN_REFUSED, refusal.title, refusal.hint))
        await self._services.store.put_device(record)
        self._registry.put(record)
        await self._services.tell("login refused", refusal.title, record, caller.user)


class _Logins:
    """The logins of one preflight. One that no device has taken yet is sent to one at a time (rule R18).

    Once a device has refused it, no other gets it: many wrong ones may lock an account that they share.
    """

    def __init__(self) -> None:
        self._turns: dict[Login, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._taken: set[Login] = set()
        self._refused_by: dict[Login, str] = {}

    async def talk(self, examination: Examination) -> None:
        """Let it talk to its device when its login has its turn."""
        login, learnt = examination.login, examination.learnt
        async with self._turn(login):
            if login is not None and login in self._refused_by:
                examination.withhold(_refused_elsewhere(self._refused_by[login]))
            await examination.talk()
            if login is not None and learnt.login not in ("", "none"):
                self._taken.add(login)
            if login is not None and learnt.refusal is not None:
                self._refused_by[login] = learnt.name

    @asynccontextmanager
    async def _turn(self, login: Login | None) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if login is not None and login not in self._taken:
                await stack.enter_async_context(self._turns[login])
                if login in self._taken:
                    await stack.aclose()
            yield


def _refused_elsewhere(name: str) -> LoginRefusedError:
    return LoginRefusedError(f"Not sent: {name} refused this login", "Check user and password, then try again.")
