"""What the demo without a screen lives through: certificates change, the engine blocks, somebody decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from core.model.device import Connection, DeviceView
from core.model.errors import CamtrustError
from core.model.messages import AcceptCertificate, Done, ReviewDevice, Role
from core.model.review import Review
from tui.attach import Place, ask, attach
from tui.simulation import SimulatedSite

CHANGES = "Reception"
SWAP = ("Lobby", "Server room")
MOVES = "Tunnel"
RESTARTS = "Yard"
_LONGEST_WAIT = 60.0
_SHOWN = 16
_FREE = 250

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
        await self.move()
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
        """Have two cameras swap addresses, and swap back: each is followed to where its own certificate is shown."""
        one, other = (self._devices[name] for name in SWAP)
        for places in ({one.id: other.host, other.id: one.host}, {one.id: one.host, other.id: other.host}):
            await self._site.order("swap", one.host, other=other.host)
            for device in (one, other):
                await self._until(device, _is_online_at(places[device.id]), f"at {places[device.id]}")
        self._tell(f"{one.name} and {other.name} swapped addresses, and back: followed, and nobody had to decide.")

    async def move(self) -> None:
        """Have a camera get another address: it is followed to where its own certificate is shown."""
        device = self._devices[MOVES]
        network, _, _ = device.host.rpartition(".")
        host = f"{network}.{_FREE}"
        await self._site.order("move", device.host, to=host)
        await self._until(device, _is_online_at(host), f"at {host}")
        self._tell(f"{MOVES} got another address, {host}: followed.")

    async def restart(self) -> None:
        """Have a camera restart that makes a new certificate each time: it is blocked."""
        device = self._devices[RESTARTS]
        await self._site.order("power_cut", device.host)
        review = await self._blocked(device)
        self._tell(f"{device.name} restarted with a new certificate: blocked. {review.explanations[0].text}.")

    async def _blocked(self, device: DeviceView) -> Review:
        """Wait until a device is blocked, and compare."""
        await self._until(device, lambda view: view.connection is Connection.BLOCKED, "blocked")
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


def _is_online_at(host: str) -> Seen:
    return lambda view: _is_online(view) and view.host == host
