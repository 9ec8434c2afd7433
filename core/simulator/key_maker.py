"""Makes the keys that a keystore has begun: in threads, and not faster than the camera is said to be."""

import asyncio
from collections.abc import Callable

from core.simulator import signing
from core.simulator.contents import Key, KeyStatus
from core.simulator.keystore import Keystore
from core.simulator.quirks import Quirks


async def make(kind: str, seconds: float, *, known: bool = False) -> bytes:
    """Make a key, in not less than so many seconds."""
    making = asyncio.to_thread(signing.make_key, kind, known=known)
    private, _ = await asyncio.gather(making, asyncio.sleep(seconds))
    return private


class KeyMaker:
    """Keeps up with one keystore. A key takes `seconds`. `made` is called after each."""

    def __init__(self, keystore: Keystore, seconds: float, quirks: Quirks, made: Callable[[], None]) -> None:
        self._keystore = keystore
        self._seconds = seconds
        self._quirks = quirks
        self._made = made
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def keep_up(self) -> None:
        """Start what was begun, and end what was deleted."""
        keys = self._keystore.contents.keys
        for key in keys.values():
            if key.status is KeyStatus.GENERATING and key.id not in self._tasks:
                self._tasks[key.id] = asyncio.create_task(self._make(key))
        for deleted in self._tasks.keys() - keys.keys():
            self._tasks.pop(deleted).cancel()

    async def stop(self) -> None:
        """End everything that is under way."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _make(self, key: Key) -> None:
        private = await make(key.kind, self._seconds, known=self._quirks.one_key)
        self._keystore.finish(key.id, None if self._quirks.keys_fail else private)
        self._made()
