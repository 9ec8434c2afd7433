"""The engine's own program, with a measure of how long its event loop is held: `ticking.py FILE ARGUMENTS...`.

FILE holds the longest time in seconds that the loop's thread worked between two turns of it; deleted, it begins anew.
"""

import asyncio
import sys
import time
from pathlib import Path

from core.service.run import main

_EVERY = 0.01


class _Policy(asyncio.DefaultEventLoopPolicy):
    """Makes loops that measure themselves."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        self._longest = self._last = 0.0

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        loop = super().new_event_loop()
        loop.call_soon(self._tick, loop)
        return loop

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        # The time of this thread, so that neither other threads nor a busy machine count.
        self._last, before = time.thread_time(), self._last
        if not self._file.exists():
            self._longest = 0.0
        if before and self._last - before > self._longest:
            self._longest = self._last - before
            self._file.write_text(f"{self._longest:.4f}")
        loop.call_later(_EVERY, self._tick, loop)


if __name__ == "__main__":
    asyncio.set_event_loop_policy(_Policy(Path(sys.argv[1])))
    sys.exit(main(sys.argv[2:]))
