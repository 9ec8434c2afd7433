"""A TLS connection for other protocols than HTTP, bound to one leaf."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

from core.model.errors import GarbledError
from core.network.connect import connect
from core.network.line import Line
from core.network.profile import Profile, bound_context
from core.network.wording import Place

_LARGEST = 256 * 1024


@contextlib.asynccontextmanager
async def secured(place: Place, leaf: str, end: float, *, legacy: bool = False) -> AsyncIterator["Secured"]:
    """Connect, and shake hands; `WrongLeafError` before a byte is sent unless `leaf` is presented (rule R1).

    `end` is a time of the running loop, for all that is done with the connection. `legacy` is for a device that is
    known to refuse today's TLS (rule R7). Raises `NotReachedError`, `GarbledError`, and OSError, which errors of
    TLS and timeouts are.
    """
    with contextlib.closing(await connect(place, end)) as line:
        async with asyncio.timeout_at(end):
            connection = Secured(place, line, leaf, Profile.LEGACY if legacy else Profile.MODERN)
            await connection.shake()
            yield connection


class Secured:
    """The connection: what is sent and received is encrypted. At most 256 KiB are read, of whatever it may be."""

    def __init__(self, place: Place, line: Line, leaf: str, profile: Profile) -> None:
        self._place = place
        self._line = line
        self._room = _LARGEST
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = bound_context(leaf, lambda _: None, profile)
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=place.name)

    async def shake(self) -> None:
        """Shake hands."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._exchange()
            else:
                return await self._flush()

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        self._tls.write(data)
        await self._flush()

    async def receive(self, most: int = 4096) -> bytes:
        """Return the next bytes, none at the end."""
        while True:
            try:
                return self._tls.read(most)
            except ssl.SSLWantReadError:
                await self._exchange()

    async def _exchange(self) -> None:
        await self._flush()
        data = await self._line.receive()
        self._room -= len(data)
        if self._room < 0:
            raise GarbledError(f"{self._place} sends without end", "")
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            await self._line.send(data)
