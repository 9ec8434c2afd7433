"""A camera's own clock, which is rarely right."""

import time
from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock:
    """`offset` seconds ahead of the real time; or, where it is `lost`, counting from 1970 since the start."""

    def __init__(self, offset: float, lost: bool) -> None:
        self._offset = timedelta(seconds=offset)
        self._lost = lost
        self.start()

    def start(self) -> None:
        """Start as at a boot."""
        self._started = time.monotonic()

    def now(self) -> datetime:
        """Return what the camera takes for the time."""
        if self._lost:
            return _EPOCH + timedelta(seconds=time.monotonic() - self._started) + self._offset
        return datetime.now(UTC) + self._offset
