"""An engine to be killed: writes journal lines and events, and prints each number once both are stored."""

import asyncio
import itertools
import sys
from pathlib import Path

import msgspec

from core.store.folder import StateFolder
from core.store.store import Store
from tests.store.samples import EVENT, INSTALL, entry


async def _write(folder: Path) -> None:
    store = await Store.open(folder)
    await store.put_install(INSTALL)
    for number in itertools.count(len(await store.journal_of(INSTALL.id))):
        await store.journal(entry(number))
        await store.add_event(msgspec.structs.replace(EVENT, text=str(number)))
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(_write(StateFolder.open(Path(sys.argv[1])).path))
