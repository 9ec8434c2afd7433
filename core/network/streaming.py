"""Whether RTSP answers, and over what: one OPTIONS each, without a login, and no media (RFC 2326, 10.1).

A status of 200 or 401 counts as an answer: it is RTSP that wants a login, or does not.
"""

import asyncio
import base64
import contextlib
import re
import secrets
from collections.abc import Awaitable
from typing import Protocol

from core.decide.streaming import Probed
from core.model.errors import DeviceError, NotReachedError, WrongLeafError
from core.network.connect import connect
from core.network.secured import secured
from core.network.wording import Place

_LARGEST_ANSWER = 8192
# Some devices answer the first half of a tunnel at once, and some only when the second is there.
_FIRST_HALF = 1.0
_TUNNELLED = "application/x-rtsp-tunnelled"
# What QuickTime sends, and devices look for: longer than the body will ever be.
_BODY_LENGTH = 32767
_HTTP_START = b"HTTP/1."
_HTTP_HEAD = re.compile(rb"HTTP/1\.[01] ([0-9]{3})\b.*?\r?\n\r?\n", re.DOTALL)
_WEB_PAGE = re.compile(rb"\ncontent-type:[ \t]*text/html", re.IGNORECASE)
# Over HTTP/1.1 the answer may come in chunks, the length of the first before it (RFC 9112, 7.1).
_RTSP_ANSWER = re.compile(rb"(?:[0-9a-f]{1,8}[^\r\n]{0,64}\r\n)?RTSP/1\.0 ([0-9]{3})\b[^\r\n]*\r?\n", re.IGNORECASE)
_NOTHING_THERE = frozenset((b"400", b"404", b"405", b"406", b"410", b"415", b"501"))
_SPEAKS_RTSP = frozenset((b"200", b"401"))


async def probe_tunnel(
    host: str, port: int, target: str, leaf: str, *, legacy: bool = False, deadline: float = 5.0
) -> Probed:
    """Tell whether RTSP is tunnelled over HTTPS at `target` (ONVIF Streaming, 5.1.1.4). Never raises a `DeviceError`.

    Two connections, each bound to `leaf`: answers to what is sent over the second come over the first. `legacy`, here
    and below, is for a device that is known to refuse today's TLS (rule R7).
    """
    return await _judged(_tunnel(Place(host, port), target, leaf, _end(deadline), legacy))


async def probe_rtsps(
    host: str, port: int, target: str, leaf: str, *, legacy: bool = False, deadline: float = 5.0
) -> Probed:
    """Tell whether RTSP over TLS answers, bound to `leaf`: nothing is sent to another. Never raises a `DeviceError`."""
    return await _judged(_rtsps(Place(host, port), target, leaf, _end(deadline), legacy))


async def probe_rtsp(host: str, port: int, *, deadline: float = 5.0) -> Probed:
    """Tell whether RTSP answers in clear, where not even the address of a stream is sent. Never raises a `DeviceError`.

    `deadline` in seconds bounds everything, here as above.
    """
    return await _judged(_rtsp(Place(host, port), _end(deadline)))


async def _judged(probe: Awaitable[Probed]) -> Probed:
    try:
        return await probe
    except WrongLeafError:
        return Probed.OTHER_LEAF
    except NotReachedError as error:
        return Probed.NO if isinstance(error.__cause__, ConnectionRefusedError) else Probed.UNCLEAR
    except (DeviceError, OSError):
        return Probed.UNCLEAR


async def _tunnel(place: Place, target: str, leaf: str, end: float, legacy: bool) -> Probed:
    cookie = secrets.token_hex(11)
    async with secured(place, leaf, end, legacy=legacy) as down:
        await down.send(_half("GET", place, target, cookie, f"Accept: {_TUNNELLED}"))
        answer = _Answer(down)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_HALF):
                await answer.head()
        if (refused := answer.refusal()) is not None:
            return refused
        async with secured(place, leaf, end, legacy=legacy) as up:
            content = f"Content-Type: {_TUNNELLED}\r\nContent-Length: {_BODY_LENGTH}"
            asked = base64.b64encode(_options("rtsp", place, target))
            await up.send(_half("POST", place, target, cookie, content) + asked)
            await answer.head()
            refused = answer.refusal()
            return await answer.rtsp() if refused is None else refused


async def _rtsps(place: Place, target: str, leaf: str, end: float, legacy: bool) -> Probed:
    async with secured(place, leaf, end, legacy=legacy) as connection:
        await connection.send(_options("rtsps", place, target))
        return await _Answer(connection).rtsp()


async def _rtsp(place: Place, end: float) -> Probed:
    with contextlib.closing(await connect(place, end)) as line:
        async with asyncio.timeout_at(end):
            await line.send(_options("rtsp", place, "/"))
            return await _Answer(line).rtsp()


class _Receiving(Protocol):
    async def receive(self, most: int) -> bytes: ...


class _Answer:
    """What comes back, read only as far as it takes to know what it is."""

    def __init__(self, source: _Receiving) -> None:
        self._source = source
        self._data = b""
        self._head: re.Match[bytes] | None = None
        self._is_over = False

    async def head(self) -> None:
        """Read the head of an HTTP answer."""
        while self._head is None and self._may_be_http() and await self._more():
            self._head = _HTTP_HEAD.match(self._data)

    def refusal(self) -> Probed | None:
        """Return what an HTTP answer means that begins no tunnel; None for one that does, or is still to come."""
        if self._head is None:
            return None if self._may_be_http() and not self._is_over else Probed.UNCLEAR
        if self._head[1] in _NOTHING_THERE or _WEB_PAGE.search(self._head[0]):
            return Probed.NO
        return None if self._head[1] == b"200" else Probed.UNCLEAR

    async def rtsp(self) -> Probed:
        """Read an RTSP answer, after the head of the HTTP answer if there was one, and return what it means."""
        start = self._head.end() if self._head else 0
        while (found := _RTSP_ANSWER.match(self._data, start)) is None:
            if not await self._more():
                return Probed.UNCLEAR
        return Probed.YES if found[1] in _SPEAKS_RTSP else Probed.UNCLEAR

    def _may_be_http(self) -> bool:
        return _HTTP_START.startswith(self._data[: len(_HTTP_START)])

    async def _more(self) -> bool:
        if len(self._data) >= _LARGEST_ANSWER:
            self._is_over = True
        if not self._is_over:
            data = await self._source.receive(_LARGEST_ANSWER - len(self._data))
            self._data += data
            self._is_over = not data
        return not self._is_over


def _half(method: str, place: Place, target: str, cookie: str, content: str) -> bytes:
    return (
        f"{method} {target} HTTP/1.1\r\nHost: {_as_host(place)}\r\nUser-Agent: camtrust\r\n"
        f"x-sessioncookie: {cookie}\r\nPragma: no-cache\r\nCache-Control: no-cache\r\n{content}\r\n\r\n"
    ).encode()


def _options(scheme: str, place: Place, target: str) -> bytes:
    uri = f"{scheme}://{_as_host(place)}{target}"
    return f"OPTIONS {uri} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: camtrust\r\n\r\n".encode()


def _as_host(place: Place) -> str:
    return str(place._replace(host=place.name))


def _end(deadline: float) -> float:
    return asyncio.get_running_loop().time() + deadline
