"""Ends an engine, and knows when its process is gone."""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from core.model.errors import CamtrustError, EngineGoneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.attach import Place

_LONGEST_KILL = 10.0


@contextmanager
def watched(pid: int) -> Iterator[int | None]:
    """Hold a descriptor of the process with this id, which stays that of this process when the id is used again.

    None where there is no such process to be seen from here.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def ended(process: int | None, patience: float) -> bool:
    """Wait until a watched process has ended; tell whether it did within `patience` seconds."""
    if process is None:
        return True
    readable, _, _ = select.select([process], [], [], patience)
    return bool(readable)


def kill(process: int | None) -> None:
    """End a watched process, whatever it does, and wait until it is gone."""
    if process is None:
        return
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, signal.SIGKILL)
    ended(process, _LONGEST_KILL)


async def stop_engine(place: Place, *, force: bool, patience: float = 60.0) -> int:
    """Ask the engine to end, wait up to `patience` seconds until its process is gone, and return its id.

    Raises `EngineGoneError` where none runs, `UsageError` where nothing may be changed.
    """
    import asyncio

    from core.model.messages import StopEngine
    from core.service.client import Client
    from tui.attach import check_may_change

    check_may_change(place)
    async with await Client.connect(place.socket) as client:
        pid = client.welcome.status.pid
        with watched(pid) as process:
            # It may be gone before its answer is read: that is what was asked for.
            with suppress(EngineGoneError):
                await client.ask(StopEngine(force=force))
            if not await asyncio.to_thread(ended, process, patience):
                raise CamtrustError(
                    f"The engine has not ended after {patience:.0f} s.",
                    "It may be finishing what it must not leave half done. Try again in a minute.",
                )
    return pid
