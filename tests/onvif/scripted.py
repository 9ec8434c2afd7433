"""A camera over plain HTTP that says exactly what a test tells it to, and keeps what it was asked.

Its check of HTTP Digest is made with the standard library's parser, and shares nothing with the code under test.
"""

import asyncio
import base64
import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.request import parse_http_list, parse_keqv_list

from lxml import etree

from core.model.records import Login
from core.model.secret import Secret
from core.network.transport import DeviceTransport
from core.onvif.device import OnvifDevice
from core.onvif.wsdls import DEVICE_URI, SECURITY_URI, Wsdls

USER, PASSWORD = "operator", 'pässword "x"'
LOGIN = Login(USER, Secret(PASSWORD))
WRONG = Login(USER, Secret("not the password"))

TER = 'xmlns:ter="http://www.onvif.org/ver10/error"'
SCHEMA_URI = "http://www.onvif.org/ver10/schema"
S12 = "http://www.w3.org/2003/05/soap-envelope"
S11 = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True)
class Request:
    """What the camera received."""

    target: str
    headers: dict[str, str]
    body: str

    @property
    def operation(self) -> str:
        found = re.search(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", self.body)
        return found[1] if found else ""

    @property
    def way(self) -> str:
        if "UsernameToken" in self.body:
            return "token"
        return self.headers.get("authorization", "plain").split(" ")[0]

    def field(self, name: str) -> str:
        found = re.search(rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]*)<", self.body)
        return found[1] if found else ""


@dataclass(frozen=True)
class Reply:
    """What it answers. With `lost` it hangs up instead."""

    body: str | bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/soap+xml; charset=utf-8"),)
    lost: bool = False

    def encoded(self) -> bytes:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        lines = [f"HTTP/1.1 {self.status} X", *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body


Script = Callable[[Request], Reply]


class ScriptedCamera:
    """Listens while open; `requests` is all that it received, over as many `connections`."""

    def __init__(self, script: Script) -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.port = 0
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "ScriptedCamera":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    @property
    def ways(self) -> list[tuple[str, str]]:
        """Operation and way of login of each request, in order."""
        return [(request.operation, request.way) for request in self.requests]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self.connections += 1
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            while True:
                request = await _receive(reader)
                self.requests.append(request)
                reply = self._script(request)
                if reply.lost:
                    break
                writer.write(reply.encoded())
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _receive(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:]) if name}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(head[0].split(" ")[1], headers, body.decode())


@asynccontextmanager
async def calling(
    camera: ScriptedCamera, wsdls: Wsdls, login: Login | None = None, path: str = ""
) -> AsyncIterator[OnvifDevice]:
    """The code under test, over the transport that it is used with."""
    transport = DeviceTransport("http", "127.0.0.1", camera.port, None, deadline=10.0)
    device = OnvifDevice(wsdls, transport, "http", "127.0.0.1", camera.port, path=path, login=login)
    try:
        yield device
    finally:
        await device.close()


def soap(payload: str, version: str = S12) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{version}"><e:Body>{payload}</e:Body></e:Envelope>'
    )


def answered(operation: str, fields: str = "", namespace: str = DEVICE_URI) -> Reply:
    return Reply(soap(f'<x:{operation}Response xmlns:x="{namespace}">{fields}</x:{operation}Response>'))


def fault(*codes: str, reason: str = "", status: int = 400) -> Reply:
    """A SOAP 1.2 fault; `codes` without the first, Sender or Receiver, are in the `ter:` namespace."""
    nested = ""
    for code in reversed(codes[1:]):
        nested = f"<e:Subcode><e:Value>ter:{code}</e:Value>{nested}</e:Subcode>"
    text = f'<e:Reason><e:Text xml:lang="en">{reason}</e:Text></e:Reason>'
    inner = f"<e:Fault {TER}><e:Code><e:Value>e:{codes[0]}</e:Value>{nested}</e:Code>{text}</e:Fault>"
    return Reply(soap(inner), status)


def payload(request: Request) -> str:
    """The operation's fields in order, as `name=text`; those that hold others as their name."""
    body = etree.fromstring(request.body.encode()).find("{*}Body")
    assert body is not None
    [operation] = body
    assert {etree.QName(element).namespace for element in operation.iter()} <= {DEVICE_URI, SECURITY_URI, SCHEMA_URI}
    fields = [(etree.QName(element).localname, element.text) for element in operation.iterdescendants()]
    return " ".join(f"{name}={text}" if text else name for name, text in fields)


