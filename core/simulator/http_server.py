"""HTTP/1.1 for one connection: requests in, answers out (RFC 9112)."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus

import h11

from core.simulator.addresses import in_url
from core.simulator.log import Connection

_LARGEST_BODY = 1024 * 1024
_CHUNK = 64 * 1024
_IDLE = 60.0


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, to the camera's address `host`, as URLs have it. Header names are in lower case."""

    scheme: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    host: str = ""

    def header(self, name: str) -> str:
        """Return the first header of that name, "" where there is none."""
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer. `then` is called when it is on its way, or cannot be brought on its way any more.

    `sends` sends something else in its place, past HTTP. The connection ends after the `last`.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    then: Callable[[], None] | None = None
    last: bool = False
    sends: Callable[["HttpConnection"], Awaitable[None]] | None = None


class Dropped(Exception):  # noqa: N818 - an answer that is not one
    """The connection ends here without an answer."""


Handler = Callable[[HttpRequest], Awaitable[HttpAnswer]]
TakeOver = Callable[[HttpRequest, "HttpConnection"], Awaitable[None] | None]
"""Returns what serves a connection instead from a request on, whose body is still to come; None for nobody."""


class HttpConnection:
    """Serves one connection until the client or an error ends it. Every byte that arrives is counted in `record`."""

    def __init__(
        self,
        scheme: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: Connection,
        take_over: TakeOver | None = None,
    ) -> None:
        self._scheme = scheme
        self._reader = reader
        self._writer = writer
        self._record = record
        self._take_over = take_over
        self._host = in_url(writer.get_extra_info("sockname")[0])
        self._h11 = h11.Connection(h11.SERVER)
        self._method = ""

    async def serve(self, handle: Handler) -> None:
        """Answer requests by `handle`, one after the other."""
        with suppress(OSError, Dropped, h11.LocalProtocolError):
            while (request := await self._request()) is not None:
                answer = await handle(request)
                try:
                    await (self._answer(answer) if answer.sends is None else self._send_past(answer.sends))
                finally:
                    if answer.then is not None:
                        answer.then()
                if answer.last or not self._goes_on():
                    return

    async def read_raw(self) -> bytes:
        """Return what came next, past HTTP; nothing at the end."""
        if self._h11.trailing_data[0]:
            data, self._h11 = self._h11.trailing_data[0], h11.Connection(h11.SERVER)
            return data
        return await self._receive()

    async def write_raw(self, data: bytes) -> None:
        """Send past HTTP."""
        self._writer.write(data)
        await self._writer.drain()

    def _goes_on(self) -> bool:
        if self._h11.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._h11.start_next_cycle()
        return self._h11.states == {h11.CLIENT: h11.IDLE, h11.SERVER: h11.IDLE}

    async def _send_past(self, sends: Callable[["HttpConnection"], Awaitable[None]]) -> None:
        await sends(self)
        # Of what was sent nothing is known here, so that the next request is read as if it were the first.
        self._h11 = h11.Connection(h11.SERVER)

    async def _request(self) -> HttpRequest | None:
        """Return the next request, None where there is none to come. What is no HTTP is told so."""
        try:
            return await self._read_request()
        except h11.RemoteProtocolError as error:
            if self._h11.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await self._answer(HttpAnswer(error.error_status_hint, b"Bad request"))
            return None

    async def _read_request(self) -> HttpRequest | None:
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        self._record.requests += 1
        self._method = event.method.decode("latin-1")
        head = HttpRequest(self._scheme, self._method, event.target.decode("latin-1"), headers, b"", self._host)
        taken = self._take_over(head, self) if self._take_over is not None else None
        if taken is not None:
            await taken
            return None
        return replace(head, body=await self._body())

    async def _body(self) -> bytes:
        body = bytearray()
        while isinstance(data := await self._event(), h11.Data):
            body += data.data
            if len(body) > _LARGEST_BODY:
                raise h11.RemoteProtocolError("too large", error_status_hint=413)
        return bytes(body)

    async def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._h11.next_event()) is h11.NEED_DATA:
            if self._h11.they_are_waiting_for_100_continue:
                await self._send(h11.InformationalResponse(status_code=100, headers=[]))
            self._h11.receive_data(await self._receive())
        return event

    async def _receive(self) -> bytes:
        async with asyncio.timeout(_IDLE):
            data = await self._reader.read(_CHUNK)
        self._record.received += len(data)
        self._record.record(data)
        return data

    async def _answer(self, answer: HttpAnswer) -> None:
        headers = [
            *answer.headers,
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
        ]
        reason = HTTPStatus(answer.status).phrase
        await self._send(h11.Response(status_code=answer.status, headers=headers, reason=reason.encode()))
        if self._method != "HEAD":
            await self._send(h11.Data(data=answer.body))
        await self._send(h11.EndOfMessage())

    async def _send(self, event: h11.Event) -> None:
        data = self._h11.send(event)
        if data:
            self._record.record(data)
            self._writer.write(data)
            await self._writer.drain()
