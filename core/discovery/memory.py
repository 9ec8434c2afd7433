"""What is remembered of each address, because a device tells of itself in several messages."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Known = TypeVar("Known")


class Memory(Generic[Known]):
    """One entry for each address, forgotten `seconds` after it was last heard (rule R26).

    It holds the `most` addresses that spoke last, so that made-up ones cannot fill the memory. `fresh` makes the entry
    of an address that is new.
    """

    def __init__(self, fresh: Callable[[], Known], seconds: float, most: int = 4096) -> None:
        self._fresh = fresh
        self._seconds = seconds
        self._most = most
        self._entries: OrderedDict[str, tuple[Known, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def hear(self, address: str, now: float) -> Known:
        """Return the entry of an address that speaks at `now` (monotonic seconds)."""
        known, since = self._entries.pop(address, (None, now))
        if known is None or now - since > self._seconds:
            known = self._fresh()
        self._entries[address] = (known, now)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)
        return known

    def get(self, address: str) -> Known | None:
        """Return the entry of an address, or None; this is no hearing."""
        known, _ = self._entries.get(address, (None, 0.0))
        return known
