"""One onboarding under way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from core.decide.old_tls import may_fall_back
from core.decide.recovery import BEGIN, DONE, FAILED, Past, in_doubt, read_journal
from core.decide.steps import Step
from core.engine.clock import stamp
from core.engine.services import Services
from core.model.errors import LoginNeededError, LoginRefusedError
from core.model.keystore import Inventory
from core.model.records import DeviceRecord, InstallRecord, JournalEntry, Login
from core.network.look import Seen
from core.onvif.device import OnvifDevice


@dataclass
class Case:
    """What is known of it so far. The parts of an onboarding read it and move it on, one at a time.

    `original` is the device as it was when the onboarding began; `login` is read when it is needed. Once the device
    refused the login, that is in `refusal`, and it is not sent again.
    """

    services: Services
    device: DeviceRecord
    install: InstallRecord
    login: Login | None = None
    refusal: LoginRefusedError | None = None
    original: DeviceRecord = field(init=False)

    def __post_init__(self) -> None:
        self.original = self.device

    @property
    def alias(self) -> str:
        """The alias of everything that this install makes on the device."""
        return self.services.alias_prefix + self.install.id

    @property
    def is_set_up(self) -> bool:
        """Whether the device had a certificate stored, or was on plain HTTP: that stays until the new one stands."""
        return self.original.pin is not None or self.original.scheme == "http"

    @property
    def may_fall_back(self) -> bool:
        """Whether older TLS may be tried with the device, before it was seen, if it refuses today's."""
        return may_fall_back(self.original, self.install.request)

    @property
    def is_in_doubt(self) -> bool:
        """Whether it is not known yet how the install ends."""
        return in_doubt(self.install, self.device.pin)

    async def recall(self) -> Past:
        """Return what the journal tells of the install, and go on from there."""
        past = await self.past()
        self.login = await self.services.store.login(self.device.id)
        # One that only has to be cleared up after is where its record says: it may have been followed since.
        if past.host and self.is_in_doubt and not past.adopted:
            self.device = msgspec.structs.replace(
                self.device, scheme="https", host=past.host, port=past.port, path=past.path
            )
            if past.weak_tls:
                self.device = msgspec.structs.replace(self.device, tls=past.weak_tls, weak_tls=True)
        if past.refusal:
            self.refusal = (LoginNeededError if past.unsent else LoginRefusedError)(*past.refusal)
        return past

    async def past(self) -> Past:
        """Return what the journal tells of the install."""
        return read_journal(await self.services.store.journal_of(self.install.id))

    async def signed_before(self, inventory: Inventory) -> frozenset[bytes]:
        """Return those of a device's certificates, raw, that earlier installs had signed."""
        return await self.services.signed_among(inventory, besides=self.install.candidate)

    async def note_place(self, leaf: str) -> None:
        """Write down where the device was met, and by which leaf it is known from now on."""
        device = self.device
        place = {"host": device.host, "port": str(device.port), "device_service": device.path}
        place["weak_tls"] = device.tls if device.weak_tls else ""
        await self.note(Step.LOOK, DONE, place)
        await self.update_install(old=leaf)

    def note_tls(self, seen: Seen) -> None:
        """Take in that the device needs older TLS, or does no more; the connections to come go by that."""
        if self.device.weak_tls != seen.weak:
            self.show(tls=seen.tls, weak_tls=seen.weak)

    async def note_adoption(self) -> None:
        """Write down that the new certificate is in use, and all that is left is to clear up."""
        await self.note(Step.CLEAN, BEGIN, {})

    async def note(self, step: str, phase: str, data: dict[str, str]) -> None:
        """Write a line of the journal."""
        await self.services.store.journal(JournalEntry(self.install.id, step, phase, stamp(), data))

    @asynccontextmanager
    async def session(self, leaf: str | None) -> AsyncIterator[OnvifDevice]:
        """Talk to the device over connections that are bound to `leaf`; None only for plain HTTP.

        A refused login is in the journal before anything else is done, so that not even a restart tries it again.
        Raises it at once where that has happened before.
        """
        if self.refusal is not None:
            raise self.refusal.with_traceback(None)
        try:
            async with self.services.session(self.device, leaf, self.login) as onvif:
                yield onvif
        except LoginRefusedError as error:
            self.refusal = error
            unsent = "yes" if isinstance(error, LoginNeededError) else ""
            await self.note(Step.LOGIN, FAILED, {"refused": error.title, "hint": error.hint, "unsent": unsent})
            raise

    async def learn_leaf(self, der: bytes) -> str:
        """Store a leaf that was seen or signed, so that it can be shown later. Return its fingerprint."""
        self.services.registry.learn(der)
        return await self.services.store.put_certificate(der)

    async def update_install(self, **changes: object) -> None:
        """Change the install, in the store first."""
        install = msgspec.structs.replace(self.install, **changes)
        await self.services.store.put_install(install)
        self.install = install

    def show(self, **changes: object) -> None:
        """Change the device, and show that unless it stays what it was until the onboarding ends."""
        self.device = msgspec.structs.replace(self.device, **changes)
        if not self.is_set_up:
            self.services.registry.put(self.device)
