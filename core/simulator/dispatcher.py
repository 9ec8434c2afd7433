"""What happens to a request: found its operation, let in, checked against the service description, carried out."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from core.simulator import faults, schema, soap, upnp
from core.simulator.device import Device
from core.simulator.digest import Outcome
from core.simulator.http_server import Dropped, HttpAnswer, HttpRequest
from core.simulator.log import Log, Received
from core.simulator.login import Access, Doorkeeper, Verdict
from core.simulator.mishaps import Mishaps
from core.simulator.operations import Call, Operation, Service
from core.simulator.settings import Mishap

_BROKEN = HttpAnswer(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>")
_FOREVER = 3600.0
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Reactions:
    """What the camera does about a call: `store` right away, `apply` when the answer is out; `cut` cuts its power."""

    store: Callable[[], None]
    apply: Callable[[], None]
    cut: Callable[[], None]


@dataclass(slots=True)
class _Entry:
    """What will be noted about a request."""

    operation: str
    credentials: tuple[str, ...]
    login: str = ""
    outcome: str = "ok"
    note: str = ""


class Dispatcher:
    """Answers the requests to one camera, from when it is switched on until it is switched off."""

    def __init__(
        self, device: Device, services: Sequence[Service], log: Log, mishaps: Mishaps, reactions: Reactions
    ) -> None:
        self._device = device
        self._settings = device.settings
        self._services = {service.path: service for service in services}
        self._doorkeeper = Doorkeeper(device.settings)
        self._log = log
        self._mishaps = mishaps
        self._reactions = reactions

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """Return the answer. Raises `Dropped` where there is to be none."""
        entry = _Entry(f"{request.method} {request.target}", _credentials(request))
        at = self._device.clock.now()
        try:
            answer = await self._answer(request, entry)
        except faults.OnvifFault as raised:
            entry.outcome = raised.code
            answer = _fault_answer(raised)
        except (Dropped, asyncio.CancelledError):
            entry.outcome = "dropped"
            raise
        finally:
            self._log.requests.append(
                Received(at, request.scheme, entry.operation, entry.credentials, entry.login, entry.outcome, entry.note)
            )
        date = format_datetime(self._device.clock.now(), usegmt=True)
        return replace(answer, headers=(*answer.headers, ("Date", date), ("Server", self._settings.maker)))

    async def _answer(self, request: HttpRequest, entry: _Entry) -> HttpAnswer:
        await asyncio.sleep(self._settings.timing.answer)
        path = urlsplit(request.target).path
        service = self._services.get(path) if request.scheme in _WEB else None
        if service is None or request.method != "POST":
            answer = self._web_page(request, path)
        elif request.header("content-type").partition(";")[0].strip().lower() != soap.CONTENT_TYPE:
            answer = HttpAnswer(415, b"Only SOAP 1.2 is understood")
        else:
            return await self._call(service, request, entry)
        entry.outcome = str(answer.status)
        return answer

    def _web_page(self, request: HttpRequest, path: str) -> HttpAnswer:
        if path in self._services and request.scheme in _WEB:
            return HttpAnswer(405, b"Only POST is understood", headers=(("Allow", "POST"),))
        pages: dict[str, Callable[[HttpRequest], HttpAnswer]] = {}
        if request.scheme in _WEB:
            pages["/"] = self._front_page
        if self._is_description(request.scheme, path):
            pages[path] = self._description
        if path not in pages:
            return HttpAnswer(404, b"Not found")
        if request.method not in ("GET", "HEAD"):
            return HttpAnswer(405, b"Only GET is understood", headers=(("Allow", "GET, HEAD"),))
        return pages[path](request)

    def _is_description(self, scheme: str, path: str) -> bool:
        ssdp = self._settings.ssdp
        return ssdp is not None and path == ssdp.path and scheme == ("http" if ssdp.port is None else "upnp")

    def _description(self, request: HttpRequest) -> HttpAnswer:
        return HttpAnswer(200, upnp.description(self._settings, request.host, self._device.port("HTTP")), upnp.XML)

    def _front_page(self, _: HttpRequest) -> HttpAnswer:
        title = escape(f"{self._settings.maker} {self._settings.model}")
        return HttpAnswer(200, f"<!doctype html>\n<title>{title}</title>\n{self._certificate()}".encode())

    def _certificate(self) -> str:
        """Return what the camera itself says of its certificate, for whoever stands in front of it to compare."""
        identity = self._device.identity()
        if identity is None or not self._device.on("HTTPS"):
            return "<p>HTTPS is off.\n"
        return f"<p>HTTPS certificate, SHA-256:\n<pre>\n{_in_groups(sha256(identity.chain[0]).hexdigest())}</pre>\n"

    async def _call(self, service: Service, request: HttpRequest, entry: _Entry) -> HttpAnswer:
        message = soap.read(request.body)
        entry.operation = message.operation
        if message.has_token:
            entry.credentials += ("token",)
        operation = service.operations.get(message.operation) if message.namespace == service.namespace else None
        if operation is None:
            raise faults.unsupported(f"{message.operation} is not supported here")
        refusal = self._refusal(request, message, operation, entry)
        if refusal is not None:
            return refusal
        schema.check(message.body)
        call = Call(message.body, f"{request.scheme}://{request.host}:{self._device.port(request.scheme.upper())}")
        entry.note = operation.note(call)
        return await self._carry_out(operation, call, self._mishaps.take(message.operation))

    def _refusal(
        self, request: HttpRequest, message: soap.Request, operation: Operation, entry: _Entry
    ) -> HttpAnswer | None:
        """Return the answer to somebody who is not let in."""
        if operation.access is Access.PRE_AUTH and not self._needs_login(message.operation):
            return None
        verdict = self._doorkeeper.judge(request, message.security, time.monotonic(), self._device.clock.now())
        entry.login = verdict.way if verdict.outcome is Outcome.GOOD else ""
        if verdict.outcome is Outcome.GOOD:
            if not operation.access.open_to(self._settings.level):
                raise faults.not_authorized("The user level does not allow this")
            return None
        raised = faults.not_authorized(self._reason(verdict))
        entry.outcome = raised.code
        challenges = self._doorkeeper.challenges(verdict, time.monotonic())
        if not challenges:
            return _fault_answer(raised)
        headers = tuple(("WWW-Authenticate", challenge) for challenge in challenges)
        return HttpAnswer(401, soap.fault(raised), f"{soap.CONTENT_TYPE}; charset=utf-8", headers)

    def _needs_login(self, operation: str) -> bool:
        return self._settings.quirks.clock_needs_login and operation == "GetSystemDateAndTime"

    def _reason(self, verdict: Verdict) -> str:
        if verdict.locked:
            return "The account is locked"
        if verdict.left is not None and self._settings.quirks.tells_attempts:
            return f"Wrong user or password. You still have {verdict.left} attempt(s)"
        return "The sender is not authorized"

    async def _carry_out(self, operation: Operation, call: Call, mishap: Mishap | None) -> HttpAnswer:
        answer = await self._before(mishap)
        if answer is not None:
            return answer
        served = self._device.identity()
        element = operation.handler(self._device, call)
        self._reactions.store()
        lost = self._settings.quirks.loses_assignment_reply and self._device.identity() != served
        if lost or (mishap is not None and mishap.kind == "lose_reply"):
            self._reactions.apply()
            raise Dropped
        if mishap is not None and mishap.kind == "power_cut_after":
            self._reactions.cut()
            raise Dropped
        then = self._reactions.cut if operation.reboots else self._reactions.apply
        return HttpAnswer(200, soap.answer(element), f"{soap.CONTENT_TYPE}; charset=utf-8", (), then)

    async def _before(self, mishap: Mishap | None) -> HttpAnswer | None:
        match mishap.kind if mishap is not None else "":
            case "fault":
                raise faults.from_code(mishap.code if mishap is not None else "")
            case "http_500_html":
                return _BROKEN
            case "hang":
                await asyncio.sleep(_FOREVER)
                raise Dropped
            case "power_cut_before":
                self._reactions.cut()
                raise Dropped
            case "drop_before":
                raise Dropped
        return None


def _fault_answer(raised: faults.OnvifFault) -> HttpAnswer:
    status = 400 if raised.side == "Sender" else 500
    return HttpAnswer(status, soap.fault(raised), f"{soap.CONTENT_TYPE}; charset=utf-8")


def _credentials(request: HttpRequest) -> tuple[str, ...]:
    header = request.header("authorization")
    return (header.partition(" ")[0].title(),) if header else ()


def _in_groups(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, four groups a line."""
    groups = [fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4)]
    return "".join(f"{' '.join(groups[start : start + 4])}\n" for start in range(0, len(groups), 4))
