"""How long an engine stays that a client has started."""

import asyncio
from collections.abc import Callable

from core.service.server import Server

# The client that started an engine attaches a moment after it saw it answer.
_FIRST_CLIENT = 20.0
_LEAST = 2.0


async def alone(
    server: Server,
    busy: Callable[[], bool],
    linger: float,
    *,
    first_client: float = _FIRST_CLIENT,
    least: float = _LEAST,
) -> None:
    """Return when for `linger` seconds, or `least` if that is more, nobody has been attached, and nothing is under way.

    Before anybody has been attached, it waits at least `first_client` seconds.
    """
    patience = max(linger, first_client)
    while True:
        await server.nobody.wait()
        try:
            async with asyncio.timeout(patience):
                await server.somebody.wait()
        except TimeoutError:
            if not busy():
                return
        patience = max(linger, least)
