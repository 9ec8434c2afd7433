"""What the dialogs know of addresses: each is looked at once, with a handshake and nothing more."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from core.model.errors import CamtrustError
from core.model.messages import Look, LookAt, Looks
from tui.looks import look_lines
from tui.paragraphs import Line
from tui.session import Session

_AT_ONCE = 8


class Looking:
    """The looks at some addresses. `changed` is called when more is known."""

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        self._session = session
        self._changed = changed
        self._looks: dict[str, Look | None] = {}

    def know(self, look: Look) -> None:
        """Take what is known of an address, which is then not looked at."""
        self._looks[look.address] = look

    def at(self, address: str) -> Look | None:
        """Return what an address showed, once it did."""
        return self._looks.get(address)

    def unseen(self, addresses: Iterable[str]) -> list[str]:
        """Return the addresses at which no look has begun."""
        return [address for address in addresses if address not in self._looks]

    def begin(self, addresses: Iterable[str]) -> list[str]:
        """Return the addresses at which no look has begun: it begins now."""
        unseen = self.unseen(addresses)
        self._looks |= dict.fromkeys(unseen)
        return unseen

    async def look_at(self, addresses: Sequence[str]) -> None:
        """Look at addresses, a few at a time."""
        slots = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._look_at(address, slots) for address in addresses))

    async def _look_at(self, address: str, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                answer = await self._session.ask(LookAt(addresses=(address,)), Looks)
                look = answer.looks[0] if answer.looks else Look(address, problem="The engine told nothing.")
            except CamtrustError as error:
                look = Look(address, problem=error.title, notes=(error.hint,) if error.hint else ())
        self._looks[address] = look
        self._changed()

    def lines(self, addresses: Iterable[str], names: Mapping[str, str], width: int, *, in_full: bool) -> list[Line]:
        """Return what is known of addresses. `names` are those of the devices there, where they are known."""
        looks = ((address, self._looks.get(address), address in self._looks) for address in addresses)
        told = (
            look_lines(address, look, names.get(address, ""), is_looking=asked, in_full=in_full, width=width)
            for address, look, asked in looks
        )
        return [line for lines in told for line in lines]
