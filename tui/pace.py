"""How often the screen is drawn. Pure."""

KEY_SECONDS = 0.5
"""How long after a key more is drawn: what it does, and what the engine answers."""


class Pace:
    """Leaves `gap` seconds between frames, and `key_gap` after a key. Times are in seconds, of one clock."""

    def __init__(self, gap: float, begun: float, key_gap: float = 0.0) -> None:
        self._gap = gap
        self._key_gap = key_gap
        self._key = begun
        self._frame = begun - gap

    def key(self, now: float) -> None:
        """A technician did something."""
        self._key = now

    def sent(self, now: float) -> None:
        """A frame was sent."""
        self._frame = now

    def wait(self, now: float) -> float:
        """Return the seconds until the next frame may be sent."""
        gap = self._key_gap if now < self._key + KEY_SECONDS else self._gap
        return max(0.0, self._frame + gap - now)
