"""What goes wrong on purpose, by operation and count."""

from collections import Counter
from collections.abc import Mapping

from core.simulator.settings import Mishap


class Mishaps:
    """The mishaps that are planned. `plan` may be changed while the camera runs: `plan["DeleteKey"] = Mishap(…)`."""

    def __init__(self, plan: Mapping[str, Mishap]) -> None:
        self.plan = dict(plan)
        self._calls: Counter[tuple[str, Mishap]] = Counter()

    def take(self, operation: str) -> Mishap | None:
        """Count a call; return what is to go wrong with it."""
        mishap = self.plan.get(operation)
        if mishap is None:
            return None
        self._calls[operation, mishap] += 1
        number = self._calls[operation, mishap]
        return mishap if mishap.skip < number <= mishap.skip + mishap.times else None
