"""Does plain HTTP answer here? Asked without a login, before a device is added over HTTP."""

import asyncio
import contextlib
import socket

from core.model.errors import NotReachedError
from core.network.connect import connect
from core.network.wording import Place

_ANSWER = b"HTTP/"


async def speaks_http(host: str, port: int, *, deadline: float = 5.0) -> bool:
    """Tell whether anything like HTTP answers a bare `GET /` within `deadline` seconds, whatever its status.

    A TLS port that complains in plain HTTP counts too, so look at the port first. Never raises a `DeviceError`.
    """
    place = Place(host, port)
    end = asyncio.get_running_loop().time() + deadline
    try:
        with contextlib.closing(await connect(place, end)) as sock:
            async with asyncio.timeout_at(end):
                return await _answers(sock, place._replace(host=place.name))
    except (NotReachedError, OSError):
        return False


async def _answers(sock: socket.socket, place: Place) -> bool:
    loop = asyncio.get_running_loop()
    answer = b""
    await loop.sock_sendall(sock, f"GET / HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
    while len(answer) < len(_ANSWER) and _ANSWER.startswith(answer):
        data = await loop.sock_recv(sock, len(_ANSWER) - len(answer))
        if not data:
            break
        answer += data
    return answer == _ANSWER