LOST = Reply(lost=True)
NOT_AUTHORIZED = fault("Sender", "NotAuthorized", reason="Sender not Authorized")

INFORMATION = answered(
    "GetDeviceInformation",
    "<x:Manufacturer>ACME</x:Manufacturer><x:Model>X-100</x:Model><x:FirmwareVersion>1.2</x:FirmwareVersion>"
    "<x:SerialNumber>4711</x:SerialNumber><x:HardwareId>h</x:HardwareId>",
)


def date_and_time(moment: datetime, kind: str = "UTCDateTime") -> Reply:
    return answered(
        "GetSystemDateAndTime",
        f"<x:SystemDateAndTime><t:{kind} xmlns:t='http://www.onvif.org/ver10/schema'>"
        f"<t:Time><t:Hour>{moment.hour}</t:Hour><t:Minute>{moment.minute}</t:Minute><t:Second>{moment.second}</t:Second>"
        f"</t:Time><t:Date><t:Year>{moment.year}</t:Year><t:Month>{moment.month}</t:Month><t:Day>{moment.day}</t:Day>"
        f"</t:Date></t:{kind}></x:SystemDateAndTime>",
    )


def services(*listed: tuple[str, str]) -> Reply:
    fields = (
        f"<x:Service><x:Namespace>{namespace}</x:Namespace><x:XAddr>{xaddr}</x:XAddr></x:Service>"
        for namespace, xaddr in listed
    )
    return answered("GetServices", "".join(fields))


BOTH_SERVICES = services(
    (DEVICE_URI, "http://203.0.113.9/onvif/device_service"), (SECURITY_URI, "http://203.0.113.9/onvif/security")
)


def unauthorized(*challenges: str, body: str = "<html>401</html>") -> Reply:
    return Reply(body, 401, tuple(("WWW-Authenticate", challenge) for challenge in challenges))


def digest_is_right(request: Request, realm: str, nonce: str, name: str = "md5", password: str = PASSWORD) -> bool:
    """Check an Authorization header against the password (RFC 7616, 3.4)."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme != "Digest":
        return False
    given = parse_keqv_list(parse_http_list(rest))

    def hashed(text: str) -> str:
        return hashlib.new(name, text.encode()).hexdigest()

    secret = hashed(f"{USER}:{realm}:{password}")
    if given.get("algorithm", "").lower().endswith("-sess"):
        secret = hashed(f"{secret}:{nonce}:{given['cnonce']}")
    parts = [nonce] + ([given["nc"], given["cnonce"], "auth"] if "qop" in given else [])
    proof = hashed(":".join([secret, *parts, hashed(f"POST:{request.target}")]))
    return (given["username"], given["nonce"], given["uri"], given["response"]) == (USER, nonce, request.target, proof)


def token_is_right(request: Request, password: str = PASSWORD) -> bool:
    """Check a UsernameToken against the password (WS-Security UsernameToken Profile 1.0, 3.1)."""
    created = request.field("Created").encode()
    digest = hashlib.sha1(base64.b64decode(request.field("Nonce")) + created + password.encode()).digest()
    return (request.field("Username"), request.field("Password")) == (USER, base64.b64encode(digest).decode())


MD5 = 'Digest realm="cam", nonce="n1", qop="auth"'
SHA256 = 'Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256'
ANSWERS = {
    "GetDeviceInformation": INFORMATION,
    "GetNetworkProtocols": answered("GetNetworkProtocols"),
    "GetServices": BOTH_SERVICES,
    "GetServiceCapabilities": answered("GetServiceCapabilities", "<x:Capabilities/>", SECURITY_URI),
    "GetKeyStatus": answered("GetKeyStatus", "<x:KeyStatus>ok</x:KeyStatus>", SECURITY_URI),
    "GetSystemDateAndTime": date_and_time(datetime(2026, 11, 24, 7, 0, tzinfo=UTC)),
}
OPEN = ("GetServices", "GetServiceCapabilities", "GetSystemDateAndTime")


def guarded(is_right: Callable[[Request], bool], refusal: Reply, open_calls: tuple[str, ...] = OPEN) -> Script:
    """A camera that answers what is open to all or rightly logged in, and the rest with `refusal`."""

    def script(request: Request) -> Reply:
        allowed = request.operation in open_calls or is_right(request)
        return ANSWERS[request.operation] if allowed else refusal

    return script


def digest(challenge: str = MD5, realm: str = "cam", name: str = "md5") -> Script:
    return guarded(lambda request: digest_is_right(request, realm, "n1", name), unauthorized(challenge))


TOKEN = guarded(token_is_right, NOT_AUTHORIZED)
