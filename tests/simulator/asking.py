"""Questions to a simulated camera, with httpx and its Digest, the standard library's TLS, and envelopes by hand."""

import asyncio
import base64
import hashlib
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from lxml import etree

from core.simulator.camera import Camera
from core.simulator.soap import ENV, TAS, TDS, WSSE, WSU

DEADLINE = 20.0
DEVICE = "/onvif/device_service"
SECURITY = "/onvif/security_service"
SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}


async def until(condition: Callable[[], object], deadline: float = DEADLINE) -> None:
    """Wait for a condition to come true; fail when it does not in time."""
    async with asyncio.timeout(deadline):
        while not condition():
            await asyncio.sleep(0.002)


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def trusting_also_old() -> ssl.SSLContext:
    """The same for whatever TLS a camera speaks."""
    context = trusting()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


async def leaf_of(camera: Camera) -> bytes:
    """The certificate of a handshake made now, DER. Raises OSError where the port is closed."""
    _, writer = await asyncio.open_connection(camera.host, camera.https_port, ssl=trusting())
    try:
        leaf = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        assert isinstance(leaf, bytes)
        return leaf
    finally:
        writer.close()
        await writer.wait_closed()


@dataclass(frozen=True)
class Reply:
    """What came back: `fault` is its code like `Sender/ter:InvalidArgVal/ter:KeyID`, "" where it is none."""

    status: int
    fault: str
    reason: str
    body: etree._Element | None
    headers: httpx.Headers

    def text(self, name: str) -> str:
        assert self.body is not None
        return self.body.findtext(f".//{{*}}{name}") or ""

    def texts(self, name: str) -> list[str]:
        assert self.body is not None
        return [element.text or "" for element in self.body.iterfind(f".//{{*}}{name}")]


def reply_of(response: httpx.Response) -> Reply:
    body = None
    if "xml" in response.headers.get("content-type", ""):
        found = etree.fromstring(response.content).find(f"{{{ENV}}}Body/*")
        assert found is not None
        body = found
    if body is None or etree.QName(body).localname != "Fault":
        return Reply(response.status_code, "", "", body, response.headers)
    codes = [value.text or "" for value in body.iterfind(f"{{{ENV}}}Code//{{{ENV}}}Value")]
    reason = body.findtext(f".//{{{ENV}}}Text") or ""
    return Reply(response.status_code, "/".join(codes).removeprefix("env:"), reason, body, response.headers)


def envelope(body: str, header: str = "") -> bytes:
    """An envelope. In `body` the prefixes tds, tas and tt are declared."""
    declared = f'xmlns:tds="{TDS}" xmlns:tas="{TAS}" xmlns:tt="http://www.onvif.org/ver10/schema"'
    return (
        f'<s:Envelope xmlns:s="{ENV}" {declared}><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def token(
    user: str, password: str, created: datetime | str | None = None, nonce: bytes | None = None, kind: str = "Digest"
) -> str:
    """A WS-Security header (WSS UsernameToken Profile 1.0)."""
    at = created if created is not None else datetime.now(UTC)
    when = at if isinstance(at, str) else at.strftime("%Y-%m-%dT%H:%M:%SZ")
    nonce = nonce or secrets.token_bytes(16)
    made = base64.b64encode(hashlib.sha1(nonce + when.encode() + password.encode()).digest()).decode()
    return (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" s:mustUnderstand="1"><wsse:UsernameToken>'
        f"<wsse:Username>{user}</wsse:Username>"
        f'<wsse:Password Type="http://docs.oasis-open.org/x#Password{kind}">{made}</wsse:Password>'
        f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce><wsu:Created>{when}</wsu:Created>"
        f"</wsse:UsernameToken></wsse:Security>"
    )


class Client:
    """Asks one camera, as its user by Digest unless told otherwise."""

    def __init__(self, camera: Camera, scheme: str = "http", auth: httpx.Auth | None = None) -> None:
        port = camera.https_port if scheme == "https" else camera.http_port
        settings = camera.settings
        self._http = httpx.AsyncClient(
            base_url=f"{scheme}://{camera.host}:{port}",
            auth=auth or httpx.DigestAuth(settings.user, settings.password),
            verify=trusting(),
            trust_env=False,
            timeout=DEADLINE,
        )

    async def __aenter__(self) -> "Client":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, body: str, header: str = "", *, anonymous: bool = False, deadline: float = DEADLINE) -> Reply:
        """Ask the service that the prefix of the body belongs to."""
        path = SECURITY if body.startswith("<tas:") else DEVICE
        return await self.post(path, envelope(body, header), anonymous=anonymous, deadline=deadline)

    async def post(self, path: str, content: bytes, *, anonymous: bool = False, deadline: float = DEADLINE) -> Reply:
        auth = httpx.Auth() if anonymous else httpx.USE_CLIENT_DEFAULT
        return reply_of(await self._http.post(path, content=content, headers=SOAP, auth=auth, timeout=deadline))
