"""How much one peer may say (rule R26)."""

from collections import OrderedDict


class RateLimit:
    """A token bucket for each peer: `burst` messages at once, then `rate` a second.

    It remembers the `most` peers that spoke last, so that made-up addresses cannot fill the memory.
    """

    def __init__(self, rate: float, burst: float, most: int = 4096) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def allow(self, peer: str, now: float) -> bool:
        """Tell whether `peer` may speak at `now` (monotonic seconds), and count it if so."""
        tokens, since = self._buckets.pop(peer, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[peer] = (tokens - allowed, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return allowed
