"""What all work of the engine shares: the store, the authority, the registry, and how to reach a device."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from core.authority.authority import Authority
from core.authority.names import gateway_label
from core.decide.certificates import fingerprint
from core.decide.keystore import alias_prefix
from core.engine.board import Board
from core.engine.clock import stamp
from core.engine.registry import Registry
from core.model.config import Config
from core.model.errors import DeviceError
from core.model.keystore import Inventory
from core.model.records import DeviceRecord, Login
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import Wsdls
from core.store.store import NewEvent, Store

OURSELVES = "camtrust"
"""Who is named for what the engine does by itself."""


@dataclass(frozen=True)
class Services:
    """One of each, for the life of the engine. `gateway` is the name of this gateway.

    `installs` bounds how many devices are set up at once, `searches` how many are looked for at once, `long_answers`
    how many answers are read at once that are long.
    """

    config: Config
    gateway: str
    store: Store
    authority: Authority
    wsdls: Wsdls
    registry: Registry
    board: Board
    installs: asyncio.Semaphore
    searches: asyncio.Semaphore
    long_answers: asyncio.Semaphore

    @property
    def alias_prefix(self) -> str:
        """What the aliases begin with of everything that this gateway makes on devices."""
        return alias_prefix(gateway_label(self.gateway))

    @asynccontextmanager
    async def session(
        self, device: DeviceRecord, leaf: str | None, login: Login | None, *, deadline: float | None = None
    ) -> AsyncIterator[OnvifDevice]:
        """Talk to a device over connections that are bound to `leaf`; None only for plain HTTP.

        `deadline` in seconds is for each call, `answer_patience` without one.
        """
        if device.port is None:
            raise ValueError("a device without a port was never reached")
        transport = DeviceTransport(
            device.scheme,
            device.host,
            device.port,
            leaf,
            legacy=device.weak_tls,
            deadline=deadline or self.config.answer_patience,
            long_answers=self.long_answers,
        )
        onvif = OnvifDevice(
            self.wsdls,
            transport,
            device.scheme,
            device.host,
            device.port,
            path=device.path,
            login=login,
            longest_making=self.config.key_patience + self.config.answer_patience,
        )
        try:
            yield onvif
        except DeviceError as error:
            _let_go(error)
            raise
        finally:
            await onvif.close()

    async def signed_among(self, inventory: Inventory, *, besides: str | None = None) -> frozenset[bytes]:
        """Return those of a device's certificates, raw, that installs had signed; `besides` is the leaf of another."""
        stored = {fingerprint(item.der): item.der for item in inventory.certificates}
        signed = await self.store.candidates(stored) - {besides}
        return frozenset(stored[leaf] for leaf in signed)

    def event(self, kind: str, text: str, device: DeviceRecord | None = None, who: str = OURSELVES) -> NewEvent:
        """Return an event of this moment."""
        return NewEvent(
            at=stamp(),
            who=who,
            kind=kind,
            text=text,
            device=device.id if device else None,
            name=device.name if device else "",
        )

    async def tell(self, kind: str, text: str, device: DeviceRecord | None = None, who: str = OURSELVES) -> None:
        """Add an event to the history and tell the clients."""
        self.board.add_event(await self.store.add_event(self.event(kind, text, device, who)))


def _let_go(error: BaseException | None) -> None:
    """Empty the frames of what has failed: an error is kept for as long as an install goes on, and with it answers."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
