"""HTTP to one device, over connections that are bound to one leaf."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from enum import IntEnum
from typing import Any, Protocol

import httpx

from core.model.errors import AnswerLostError, DeviceError, GarbledError, NotReachedError
from core.network.profile import Profile, bound_context, version
from core.network.wording import Place, not_reached, tls_failed, without_zone

SHORT, LARGEST = 128 * 1024, 2 * 1024 * 1024
"""In bytes: an answer that is nothing special, and the longest that is read unless another one is given."""

_MOST_CONNECTIONS = 2
_KEEP_ALIVE = 5.0
_LIMITS = httpx.Limits(
    max_connections=_MOST_CONNECTIONS, max_keepalive_connections=_MOST_CONNECTIONS, keepalive_expiry=_KEEP_ALIVE
)
_READ_BACK = "It may have been done or not; that is known once the device is asked again."


class _Stage(IntEnum):
    """How far a request got. From `SENDING` on the device may act on it."""

    WAITING = 0
    CONNECTING = 1
    SHAKING = 2
    SENDING = 3


_STAGES = {
    "connection.connect_tcp.started": _Stage.CONNECTING,
    "connection.start_tls.started": _Stage.SHAKING,
    "http11.send_request_headers.started": _Stage.SENDING,
}
_CONNECTED = "connection.connect_tcp.complete"


class DeviceTransport(httpx.AsyncBaseTransport):
    """Requests to one origin, each connection compared with `leaf` before its first byte (rule R1).

    `scheme` is `https`, then `leaf` is the fingerprint that is expected, or `http`, then it is None. `deadline` in
    seconds bounds each exchange as a whole, from waiting for a free connection to the last byte, unless the request has
    an extension of that name; timeouts of the client are ignored. `largest` is in bytes. Of all answers longer than
    `SHORT` only so many are read at a time as `long_answers`, which transports may share, has room for; the others
    wait, within their deadline. `legacy` is for a device that is known to refuse today's TLS (rule R7). Redirects are
    handed to the caller; with a client use `trust_env=False` and `follow_redirects=False`. `tls` is the version of the
    last handshake, such as `TLS 1.3`.

    Connections are used again, and devices end them without a word: a request may be lost on one that is just closing
    (RFC 9112, 9.3.1). One with `Connection: close` gets a connection of its own, where no other is under way.

    Raises `NotReachedError` where certainly nothing was sent, `AnswerLostError` where something may have been,
    `WrongLeafError`, `TlsFailedError`, and `GarbledError` for other origins, encodings and sizes.
    """

    def __init__(
        self,
        scheme: str,
        host: str,
        port: int,
        leaf: str | None,
        *,
        legacy: bool = False,
        deadline: float = 30.0,
        largest: int = LARGEST,
        long_answers: asyncio.Semaphore | None = None,
    ) -> None:
        if scheme not in ("https", "http") or (scheme == "https") != bool(leaf):
            raise ValueError("a leaf goes with https, and only with it")
        self.tls = ""
        self._place = Place(host, port)
        self._origin = _origin(httpx.URL(scheme=scheme, host=host, port=port))
        self._profile = Profile.LEGACY if legacy else Profile.MODERN
        self._deadline = deadline
        self._largest = largest
        self._long_answers = long_answers
        self._under_way = 0
        context = bound_context(leaf, self._note_handshake, self._profile)
        self._inner = httpx.AsyncHTTPTransport(verify=context, trust_env=False, limits=_LIMITS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request` and read the whole answer."""
        if _origin(request.url) != self._origin:
            raise GarbledError(f"{self._place} points to another address", "camtrust stays with the address it knows.")
        progress = _Progress()
        self._under_way += 1
        try:
            async with asyncio.timeout(request.extensions.get("deadline", self._deadline)):
                if request.headers.get("Connection", "").lower() == "close" and self._under_way == 1:
                    await self._inner.aclose()
                return await self._exchange(request, progress)
        except (httpx.HTTPError, OSError) as error:
            raise self._told(error, progress.stage) from error
        finally:
            self._under_way -= 1
            await progress.close_half_open()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()

    async def _exchange(self, request: httpx.Request, progress: "_Progress") -> httpx.Response:
        headers = httpx.Headers(request.headers)
        headers["Accept-Encoding"] = "identity"
        headers["Host"] = headers["Host"].replace(request.url.host, without_zone(request.url.host))
        # Only our own extensions: a caller's could change the name that is sent in the handshake, or cut in.
        outgoing = httpx.Request(
            request.method,
            request.url,
            headers=headers,
            stream=request.stream,
            extensions={"trace": progress.follow, "sni_hostname": self._place.name},
        )
        response = await self._inner.handle_async_request(outgoing)
        try:
            body = await self._read(response)
        finally:
            await response.aclose()
        return httpx.Response(response.status_code, headers=response.headers, content=body, request=request)

    async def _read(self, response: httpx.Response) -> bytes:
        if response.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise GarbledError(f"{self._place} sent an encoded answer", "camtrust reads only plain ones.")
        if int(response.headers.get("Content-Length", 0)) > self._largest:
            raise self._too_long()
        parts, length = [], 0
        async with AsyncExitStack() as stack:
            async for part in response.aiter_raw():
                if length <= SHORT < length + len(part) and self._long_answers is not None:
                    await stack.enter_async_context(self._long_answers)
                parts.append(part)
                length += len(part)
                if length > self._largest:
                    raise self._too_long()
            return b"".join(parts)

    def _too_long(self) -> GarbledError:
        return GarbledError(f"{self._place} sent too long an answer", f"Read are up to {self._largest} bytes.")

    def _note_handshake(self, tls: ssl.SSLObject) -> None:
        self.tls = version(tls)

    def _told(self, error: Exception, stage: _Stage) -> DeviceError:
        if stage == _Stage.SHAKING:
            return tls_failed(self._place, error, self._profile)
        if isinstance(error, httpx.LocalProtocolError):
            return NotReachedError(f"{self._place} was not asked", "User name or password hold what HTTP cannot carry.")
        if stage < _Stage.SENDING:
            return not_reached(self._place, error)
        if isinstance(error, httpx.RemoteProtocolError):
            return AnswerLostError(f"{self._place} sent no valid answer", _READ_BACK)
        return AnswerLostError(f"{self._place}: the answer was lost", _READ_BACK)


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class _Progress:
    """Follows one request by httpcore's trace, to tell afterwards what can have reached the device."""

    def __init__(self) -> None:
        self.stage = _Stage.WAITING
        self._half_open: _Closable | None = None

    async def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take note of a trace event."""
        self.stage = _STAGES.get(event, self.stage)
        if event == _CONNECTED:
            self._half_open = info["return_value"]
        elif self.stage == _Stage.SENDING:
            self._half_open = None

    async def close_half_open(self) -> None:
        """Close a connection that never got as far as a request; httpcore forgets it when it is cancelled."""
        if self._half_open is not None:
            await self._half_open.aclose()


def _origin(url: httpx.URL) -> tuple[str, bytes, int | None]:
    return url.scheme, url.raw_host, url.port or {"https": 443, "http": 80}.get(url.scheme)
