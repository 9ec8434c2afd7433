"""Makes the keys that a keystore has begun: in threads, and not faster than the camera is said to be."""

import asyncio
from collections.abc import Callable

from core.simulator import signing
from core.simulator.contents import Key, KeyStatus
from core.simulator.keystore import Keystore


async def make(kind: str, seconds: float) -> bytes:
    """Make a key, in not less than so many seconds."""
    private, _ = await asyncio.gather(asyncio.to_thread(signing.make_key, kind), asyncio.sleep(seconds))
    return private


class KeyMaker:
    """Keeps up with one keystore. A key takes `seconds`; with `fail` all are corrupt. `made` is called after each."""

    def __init__(self, keystore: Keystore, seconds: float, fail: bool, made: Callable[[], None]) -> None:
        self._keystore = keystore
        self._seconds = seconds
        self._fail = fail
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
        private = await make(key.kind, self._seconds)
        self._keystore.finish(key.id, None if self._fail else private)
        self._made()
