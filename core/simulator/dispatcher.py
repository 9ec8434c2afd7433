"""What happens to a request: found its operation, let in, checked against the service description, carried out."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from hashlib import sha256
from html import escape
from urllib.parse import urlsplit

from core.simulator import faults, schema, soap, upnp
from core.simulator.admission import Gate
from core.simulator.device import Device
from core.simulator.dialect import Dialect
from core.simulator.execution import Execution
from core.simulator.http_server import Dropped, HttpAnswer, HttpRequest
from core.simulator.log import Log, Received
from core.simulator.operations import Call, Service
from core.simulator.xaddrs import origin

_WEB = ("http", "https")


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
        self, device: Device, services: Sequence[Service], log: Log, dialect: Dialect, execution: Execution
    ) -> None:
        self._device = device
        self._settings = device.settings
        self._services = {service.path: service for service in services}
        self._dialect = dialect
        self._gate = Gate(device, dialect)
        self._log = log
        self._execution = execution

    async def handle(self, request: HttpRequest) -> HttpAnswer:
        """Return the answer. Raises `Dropped` where there is to be none."""
        entry = _Entry(f"{request.method} {request.target}", _credentials(request))
        at = self._device.clock.now()
        try:
            answer = await self._answer(request, entry)
        except faults.OnvifFault as raised:
            entry.outcome = raised.code
            answer = self._dialect.fault(raised)
        except (Dropped, asyncio.CancelledError):
            entry.outcome = "dropped"
            raise
        finally:
            self._log.requests.append(
                Received(at, request.scheme, entry.operation, entry.credentials, entry.login, entry.outcome, entry.note)
            )
        date = format_datetime(self._device.clock.now(), usegmt=True)
        headers = (*answer.headers, ("Date", date), ("Server", self._settings.maker))
        return replace(answer, headers=headers, last=self._settings.quirks.hangs_up)

    async def _answer(self, request: HttpRequest, entry: _Entry) -> HttpAnswer:
        await asyncio.sleep(self._settings.timing.answer)
        path = urlsplit(request.target).path
        service = self._services.get(path) if request.scheme in _WEB else None
        if (moved := self._sent_to_https(request)) is not None:
            answer = moved
        elif service is None or request.method != "POST":
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
        admission = self._gate.admit(request, message, operation)
        entry.login = admission.login
        if admission.refusal is not None:
            entry.outcome = admission.outcome
            return admission.refusal
        schema.check(message.body)
        call = Call(message.body, self._origin(request))
        entry.note = operation.note(call)
        return await self._execution.carry_out(message.operation, operation, call)

    def _origin(self, request: HttpRequest) -> str:
        ports = {name.lower(): self._device.port(name) for name in ("HTTP", "HTTPS") if self._device.on(name)}
        return origin(self._settings.quirks.xaddrs, request.scheme, request.host, ports)

    def _sent_to_https(self, request: HttpRequest) -> HttpAnswer | None:
        device = self._device
        if request.scheme != "http" or not self._settings.quirks.redirects_to_https or not device.on("HTTPS"):
            return None
        target = f"https://{request.host}:{device.port('HTTPS')}{request.target}"
        return HttpAnswer(302, b"<html><body>Moved</body></html>", headers=(("Location", target),))


def _credentials(request: HttpRequest) -> tuple[str, ...]:
    header = request.header("authorization")
    return (header.partition(" ")[0].title(),) if header else ()


def _in_groups(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, four groups a line."""
    groups = [fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4)]
    return "".join(f"{' '.join(groups[start : start + 4])}\n" for start in range(0, len(groups), 4))
