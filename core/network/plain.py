"""What plain HTTP answers on a port. Asked without a login, before a device is added over HTTP."""

import asyncio
import contextlib
import re

from core.model.errors import NotReachedError
from core.network.connect import connect
from core.network.line import Line
from core.network.wording import Place

_ANSWER = b"HTTP/"
_END = b"\r\n\r\n"
_LONGEST_HEAD = 4096
_TO_HTTPS = re.compile(
    rb"HTTP/[0-9.]+ 3[0-9][0-9]\b.*?\nLocation:[ \t]*https://(?:\[[^]/\s]*\]|[^]:/?#\s]*)(?::([0-9]{1,5}))?[/?#\s]",
    re.IGNORECASE | re.DOTALL,
)


async def speaks_http(host: str, port: int, *, deadline: float = 5.0) -> bool:
    """Tell whether anything like HTTP answers a bare `GET /` within `deadline` seconds, whatever its status.

    A TLS port that complains in plain HTTP counts too, so look at the port first. Never raises a `DeviceError`.
    """
    return await _answer(host, port, deadline, len(_ANSWER)) == _ANSWER


async def https_port(host: str, port: int, *, deadline: float = 5.0) -> int | None:
    """Return the port of the HTTPS address that a bare `GET /` is sent on to, None where it is not.

    Of that address only the port is believed (rule R20). Never raises a `DeviceError`.
    """
    found = _TO_HTTPS.match(await _answer(host, port, deadline, _LONGEST_HEAD))
    named = int(found[1] or 443) if found else 0
    return named if 0 < named < 65536 else None


async def _answer(host: str, port: int, deadline: float, most: int) -> bytes:
    """Return up to `most` bytes of the head of the answer, nothing where it does not come in time."""
    place = Place(host, port)
    end = asyncio.get_running_loop().time() + deadline
    try:
        with contextlib.closing(await connect(place, end)) as line:
            async with asyncio.timeout_at(end):
                return await _ask(line, place._replace(host=place.name), most)
    except (NotReachedError, OSError):
        return b""


async def _ask(line: Line, place: Place, most: int) -> bytes:
    answer = b""
    await line.send(f"GET / HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\n\r\n".encode())
    while len(answer) < most and _ANSWER.startswith(answer[: len(_ANSWER)]) and _END not in answer:
        data = await line.receive(most - len(answer))
        if not data:
            break
        answer += data
    return answer
