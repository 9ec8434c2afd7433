"""One device of a rollout: its install is begun by the command for single devices, and followed to its end."""

import asyncio

from core.decide.addresses import parse_address, show_address
from core.decide.outcomes import Outcome, outcome_of
from core.decide.recovery import read_journal
from core.engine.adding import Adding
from core.engine.services import Services
from core.engine.work import Work
from core.model.caller import Caller
from core.model.command import Role
from core.model.errors import RefusedError
from core.model.messages import AddDevices, Added, ReissueCertificate, ReplaceDevice
from core.model.records import DeviceRecord, InstallRecord, Login, Purpose
from core.model.rollout import MemberState, RolloutMember, RolloutRecord, Trouble

_ASK_EVERY = 1.0
# Whoever is not there must not hold up the others; a device that was added is tried again by itself.
_PATIENCE = 0.0

_REMOVED = Outcome(MemberState.FAILED, "It was removed meanwhile", trouble=Trouble.CANCELLED)
_UNSETTLED = Outcome(
    MemberState.FAILED,
    "The install is not finished",
    "It is taken up again when the camera answers. Do not change its settings until then.",
    Trouble.FAILED,
)


class Errands:
    """Does what there is to do with single members of a rollout. `login` is the one that was typed for it."""

    def __init__(
        self, services: Services, work: Work, adding: Adding, record: RolloutRecord, login: Login | None
    ) -> None:
        self._registry = services.registry
        self._board = services.board
        self._store = services.store
        self._patience = services.config.restart_patience
        self._work = work
        self._adding = adding
        self._record = record
        self._login = login
        self._loop = asyncio.get_running_loop()

    async def begin(self, member: RolloutMember) -> str:
        """Begin its install, and return the device's id. Raises `CamtrustError` where that is refused."""
        caller = Caller(self._record.by, self._record.uid, Role.OPERATOR)
        if member.task is Purpose.ADD:
            added = await self._add(member, caller)
        else:
            self._check_free(member)
            self._check_unchanged(member)
            if member.task is Purpose.REPLACE:
                added = await self._replace(member, caller)
            else:
                added = await self._adding.reissue(ReissueCertificate(device=member.device), caller)
        return added.devices[0].id

    async def begun_before(self, member: RolloutMember) -> str | None:
        """Return the device that was begun with before the engine ended, None where none was."""
        device = self._registry.devices.get(member.device)
        if device is None and member.task is Purpose.ADD:
            target = parse_address(member.address)
            known = self._registry.at(target.host, target.port)
            device = next((device for device in known if device.added_at >= member.started_at), None)
        if device is None or await self._install(device.id, member.started_at) is None:
            return None
        return device.id

    async def ended(self, device: str, since: str) -> Outcome:
        """Wait until the install that was begun with a device `since` then is at its end, and return how it ended."""
        await self._work.settled(device)
        outcome = await self._outcome(device, since)
        end = self._loop.time() + self._patience
        while outcome is None and self._loop.time() < end:
            # It is taken up again by itself when the camera is back.
            await asyncio.sleep(_ASK_EVERY)
            await self._work.settled(device)
            outcome = await self._outcome(device, since)
        return outcome or _UNSETTLED

    async def _add(self, member: RolloutMember, caller: Caller) -> Added:
        login = self._login_for(member)
        command = AddDevices(
            addresses=(member.address,),
            user=login.user if login else "",
            password=login.password if login else None,
            allow_http_login=self._record.allow_http_login,
            enable_https=self._record.enable_https,
            patience=_PATIENCE,
        )
        return await self._adding.add(command, caller)

    async def _replace(self, member: RolloutMember, caller: Caller) -> Added:
        login = self._login_for(member)
        command = ReplaceDevice(
            device=member.device,
            user=login.user if login else "",
            password=login.password if login else None,
            allow_http_login=self._record.allow_http_login,
            enable_https=self._record.enable_https,
            patience=_PATIENCE,
        )
        return await self._adding.replace(command, caller)

    def _login_for(self, member: RolloutMember) -> Login | None:
        if member.typed and self._login is None:
            raise RefusedError("The login of the rollout cannot be read any more", "Begin another one.")
        return self._login if member.typed else None

    def _check_unchanged(self, member: RolloutMember) -> None:
        """A login that was typed for what a device was goes to nothing that is in its place since (rule R37)."""
        device = self._registry.devices.get(member.device)
        if device is None or identity_of(device) != (member.address, member.pin):
            raise RefusedError(
                f"{member.name} is not what it was when the rollout began",
                f"{self._what_happened(member, device)} Begin another rollout with it.",
            )

    def _what_happened(self, member: RolloutMember, device: DeviceRecord | None) -> str:
        """Return who did that, without how long ago: it is read later than it is told."""
        removal = self._board.removal(member.device)
        if device is None:
            return f"It was removed meanwhile by {removal.who}." if removal else "It was removed meanwhile."
        if device.pin is not None and device.pin.fingerprint != member.pin:
            return f"Its certificate was decided about meanwhile by {device.pin.by}."
        return "It was moved or decided about meanwhile."

    def _check_free(self, member: RolloutMember) -> None:
        act = self._work.act(member.device)
        if act is not None:
            raise RefusedError(
                f"{act.who} was {act.doing} {member.name} when its turn came", "Begin another rollout with it."
            )

    async def _outcome(self, device: str, since: str) -> Outcome | None:
        record, install = self._registry.devices.get(device), await self._install(device, since)
        if record is None or install is None:
            return _REMOVED
        return outcome_of(record, install, read_journal(await self._store.journal_of(install.id)))

    async def _install(self, device: str, since: str) -> InstallRecord | None:
        installs = [install for install in await self._store.installs(device) if install.started_at >= since]
        return installs[-1] if installs else None


def identity_of(device: DeviceRecord) -> tuple[str, str]:
    """Return where a device is, and with which certificate."""
    return show_address(device.host, device.port, device.scheme), device.pin.fingerprint if device.pin else ""
