"""What a camera does when it was used and then left alone."""

import asyncio
from collections.abc import Callable

from core.simulator.settings import ByItself


class LeftAlone:
    """Calls `act` when it was told of a use, and then of no other one for as long as the setting says."""

    def __init__(self, by_itself: ByItself | None, act: Callable[[], None]) -> None:
        self._by_itself = by_itself
        self._act = act
        self._timer: asyncio.TimerHandle | None = None

    def used(self) -> None:
        """Count from now on."""
        self.forget()
        if self._by_itself is not None:
            self._timer = asyncio.get_running_loop().call_later(self._by_itself.after, self._act)

    def forget(self) -> None:
        """Count no longer, until the next use."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end(self) -> None:
        """Never call again."""
        self._by_itself = None
