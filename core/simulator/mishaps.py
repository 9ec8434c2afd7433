"""What goes wrong on purpose, by operation and count."""

from collections import Counter
from collections.abc import Mapping

from core.simulator.settings import Mishap


class Mishaps:
    """The mishaps that are planned, by operation; `happened` counts those that were, `called` all calls let in."""

    def __init__(self, planned: Mapping[str, Mishap]) -> None:
        self.called: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()
        self._planned = dict(planned)
        self._calls: Counter[str] = Counter()

    def plan(self, operation: str, mishap: Mishap) -> None:
        """Let something go wrong with an operation from now on, instead of what was planned for it."""
        self._planned[operation] = mishap
        self._calls[operation] = 0

    def take(self, operation: str) -> Mishap | None:
        """Count a call; return what is to go wrong with it."""
        self.called[operation] += 1
        mishap = self._planned.get(operation)
        if mishap is None:
            return None
        self._calls[operation] += 1
        if not mishap.skip < self._calls[operation] <= mishap.skip + mishap.times:
            return None
        self.happened[operation] += 1
        return mishap
