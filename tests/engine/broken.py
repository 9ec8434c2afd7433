"""Cameras that answer one operation of an onboarding with something that is no answer, and are good otherwise."""

import asyncio
import gzip
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from core.simulator.camera import Camera
from core.simulator.http_server import HttpAnswer, HttpConnection, HttpRequest
from core.simulator.listener import Serve
from core.simulator.settings import CameraSettings

ASSIGN = "ReplaceServerCertificateAssignment"
_LARGE = 200 * 1000 * 1000
_SOAP = '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>{}</e:Body></e:Envelope>'
_BOMB = gzip.compress(bytes(_LARGE // 8), 9)
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_ATTRIBUTES = "".join(f' a{n}=""' for n in range(150_000))
_OTHER = "<GetUsersResponse><User><Username>admin</Username></User></GetUsersResponse>"

Sends = Callable[[HttpConnection, HttpAnswer], Awaitable[None]]


@dataclass(frozen=True)
class Course:
    """Whose answers are broken: those to operations, from so many good ones on. `before` is asked last before that."""

    breaks: Mapping[str, int]
    before: str = ""


COURSES = {
    "question": Course({"GetServices": 0}),
    "login": Course({"GetDeviceInformation": 0}, "GetServiceCapabilities"),
    "inventory": Course({"GetAllCertificates": 0}, "GetAllKeys"),
    "key, taking it back": Course({"CreateECCKeyPair": 0, "DeleteKey": 0}, "GetAssignedServerCertificates"),
    "upload, taking it back": Course({"UploadCertificate": 0, "DeleteCertificate": 0}, "CreatePKCS10CSR"),
    "assignment, clearing up": Course({ASSIGN: 0, "GetAllKeys": 1}, "CreateCertificationPath"),
}


class BrokenCamera(Camera):
    """Does what it is asked, and in a course sends something else than the answer.

    Without `sends` it says something on each new connection unasked, once what comes `before` was asked. `held` are the
    times in seconds that it could keep somebody waiting, by operation.
    """

    def __init__(self, settings: CameraSettings, course: Course, sends: Sends | None) -> None:
        super().__init__(settings)
        self.held: defaultdict[str, list[float]] = defaultdict(list)
        self._course, self._sends = course, sends
        self._asked: Counter[str] = Counter()

    async def _answer(self, request: HttpRequest) -> HttpAnswer:
        answer = await super()._answer(request)
        received = self.log.requests[-1]
        operation, sends = received.operation, self._sends
        if sends is None or received.outcome != "ok" or operation not in self._course.breaks:
            return answer
        self._asked[operation] += 1
        if self._asked[operation] <= self._course.breaks[operation]:
            return answer

        async def break_it(connection: HttpConnection) -> None:
            loop = asyncio.get_running_loop()
            begun = loop.time()
            try:
                await sends(connection, answer)
            finally:
                self.held[operation].append(loop.time() - begun)

        return replace(answer, last=sends is not twice, sends=break_it)

    def _server(self, name: str) -> Serve:
        serve = super()._server(name)

        async def serve_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._sends is None and (not self._course.before or self._course.before in self.log.operations()):
                writer.write(framed(_SOAP.format(_OTHER).encode()))
                self.held[next(iter(self._course.breaks))].append(0.0)
            await serve(reader, writer)

        return serve_early


def cases(stranger: str) -> dict[str, Sends | None]:
    """What can come instead of an answer, the slowest first. `stranger` is the address that redirects lead to."""
    laughs = f'<!DOCTYPE a [<!ENTITY l0 "ha">{_LAUGHS}]>'
    return {
        "a byte now and then": flooding(b"Content-Length: 100000\r\n\r\n", b"x", 0.1),
        "a header now and then": flooding(b"", b"X: y\r\n", 0.1),
        "endless 100 Continue": flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 20, 0.01, start=b""),
        "unasked": None,
        "garbage": saying(lambda _: bytes(range(256)) * 16),
        "HTTP/0.9": saying(lambda _: b"<html>Welcome</html>"),
        "no status": saying(lambda _: b"HTTP/1.1 well \r\n\r\n"),
        "entity from outside": soap(f'<!DOCTYPE a [<!ENTITY a SYSTEM "http://{stranger}/a">]>', "<a>&a;</a>"),
        "billion laughs": soap(laughs, "<a>&l9;</a>"),
        "billion laughs in UTF-16": soap(laughs, "<a>&l9;</a>", "utf-16"),
        "quadratic blow-up": soap(f'<!DOCTYPE a [<!ENTITY a "{"x" * 50_000}">]>', f"<a>{'&a;' * 20_000}</a>"),
        "200 MB, declared": flooding(f"Content-Length: {_LARGE}\r\n\r\n".encode(), bytes(65536)),
        "200 MB, undeclared": flooding(b"Connection: close\r\n\r\n", bytes(65536)),
        "200 MB in chunks": flooding(b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + bytes(65535) + b"\r\n"),
        "cut body": saying(lambda answer: headed(answer.body, f"Content-Length: {len(answer.body) + 1000}")),
        "cut chunk": saying(lambda answer: headed(b"fff\r\n" + answer.body[:200], "Transfer-Encoding: chunked")),
        "endless headers": flooding(b"", b"X: y\r\n" * 5000),
        "endless header": flooding(b"X: ", b"y" * 65536),
        "302": saying(lambda _: redirect("302 Found", f"https://{stranger}/")),
        "307": saying(lambda _: redirect("307 Temporary Redirect", f"https://{stranger}/")),
        "308": saying(lambda _: redirect("308 Permanent Redirect", f"http://{stranger}/")),
        "gzip bomb": saying(lambda _: framed(_BOMB, "Content-Encoding: gzip")),
        "gzip bomb, twice": saying(lambda _: framed(gzip.compress(_BOMB), "Content-Encoding: gzip, gzip")),
        "gzip, not asked for": saying(lambda answer: framed(gzip.compress(answer.body), "Content-Encoding: gzip")),
        "other content type": saying(lambda answer: framed(answer.body, "Content-Type: text/html")),
        "no UTF-8": saying(lambda answer: framed(answer.body.replace(b"</", b"\xff\xfe\xc0</", 1))),
        "UTF-16": saying(lambda answer: framed(answer.body.decode().encode("utf-16"))),
        "100,000 deep": soap("", "<a>" * 100_000 + "</a>" * 100_000),
        "500,000 elements": soap("", "<a/>" * 500_000),
        "150,000 attributes": soap("", f"<a{_ATTRIBUTES}/>"),
        "another operation": soap("", _OTHER),
        "empty": saying(lambda _: framed(b"")),
        "204": saying(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n"),
        "two answers": twice,
    }


def saying(payload: Callable[[HttpAnswer], bytes]) -> Sends:
    """Send this, and end the connection."""

    async def sends(connection: HttpConnection, answer: HttpAnswer) -> None:
        await connection.write_raw(payload(answer))

    return sends


def soap(prolog: str, body: str, encoding: str = "utf-8") -> Sends:
    """Send a SOAP message."""
    message = (prolog + _SOAP.format(body)).encode(encoding)
    return saying(lambda _: framed(message))


def flooding(head: bytes, more: bytes, pause: float = 0.0, start: bytes = b"HTTP/1.1 200 OK\r\n") -> Sends:
    """Send `more` over and over, for as long as somebody takes it, up to 200 MB."""

    async def sends(connection: HttpConnection, answer: HttpAnswer) -> None:
        await connection.write_raw(start + head)
        for _ in range(_LARGE // len(more)):
            await connection.write_raw(more)
            await asyncio.sleep(pause)

    return sends


async def twice(connection: HttpConnection, answer: HttpAnswer) -> None:
    """Send the answer, and the same once more, which may be taken for the next one."""
    await connection.write_raw(framed(answer.body) * 2)


def headed(body: bytes, *headers: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\n" + "".join(f"{header}\r\n" for header in headers).encode() + b"\r\n" + body


def framed(body: bytes, *headers: str) -> bytes:
    return headed(body, f"Content-Length: {len(body)}", *headers)


def redirect(status: str, target: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()
