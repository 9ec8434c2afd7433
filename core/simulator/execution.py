"""How an operation is carried out, with whatever is to go wrong on the way."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from lxml import etree

from core.simulator import faults, key_maker
from core.simulator.device import Device
from core.simulator.dialect import BROKEN, Dialect
from core.simulator.http_server import Dropped, HttpAnswer
from core.simulator.mishaps import Mishaps
from core.simulator.operations import Call, Operation
from core.simulator.settings import Mishap

_FOREVER = 3600.0

Result = TypeVar("Result")


class Begin(Protocol):
    """Begins work that goes on although nobody waits for it any more."""

    def __call__(self, work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
        """Return the task."""


@dataclass(frozen=True, slots=True)
class Reactions:
    """What the camera does about a call: `store` right away, `apply` when the answer is out.

    `cut` cuts its power, `cut_network` only its network; `begin` begins what takes time.
    """

    store: Callable[[], None]
    apply: Callable[[], None]
    cut: Callable[[], None]
    cut_network: Callable[[], None]
    begin: Begin


class Execution:
    """Carries out the operations of one camera, from when it is switched on until it is switched off."""

    def __init__(self, device: Device, mishaps: Mishaps, dialect: Dialect, reactions: Reactions) -> None:
        self._device = device
        self._mishaps = mishaps
        self._dialect = dialect
        self._reactions = reactions

    async def carry_out(self, name: str, operation: Operation, call: Call) -> HttpAnswer:
        """Return the answer. Raises `OnvifFault`, and `Dropped` where there is to be no answer."""
        mishap = self._mishaps.take(name)
        if mishap is not None and (answer := await self._before(mishap)) is not None:
            return answer
        served = self._device.identity()
        element = await self._result(operation, call)
        if self._device.settings.quirks.loses_assignment_reply and self._device.identity() != served:
            self._reactions.apply()
            raise Dropped
        if mishap is not None:
            await self._after(mishap)
        then = self._reactions.cut if operation.reboots else self._reactions.apply
        return self._dialect.answer(element, then)

    async def _result(self, operation: Operation, call: Call) -> etree._Element:
        if operation.key is None:
            return self._done(operation, call)
        kind = operation.key(self._device, call)
        # The camera does not notice that the client has gone before it answers.
        return await asyncio.shield(self._reactions.begin(self._done_with_key(kind, operation, call)))

    async def _done_with_key(self, kind: str, operation: Operation, call: Call) -> etree._Element:
        settings = self._device.settings
        private = await key_maker.make(kind, settings.timing.key, known=settings.quirks.one_key)
        if settings.quirks.keys_fail:
            raise faults.failed("KeyGeneration", "The key could not be made")
        return self._done(operation, replace(call, private=private))

    def _done(self, operation: Operation, call: Call) -> etree._Element:
        element = operation.handler(self._device, call)
        self._reactions.store()
        return element

    async def _before(self, mishap: Mishap) -> HttpAnswer | None:
        """Let go wrong what is to go wrong before anything is done."""
        match mishap.kind:
            case "fault":
                raise faults.from_code(mishap.code)
            case "http_500_html":
                return BROKEN
            case "hang":
                await asyncio.sleep(_FOREVER)
                raise Dropped
            case "power_cut_before":
                self._reactions.cut()
                raise Dropped
            case "network_cut_before":
                self._reactions.cut_network()
                raise Dropped
            case "drop_before":
                raise Dropped
        return None

    async def _after(self, mishap: Mishap) -> None:
        """Let go wrong what is to go wrong when everything is done."""
        match mishap.kind:
            case "lose_reply":
                self._reactions.apply()
                raise Dropped
            case "hang_after":
                self._reactions.apply()
                await asyncio.sleep(_FOREVER)
                raise Dropped
            case "power_cut_after":
                self._reactions.cut()
                raise Dropped
            case "network_cut_after":
                self._reactions.apply()
                self._reactions.cut_network()
                raise Dropped
