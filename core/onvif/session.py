"""One device's connection: sends a call, looks at what the device asks for, and logs in at most once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum, auto

import httpx
from lxml import etree

from core.model.errors import AnswerLostError, LoginRefusedError
from core.model.records import Login
from core.onvif import login as logins
from core.onvif.answers import Answer, read
from core.onvif.digest import Digest, best
from core.onvif.login import Asked, Verdict, Way
from core.onvif.soap import envelope
from core.onvif.token import security_header
from core.onvif.wsdls import Call

_HEADERS = {"User-Agent": "camtrust", "Accept": "*/*", "Accept-Encoding": "identity"}


class Credentials(Enum):
    """When a call may carry credentials."""

    NEVER = auto()
    IF_ASKED = auto()
    AT_ONCE = auto()


class Session:
    """Calls on one origin with one login, one call at a time, so that two cannot fail the same login twice.

    `device_time` tells the device's time when a token needs it. What the device accepted is used at once from then
    on. After a refusal no credentials are sent any more (rule R17: nothing here is shared with another device).
    Raises `LoginNeededError`, `LoginRefusedError`, and what the transport raises.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        origin: tuple[str, str, int],
        login: Login | None,
        device_time: Callable[[], Awaitable[datetime]],
    ) -> None:
        # The transport has one deadline for the whole exchange; httpx's own would cut in for each read.
        self._client = httpx.AsyncClient(
            transport=transport, trust_env=False, follow_redirects=False, timeout=httpx.Timeout(None), headers=_HEADERS
        )
        scheme, host, port = origin
        self._base = httpx.URL(scheme=scheme, host=host, port=port)
        self._login = login
        self._device_time = device_time
        self._lock = asyncio.Lock()
        self._digest: Digest | None = None
        self._first_way = Way.PLAIN
        self._proven = False
        self._refusal: LoginRefusedError | None = None
        self.way = ""

    async def call(self, path: str, call: Call, credentials: Credentials, deadline: float | None = None) -> Answer:
        """Return the answer, which is a fault only where that has nothing to do with the login.

        `deadline` in seconds is for a call that takes the device longer than the transport waits otherwise.
        """
        async with self._lock:
            if credentials is Credentials.AT_ONCE:
                self._check_refusal()
            return await self._converse(path, call, credentials, deadline)

    async def send_plain(self, path: str, call: Call) -> Answer:
        """Send without credentials and return whatever comes back. Also works while another call is under way."""
        return await self._send(path, call, Way.PLAIN, None)

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()

    async def _converse(self, path: str, call: Call, credentials: Credentials, deadline: float | None) -> Answer:
        way = self._first_way if credentials is Credentials.AT_ONCE else Way.PLAIN
        renewed = False
        while True:
            answer = await self._send(path, call, way, deadline)
            digest = self._digest if way is Way.DIGEST and not renewed else None
            wants = logins.asked(answer, digest)
            verdict = logins.judge(way, wants, proven=self._proven)
            if verdict is Verdict.TAKE and self._says_nothing_to_strangers(way, answer, credentials):
                way = self._first_way
                continue
            if verdict is Verdict.TAKE:
                self._note(way, answer, credentials)
                return answer
            renewed = way is Way.DIGEST
            way = self._next_way(verdict, wants, answer, call, credentials)

    def _says_nothing_to_strangers(self, way: Way, answer: Answer, credentials: Credentials) -> bool:
        """Tell whether a device that knows the login by now is to be asked again with it: some say nothing before."""
        may_be_sent = credentials is Credentials.IF_ASKED and self._proven and self._first_way is not way
        return may_be_sent and way is Way.PLAIN and answer.body is None and answer.status == httpx.codes.OK

    def _next_way(self, verdict: Verdict, wants: Asked, answer: Answer, call: Call, credentials: Credentials) -> Way:
        """Get ready to send with credentials, or raise the reason why not."""
        if self._login is None or credentials is Credentials.NEVER:
            raise logins.needed()
        self._check_refusal()
        logins.check_sendable(self._login)
        if verdict is Verdict.SEND_DIGEST:
            self._answer_challenge(wants, answer, self._login)
            return Way.DIGEST
        if verdict is Verdict.SEND_TOKEN:
            return Way.TOKEN
        if verdict is Verdict.FORBIDDEN:
            raise logins.forbidden(call.operation)
        cannot = verdict is Verdict.CANNOT
        self._refusal = logins.cannot(wants) if cannot else logins.refused(answer, proven=self._proven)
        raise self._refusal

    def _check_refusal(self) -> None:
        if self._refusal:
            raise self._refusal.with_traceback(None)

    def _answer_challenge(self, wants: Asked, answer: Answer, login: Login) -> None:
        challenge = best(answer.challenges)
        assert challenge is not None
        if wants is Asked.DIGEST_AGAIN and not challenge.stale:
            # Nonces for one use only: trying an old one each time might be counted as a failed login.
            self._first_way = Way.PLAIN
        self._digest = Digest(challenge, login)

    def _note(self, way: Way, answer: Answer, credentials: Credentials) -> None:
        if way is not Way.PLAIN and answer.body is not None and not self._proven:
            self._proven, self._first_way = True, way
        if self._proven and way is not Way.PLAIN:
            self.way = way
        elif credentials is Credentials.AT_ONCE and answer.status == httpx.codes.OK and not self.way:
            self.way = Way.PLAIN

    async def _send(self, path: str, call: Call, way: Way, deadline: float | None) -> Answer:
        """Send once; a second time only where an answer was lost, not overdue, to what may be sent twice.

        That is no call which changes something, and no login whose refusal may just have been lost.
        """
        repeatable = call.repeatable and (way is Way.PLAIN or self._proven)
        try:
            return await self._send_once(path, call, way, deadline, alone=not repeatable)
        except AnswerLostError as error:
            if not repeatable or isinstance(error.__cause__, TimeoutError):
                raise
        return await self._send_once(path, call, way, deadline, alone=True)

    async def _send_once(self, path: str, call: Call, way: Way, deadline: float | None, *, alone: bool) -> Answer:
        """Send; `alone` over a connection of its own, which cannot be one that the device is just closing."""
        url = self._base.copy_with(raw_path=path.encode("ascii"))
        action = f'"{call.action}"'.encode("ascii")
        # The second is from SOAP 1.1, and there are devices that look nowhere else.
        headers = [(b"Content-Type", b"application/soap+xml; charset=utf-8; action=" + action), (b"SOAPAction", action)]
        if way is Way.DIGEST and self._digest:
            headers.append((b"Authorization", self._digest.header("POST", url.raw_path.decode("ascii"))))
        header = await self._token() if way is Way.TOKEN else None
        if alone:
            headers.append((b"Connection", b"close"))
        extensions = {} if deadline is None else {"deadline": deadline}
        request = self._client.build_request(
            "POST", url, content=envelope(call.body, header), headers=headers, extensions=extensions
        )
        response = await self._client.send(request)
        return read(response.status_code, response.headers, response.content)

    async def _token(self) -> etree._Element:
        assert self._login is not None
        return security_header(self._login, await self._device_time())
