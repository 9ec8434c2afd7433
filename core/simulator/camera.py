"""One simulated camera, put together."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from core.simulator import changes
from core.simulator.background import Background
from core.simulator.by_itself import LeftAlone
from core.simulator.changes import Impossible
from core.simulator.contents import FACTORY
from core.simulator.faults import OnvifFault
from core.simulator.http_server import HttpAnswer, HttpRequest
from core.simulator.loopback import check_inside
from core.simulator.machine import Machine
from core.simulator.settings import ByItself, CameraSettings, Change


class Camera(Machine):
    """A camera from when it is entered as a context until it is left; `power_cut` switches it off and on in between.

    `log` is what it has seen, `mishaps` what is to go wrong, `device` its state since it was switched on, `is_on`
    whether it has power. `booted` is called each time that it is ready, `changed` when it serves other ports than
    before, `leaving` before it gives up an address in good order. One thing is done to it at a time. Raises
    `ValueError` for an address that is not on the loopback interface, and `OSError` where it cannot have a port.
    """

    def __init__(
        self,
        settings: CameraSettings | None = None,
        booted: Callable[["Camera"], None] = lambda _: None,
        leaving: Callable[["Camera"], None] = lambda _: None,
        changed: Callable[["Camera"], None] = lambda _: None,
    ) -> None:
        super().__init__(settings or CameraSettings(), self._cut_power, self._cut_cable)
        self._booted = booted
        self._leaving = leaving
        self._changed = changed
        self._told: Mapping[str, int] = {}
        self._left_alone = LeftAlone(self.settings.by_itself, self._act)
        self._hands = asyncio.Lock()
        self._background = Background()

    async def __aenter__(self) -> Self:
        try:
            await self.power_on()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()

    async def power_on(self) -> None:
        """Switch it on, and return when it serves."""
        async with self._hands:
            await self._start()

    async def power_off(self) -> None:
        """Take its power away: connections are reset, and what was not in flash memory is lost."""
        async with self._hands:
            await self._stop()

    async def factory_reset(self) -> None:
        """Take everything back to how it left the factory, except that the factory certificate is a new one, too."""
        async with self._hands:
            await self._stop()
            self._flash.clear()
            await self._start()

    async def power_cut(self) -> None:
        """Take its power away for as long as its settings say, and return when it serves again."""
        async with self._hands:
            await self._stop()
            await asyncio.sleep(self.settings.timing.boot)
            await self._start()

    async def network_cut(self) -> None:
        """Let nobody reach it for as long as its settings say; it goes on meanwhile."""
        ports = self._ports
        await ports.cut()
        try:
            await asyncio.sleep(self.settings.timing.cut)
        finally:
            ports.mend()

    async def change_certificate(self, change: Change) -> None:
        """Give it another certificate past its services, and return when that is served. Raises `Impossible`."""
        async with self._hands:
            if not self.is_on or not self.device.on("HTTPS"):
                raise Impossible("It has no power, or HTTPS is off")
            private = await asyncio.to_thread(changes.new_key, change, self.settings)
            try:
                changes.carry_out(change, self.device, private)
            except OnvifFault as fault:
                raise Impossible(fault.reason) from None
            self._awake.store()
            self._apply()
            await self._ports.settled()

    async def swap(self, other: "Camera") -> None:
        """Let both restart at each other's address, as when each got the other's from DHCP. Raises `Impossible`.

        Their ports go with them; `OSError` where one cannot be had there. Two swaps at a time may not concern the same
        camera.
        """
        if other is self:
            raise Impossible("That takes two cameras")
        async with self._hands, other._hands:
            if not (self.is_on and other.is_on):
                raise Impossible("One of the two has no power")
            await self._stop()
            await other._stop()
            here, there = self.host, other.host
            self._settle((there, *self.settings.also_at))
            other._settle((here, *other.settings.also_at))
            await self._start()
            await other._start()

    async def move(self, old: str, new: str) -> None:
        """Let it restart at another address instead of the `old` one, with all that it has. Raises `Impossible`.

        Raises `OSError`, and stays where it was, when it cannot have its ports there.
        """
        check_inside(new)
        async with self._hands:
            before = self.settings.hosts
            if not self.is_on or old not in before or new in before:
                raise Impossible("It has no power, is not at the old address or is at the new one already")
            self._leaving(self)
            await self._stop()
            self._settle(tuple(new if host == old else host for host in before))
            try:
                await self._start()
            except OSError:
                self._settle(before)
                await self._start()
                raise

    async def _start(self) -> None:
        if not self.is_on:
            await super()._start()
            self._told = self.standing(self.host).ports
            self._booted(self)

    async def _stop(self) -> None:
        self._left_alone.forget()
        await super()._stop()

    def _apply(self) -> None:
        super()._apply()
        ports = self.standing(self.host).ports
        if self.is_on and ports != self._told:
            self._told = ports
            self._background.begin(self._tell_change())

    async def _tell_change(self) -> None:
        await self._ports.settled()
        if self.is_on:
            self._changed(self)

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        if request.scheme == "https":
            self._left_alone.used()
        return await super()._answer(request)

    def _cut_power(self) -> None:
        self._background.begin(self.power_cut())

    def _cut_cable(self) -> None:
        self._background.begin(self.network_cut())

    def _act(self) -> None:
        path = self.device.presented()
        if self.settings.by_itself is None or path is None or path.alias == FACTORY:
            return
        self._left_alone.end()
        self._background.begin(self._act_by_itself(self.settings.by_itself))

    async def _act_by_itself(self, by_itself: ByItself) -> None:
        # Somebody may be quicker, or have left no room for it: then it just does not happen.
        with suppress(Impossible, OSError):
            match by_itself.what:
                case "power_cut":
                    await self.power_cut()
                case "move":
                    await self.move(self.host, by_itself.to)
                case change:
                    await self.change_certificate(change)

    async def _leave(self) -> None:
        await self._background.stop()
        await self._stop()
        self._ports.release()
