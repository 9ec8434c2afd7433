"""Look at the leaf of a device by handshake alone: no byte of application data is sent (rule R1)."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass

from core.model.errors import DeviceError, TlsFailedError
from core.network.connect import connect
from core.network.line import Line
from core.network.profile import Profile, client_context, fingerprint, is_refusal, proven_leaf, version
from core.network.wording import Place, no_certificate, not_tls, tls_failed

_LONGEST_GOODBYE = 0.5
# TLS record types that can come first: alert and handshake (RFC 8446, 5.1).
_FIRST_BYTES = (b"\x15", b"\x16")

_contexts = {profile: client_context(profile) for profile in Profile}


@dataclass(frozen=True)
class Seen:
    """The leaf that a device presents and has the key of. `tls` is such as `TLS 1.3`.

    `weak` tells that the device refused today's TLS and was offered older; then `tls` is such as `TLS 1.0, weak`.
    """

    der: bytes
    fingerprint: str
    tls: str
    weak: bool = False


async def look(host: str, port: int, *, legacy: bool = False, deadline: float = 10.0) -> Seen:
    """Return what `host` presents; a fresh connection and a full handshake each time (rule R4).

    With `legacy`, a device that refuses today's TLS, and says so, is looked at once more with `Profile.LEGACY`. It is
    not where the device hangs up, stays silent or closes its port: that says nothing about what it can do (rule R7).

    `deadline` in seconds bounds everything, from resolving the name on. Raises `NotReachedError` where no connection
    comes about, `NotTlsError` where something else than TLS answers, and `TlsFailedError` for everything else, silence
    within the handshake included.
    """
    place = Place(host, port)
    end = asyncio.get_running_loop().time() + deadline
    try:
        return await _look(place, end, Profile.MODERN)
    except TlsFailedError as error:
        if not legacy or not is_refusal(error.__cause__):
            raise
        return await _look_again(place, end, error)


async def _look_again(place: Place, end: float, refused: TlsFailedError) -> Seen:
    """Look with `Profile.LEGACY`. That something has answered TLS is not forgotten where it now answers otherwise."""
    try:
        return await _look(place, end, Profile.LEGACY)
    except TlsFailedError:
        raise
    except DeviceError as error:
        raise refused from error


async def _look(place: Place, end: float, profile: Profile) -> Seen:
    with contextlib.closing(await connect(place, end)) as line:
        handshake = _Handshake(place, line, profile)
        try:
            async with asyncio.timeout_at(end):
                await handshake.run()
        except OSError as error:
            raise tls_failed(place, error, profile) from error
        seen = handshake.seen()
        await handshake.say_goodbye()
    return seen


class _Handshake:
    """A client's handshake over a connection, in memory, so that not a byte goes out that is not part of it."""

    def __init__(self, place: Place, line: Line, profile: Profile) -> None:
        self._place = place
        self._line = line
        self._is_weak = profile is Profile.LEGACY
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = _contexts[profile]
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=place.name)
        self._start = b""

    async def run(self) -> None:
        """Shake hands. Raises OSError, which TLS errors and timeouts are, and `NotTlsError`.

        What is left to send is only for the peer to know that we are done, and goes with the goodbye.
        """
        while not self._step():
            await self._line.send(self._outgoing.read())
            await self._receive()

    def seen(self) -> Seen:
        """Return what the finished handshake proved. Raises `TlsFailedError`."""
        der = proven_leaf(self._tls)
        if not der:
            raise no_certificate(self._place)
        tls = version(self._tls) + (", weak" if self._is_weak else "")
        return Seen(der, fingerprint(der), tls, self._is_weak)

    async def say_goodbye(self) -> None:
        """End the session as TLS asks for, and wait a little for the peer to do so too.

        Closing with bytes unread would make the kernel send a reset, which can overtake the end of the handshake and
        leave a failure in the device's log. Nothing depends on it: errors are of no interest any more.
        """
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_LONGEST_GOODBYE):
                await self._line.send_last(self._outgoing.read())
                while await self._line.receive():
                    pass

    def _step(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    async def _receive(self) -> None:
        data = await self._line.receive()
        if not data:
            raise ConnectionResetError
        if len(self._start) < 2:
            self._start = (self._start + data)[:2]
            if self._start[:1] not in _FIRST_BYTES or self._start[1:] not in (b"", b"\x03"):
                raise not_tls(self._place)
        self._incoming.write(data)
