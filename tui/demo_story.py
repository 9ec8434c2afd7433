"""What the demo without a screen lives through: certificates change, the engine blocks, somebody decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from core.model.device import Connection, DeviceView
from core.model.errors import CamtrustError
from core.model.messages import AcceptCertificate, Done, ReviewDevice, Role
from core.model.review import ChangeKind, Review
from tui.attach import Place, ask, attach
from tui.simulation import SimulatedSite

CHANGES = "Reception"
SWAP = ("Lobby", "Server room")
RESTARTS = "Yard"
_LONGEST_WAIT = 60.0
_SHOWN = 16

Seen = Callable[[DeviceView], bool]


class Story:
    """One run on a site whose cameras are all added. `devices` are by name; `tell` gets what was seen, in lines.

    Each part raises `CamtrustError` where it goes otherwise than it must.
    """

    def __init__(
        self, place: Place, site: SimulatedSite, devices: Mapping[str, DeviceView], tell: Callable[[str], None]
    ) -> None:
        self._place = place
        self._site = site
        self._devices = devices
        self._tell = tell

    async def live_through(self) -> None:
        """Live through all of it."""
        await self.accept_a_change()
        await self.swap_and_swap_back()
        await self.restart()

    async def accept_a_change(self) -> None:
        """Have a camera show another certificate: it is blocked, compared, accepted and online again."""
        device = self._devices[CHANGES]
        await self._site.order("new_certificate", device.host)
        review = await self._blocked(device)
        self._tell(f"{device.name} shows another certificate: blocked. {review.explanations[0].text}.")
        assert review.presented is not None, "a blocked device presents something"
        reviewed = review.presented.fingerprint
        reason = "the simulated site was told to change it"
        await ask(self._place, AcceptCertificate(device=device.id, fingerprint=reviewed, reason=reason), Done)
        await self._until(device, lambda view: _is_online(view) and view.fingerprint == reviewed, "online again")
        self._tell(f"{device.name}: compared and accepted: online again. It is pinned to {reviewed[:_SHOWN]}….")

    async def swap_and_swap_back(self) -> None:
        """Have two cameras swap addresses: both are blocked with the other one named, and back where they were."""
        one, other = (self._devices[name] for name in SWAP)
        await self._site.order("swap", one.host, other=other.host)
        for device, instead in ((one, other), (other, one)):
            worst = (await self._blocked(device, showing=instead.fingerprint)).explanations[0]
            if worst.kind is not ChangeKind.OTHER_DEVICE or instead.name not in worst.text:
                raise CamtrustError(f"{device.name} shows what belongs to {instead.name}, and that was not told.")
            self._tell(f"{device.name} swapped addresses with {instead.name}: blocked. {worst.text}.")
        await self._site.order("swap", one.host, other=other.host)
        for device in (one, other):
            await self._until(device, _is_online, "online again")
        self._tell(f"{one.name} and {other.name} swapped back: online again, and nobody had to decide.")

    async def restart(self) -> None:
        """Have a camera restart that makes a new certificate each time: it is blocked."""
        device = self._devices[RESTARTS]
        await self._site.order("power_cut", device.host)
        review = await self._blocked(device)
        self._tell(f"{device.name} restarted with a new certificate: blocked. {review.explanations[0].text}.")

    async def _blocked(self, device: DeviceView, showing: str | None = None) -> Review:
        """Wait until a device is blocked, and compare. `showing` is what it must show, where that is known."""

        def seen(view: DeviceView) -> bool:
            return view.connection is Connection.BLOCKED and (showing is None or view.presented == showing)

        await self._until(device, seen, "blocked")
        review = await ask(self._place, ReviewDevice(device=device.id), Review)
        stored, presented = review.stored, review.presented
        if stored is None or presented is None or stored.fingerprint == presented.fingerprint:
            raise CamtrustError(f"{device.name} is blocked, and there are no two certificates to compare.")
        return review

    async def _until(self, device: DeviceView, seen: Seen, what: str) -> None:
        """Wait until the engine tells of a device what it must."""
        client, _ = await attach(self._place, Role.VIEWER, watch=True)
        try:
            async with client, asyncio.timeout(_LONGEST_WAIT):
                async for update in client.updates():
                    if any(view.id == device.id and seen(view) for view in update.devices):
                        return
        except TimeoutError:
            raise CamtrustError(f"{device.name} is not {what} after {_LONGEST_WAIT:.0f} s.") from None


def _is_online(view: DeviceView) -> bool:
    return view.connection is Connection.ONLINE
