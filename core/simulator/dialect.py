"""How a camera words its answers: as SOAP 1.2 over HTTP (ONVIF Core, 5), or as its firmware thinks best."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from lxml import etree

from core.simulator import soap
from core.simulator.faults import OnvifFault
from core.simulator.http_server import HttpAnswer
from core.simulator.quirks import Quirks

BROKEN = HttpAnswer(500, b"<html><body><h1>500 Internal Server Error</h1></body></html>")
_NOT_FOUND = HttpAnswer(404, b"<html><body><h1>404 Not Found</h1></body></html>")
_UNAUTHORIZED = HttpAnswer(401, b"<html><body><h1>401 Unauthorized</h1></body></html>")
_NOT_THERE = ("ActionNotSupported",)
_PREFIXES = ((b"env", b"SOAP-ENV"), (b"ter", b"ns1"), (b"tds", b"ns2"), (b"tas", b"ns3"), (b"tt", b"ns4"))
# The ends of a model's name and of a fault's reason.
_TEXT_ENDS = (b"</tds:Model>", b"</env:Text>", b"</faultstring>")


class Dialect:
    """Words the answers of one camera."""

    def __init__(self, quirks: Quirks) -> None:
        self._quirks = quirks

    def answer(self, element: etree._Element, then: Callable[[], None]) -> HttpAnswer:
        """Return an answer, after which `then` is called."""
        return self._message(200, soap.answer(element), then=then)

    def nothing(self) -> HttpAnswer:
        """Return an answer that says nothing."""
        return self._message(200, b"")

    def fault(self, raised: OnvifFault) -> HttpAnswer:
        """Return a fault."""
        if raised.subcodes == _NOT_THERE:
            return self._unsupported(raised)
        return self._fault(raised)

    def unauthorized(self, raised: OnvifFault, challenges: Sequence[str]) -> HttpAnswer:
        """Return what somebody gets who is not let in, with the challenges to log in."""
        if not challenges:
            return self._fault(raised)
        said = _UNAUTHORIZED if self._quirks.html_401 else replace(self._fault(raised), status=401)
        return replace(said, headers=tuple(("WWW-Authenticate", challenge) for challenge in challenges))

    def _unsupported(self, raised: OnvifFault) -> HttpAnswer:
        match self._quirks.unsupported:
            case "html_404":
                return _NOT_FOUND
            case "html_500":
                return BROKEN
            case "sender_fault":
                return self._fault(OnvifFault("Sender", raised.subcodes, raised.reason))
            case "fault":
                return self._fault(raised)

    def _fault(self, raised: OnvifFault) -> HttpAnswer:
        status = 200 if self._quirks.faults_on_200 else 400 if raised.side == "Sender" else 500
        if self._quirks.soap_1_1_faults:
            return self._message(status, soap.fault_1_1(raised), soap.CONTENT_TYPE_1_1)
        return self._message(status, soap.fault(raised))

    def _message(
        self,
        status: int,
        body: bytes,
        content_type: str = soap.CONTENT_TYPE,
        then: Callable[[], None] | None = None,
    ) -> HttpAnswer:
        if self._quirks.broken_utf8:
            body = _with_latin_1(body)
        if self._quirks.other_prefixes:
            body = _with_other_prefixes(body)
        return HttpAnswer(status, body, f"{content_type}; charset=utf-8", (), then)


def _with_latin_1(body: bytes) -> bytes:
    for end in _TEXT_ENDS:
        body = body.replace(end, b" f\xfcr Ger\xe4te" + end)
    return body


def _with_other_prefixes(body: bytes) -> bytes:
    """Replace the prefixes of names, of values that are names, and where they are declared."""
    for prefix, other in _PREFIXES:
        for before, after in ((b"<", b":"), (b"</", b":"), (b">", b":"), (b"xmlns:", b"=")):
            body = body.replace(before + prefix + after, before + other + after)
    return body
