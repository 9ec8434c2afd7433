"""RTSP as far as a client can learn from it without asking for media: OPTIONS is answered (RFC 2326, 10.1)."""

import asyncio
import re
from datetime import datetime

from core.simulator import self_made, signing
from core.simulator.assignment import Identity
from core.simulator.log import Connection
from core.simulator.settings import CameraSettings, VideoSettings

IN_CLEAR, OVER_TLS = "RTSP", "RTSPS"

_END = b"\r\n\r\n"
_LARGEST = 8192
_IDLE = 60.0
_REQUEST = re.compile(rb"(?P<method>[A-Z_]{1,32}) \S+ RTSP/1\.0\r\n")
_NUMBER = re.compile(rb"^CSeq:[ \t]*([0-9]{1,9})\r$", re.IGNORECASE | re.MULTILINE)


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, record: Connection, settings: VideoSettings
) -> None:
    """Answer the requests of one connection until the client ends it, or says what is none."""
    asked = b""
    while len(asked) < _LARGEST:
        async with asyncio.timeout(_IDLE):
            data = await reader.read(_LARGEST)
        if not data:
            return
        record.received += len(data)
        asked += data
        while _END in asked:
            request, _, asked = asked.partition(_END)
            record.requests += 1
            writer.write(answer(request + b"\r\n", settings))
            await writer.drain()


def answer(request: bytes, settings: VideoSettings) -> bytes:
    """Return the answer to one request, that is its first line and its headers."""
    asked, number = _REQUEST.match(request), _NUMBER.search(request)
    if asked is None or number is None:
        return b"RTSP/1.0 400 Bad Request\r\n\r\n"
    if settings.login:
        status, more = "401 Unauthorized", 'WWW-Authenticate: Digest realm="streams", nonce="0"\r\n'
    elif asked["method"] == b"OPTIONS":
        status, more = "200 OK", "Public: OPTIONS\r\n"
    else:
        status, more = "501 Not Implemented", ""
    return f"RTSP/1.0 {status}\r\nCSeq: {number[1].decode()}\r\n{more}\r\n".encode()


def own_identity(settings: CameraSettings, now: datetime) -> Identity:
    """Return a certificate that only RTSPS presents, with its key."""
    private = signing.make_key("EC secp256r1")
    return Identity((self_made.certificate(settings, private, now),), private)
