"""RTSP tunnelled over HTTP or HTTPS: answers to what one request brings go out as the body of another's answer.

The two belong together by their `x-sessioncookie`, as QuickTime began it (ONVIF Streaming, 5.1.1.4).
"""

import base64
import binascii
from collections.abc import Coroutine
from contextlib import suppress

from core.simulator import rtsp
from core.simulator.http_server import HttpConnection, HttpRequest
from core.simulator.settings import VideoSettings

_TYPE = "application/x-rtsp-tunnelled"
_BEGUN = f"HTTP/1.0 200 OK\r\nContent-Type: {_TYPE}\r\nCache-Control: no-store\r\n\r\n".encode()
_LARGEST = 16 * 1024
_END = b"\r\n\r\n"


class Tunnel:
    """The tunnels of one camera, all at one path. The second half of one may only come when the first is there."""

    def __init__(self, settings: VideoSettings, path: str) -> None:
        self._settings = settings
        self._path = path
        self._first_halves: dict[str, HttpConnection] = {}

    def take_over(self, request: HttpRequest, connection: HttpConnection) -> Coroutine[None, None, None] | None:
        """Return what serves the connection from now on, None where it is for no tunnel."""
        cookie = request.header("x-sessioncookie")
        if not cookie or request.target.partition("?")[0] != self._path:
            return None
        if request.method == "GET" and cookie not in self._first_halves:
            return self._first_half(cookie, connection)
        if request.method == "POST" and cookie in self._first_halves:
            return self._second_half(self._first_halves[cookie], connection)
        return None

    async def _first_half(self, cookie: str, connection: HttpConnection) -> None:
        self._first_halves[cookie] = connection
        try:
            await connection.write_raw(_BEGUN)
            while await connection.read_raw():
                pass
        finally:
            del self._first_halves[cookie]

    async def _second_half(self, first: HttpConnection, connection: HttpConnection) -> None:
        encoded = b""
        with suppress(binascii.Error):
            while len(encoded) < _LARGEST and (data := await connection.read_raw()):
                encoded += data
                asked = base64.b64decode(encoded[: len(encoded) // 4 * 4], validate=True)
                if asked.endswith(_END):
                    encoded = b""
                    await first.write_raw(rtsp.answer(asked[:-2], self._settings))
