"""Changes told one after the other, as one."""

import asyncio
from collections.abc import Callable

from tui.site import Change


class Merging:
    """Publishes the first change at once, and what comes within `gap` seconds after it as one."""

    def __init__(self, publish: Callable[[Change], None], gap: float) -> None:
        self._publish = publish
        self._gap = gap
        self._waiting: Change | None = None
        self._timer: asyncio.TimerHandle | None = None

    def add(self, change: Change) -> None:
        """Take a change."""
        if self._timer is None:
            self._publish(change)
            self._timer = asyncio.get_running_loop().call_later(self._gap, self._over)
        else:
            self._waiting = change if self._waiting is None else self._waiting.and_then(change)

    def stop(self) -> None:
        """Publish nothing more."""
        self._publish = _nobody

    def _over(self) -> None:
        change, self._waiting, self._timer = self._waiting, None, None
        if change is not None:
            self.add(change)


def _nobody(_: Change) -> None:
    """Nobody is there any more."""
