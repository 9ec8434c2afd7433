"""TCP connections to devices, within a deadline."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any, NamedTuple

from core.network.line import Line
from core.network.wording import Place, not_reached


class _Candidate(NamedTuple):
    family: int
    kind: int
    protocol: int
    canonical_name: str
    address: Any


async def connect(place: Place, end: float) -> Line:
    """Return a connection. `end` is a time of the running loop, for resolving the name too.

    Raises `NotReachedError`.
    """
    try:
        async with asyncio.timeout_at(end):
            return await _connect(place)
    # A ValueError is a name that cannot even be asked for.
    except (OSError, ValueError) as error:
        raise not_reached(place, error) from error


async def _connect(place: Place) -> Line:
    problem = OSError("no address")
    for candidate in await _resolve(place):
        try:
            return await _try(candidate)
        except OSError as error:
            problem = error
    raise problem


async def _try(candidate: _Candidate) -> Line:
    line = Line(candidate.family)
    try:
        await line.connect(candidate.address)
    except BaseException:
        line.close()
        raise
    return line


async def _resolve(place: Place) -> Sequence[_Candidate]:
    try:
        # Addresses need no resolver: that spares a thread for each of hundreds of looks.
        found = socket.getaddrinfo(*place, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(*place, type=socket.SOCK_STREAM)
    return [_Candidate(*one) for one in found]
