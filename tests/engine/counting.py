"""A device of the test's own that shows whatever certificate it is told to, and counts what it is sent.

It completes every handshake, knows no ONVIF and answers 404 to all, so that it ends as `HTTPS (Device)`.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.network.leaves import Leaf, new_leaf
from tests.network.servers import Line

_ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
# Records of TLS (RFC 8446, 5.1): how a handshake begins, and the alert that it failed.
_HANDSHAKE, _ALERT = bytes.fromhex("1603"), bytes.fromhex("15030300020228")


class Odd(Enum):
    """What answers in place of a certificate."""

    BROKEN = "TLS that fails"
    PLAIN = "plain HTTP"


Shown = Leaf | Odd


@dataclass(frozen=True)
class Heard:
    """What came over one connection at once, decrypted. `leaf` is the fingerprint that was presented on it."""

    leaf: str
    data: bytes


class CountingDevice:
    """Listens on `host` whenever it is on. `shows` is presented in turn, the last for ever.

    `connections` counts all connections; `presented` are the fingerprints of all handshakes that were finished, `heard`
    is all application data, in order. `before` is done before anything is shown.
    """

    def __init__(self, host: str, *shows: Shown) -> None:
        self.host, self.port = host, 0
        self.presented: list[str] = []
        self.connections = 0
        self.heard: list[Heard] = []
        self.before: Callable[[], Awaitable[None]] | None = None
        self._shows = list(shows)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def __aenter__(self) -> "CountingDevice":
        await self.on()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.off()

    async def on(self) -> None:
        """Listen, on the same port each time."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def off(self) -> None:
        """Stop listening, and hang up on whoever is connected."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def show(self, *shows: Shown) -> None:
        """Present something else from the next connection on."""
        self._shows = list(shows)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
            if self.before is not None:
                await self.before()
            await self._serve(Line(reader, writer))
        writer.transport.abort()
        # It may be switched off once more while it hangs up.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _serve(self, line: Line) -> None:
        shown = self._shows.pop(0) if len(self._shows) > 1 else self._shows[0]
        if shown is Odd.BROKEN:
            await line.read()
            await line.write_raw(_ALERT)
        elif isinstance(shown, Leaf):
            await line.shake(_context(shown))
            self.presented.append(shown.fingerprint)
            await self._answer(line, shown.fingerprint)
        else:
            await self._answer_plainly(line)

    async def _answer_plainly(self, line: Line) -> None:
        """Also what begins a handshake is answered, as web servers do; it is no application data."""
        data = await line.read()
        if data and not data.startswith(_HANDSHAKE):
            self.heard.append(Heard("", data))
        await line.write(_ANSWER)

    async def _answer(self, line: Line, leaf: str) -> None:
        answered = 0
        while data := await line.read():
            self.heard.append(Heard(leaf, data))
            if _is_complete(line.data[answered:]):
                answered = len(line.data)
                await line.write(_ANSWER)


def twin_of(leaf: Leaf) -> Leaf:
    """Another certificate for the same key, as a device makes when only its dates or names changed."""
    key = serialization.load_der_private_key(leaf.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    old = x509.load_der_x509_certificate(leaf.der)
    builder = x509.CertificateBuilder(old.issuer, old.subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    return Leaf(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER), leaf.key)


def copy_of(leaf: Leaf) -> Leaf:
    """The same certificate with the key of somebody else, which has its public half replaced: OpenSSL compares that."""
    other = new_leaf().key
    return Leaf(leaf.der, other.replace(_public(other), _public(leaf.key)))


def _public(key: bytes) -> bytes:
    private = serialization.load_der_private_key(key, None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    return private.public_key().public_bytes(encoding, form)


@cache
def _context(leaf: Leaf) -> ssl.SSLContext:
    return leaf.context()


def _is_complete(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end) and len(body) >= int(length[1] if length else 0)
