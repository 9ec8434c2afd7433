"""One onboarding under way."""

from dataclasses import dataclass, field

import msgspec

from core.engine.services import Services
from core.model.records import DeviceRecord, InstallRecord, Login


@dataclass
class Case:
    """What is known of it so far. The parts of an onboarding read it and move it on, one at a time.

    `original` is the device as it was when the onboarding began.
    """

    services: Services
    device: DeviceRecord
    install: InstallRecord
    login: Login | None
    original: DeviceRecord = field(init=False)

    def __post_init__(self) -> None:
        self.original = self.device

    @property
    def alias(self) -> str:
        """The alias of everything that this install makes on the device."""
        return self.services.alias_prefix + self.install.id

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
        """Change the device and show it; it is stored when the onboarding ends, or by `store_device`."""
        self.device = msgspec.structs.replace(self.device, **changes)
        self.services.registry.put(self.device)

    async def store_device(self) -> None:
        """Store the device as it is now."""
        await self.services.store.put_device(self.device)
