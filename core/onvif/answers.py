"""One HTTP answer: what it means for the login, and then what the device said. The status is looked at first."""

import re
from dataclasses import dataclass

import httpx
from lxml import etree

from core.model.errors import DeviceError, GarbledError, UnsupportedError
from core.onvif.digest import Challenge, read_challenges
from core.onvif.faults import Fault, read_fault, to_error
from core.onvif.soap import read_body

_MISSING = frozenset((404, 405, 501))
_CLOSED = frozenset((403, 423, 429))
_CLOSED_HINT = "ONVIF may be switched off, this address may be blocked, or the account is locked for a while."
_TRIES = r"(?:login\s+)?(?:attempt|tries|try)"
# "You still have 3 attempt(s)", "2 attempts left", "1 more try", "Attempts remaining: 4", "Remaining attempts = 5".
_ATTEMPTS = re.compile(
    rf"have\s+(?:only\s+)?([0-9]{{1,2}})\s+{_TRIES}"
    rf"|\b([0-9]{{1,2}})\s+{_TRIES}\S*\s+(?:left|remain)"
    rf"|\b([0-9]{{1,2}})\s+(?:more|remaining)\s+{_TRIES}"
    rf"|{_TRIES}\S*\s+(?:left|remaining)\b[^0-9.;]{{0,24}}([0-9]{{1,2}})\b"
    rf"|remaining\s+{_TRIES}[^0-9.;]{{0,24}}([0-9]{{1,2}})\b"
    r"|<retryLoginTime>\s*([0-9]{1,2})\s*<",
    re.IGNORECASE,
)
_MOST_SEARCHED = 4096


@dataclass(frozen=True)
class Answer:
    """What came back: a SOAP body, or the reason why it is none. `start` is of what was sent. Made by `read`."""

    status: int
    headers: httpx.Headers
    start: bytes
    body: etree._Element | None
    fault: Fault | None
    problem: GarbledError | None

    @property
    def challenges(self) -> list[Challenge]:
        """What a 401 offers as ways to log in."""
        raw = ((name.lower(), value) for name, value in self.headers.raw)
        return read_challenges(value.decode("latin-1") for name, value in raw if name == b"www-authenticate")

    @property
    def closed(self) -> bool:
        """Whether the device shuts the door without asking for a login."""
        return self.status in _CLOSED

    @property
    def attempts_left(self) -> int | None:
        """How many more logins may fail, where the device says so. Shown, and never decided by."""
        found = _ATTEMPTS.search(self.start.decode("utf-8", "replace"))
        return next((int(count) for count in found.groups() if count), None) if found else None

    def result(self, operation: str) -> etree._Element:
        """Return the element that answers `operation`; an empty body answers what has nothing to say.

        Raises `FaultError`, `UnsupportedError` or `GarbledError`.
        """
        error = self._error(operation)
        if error is not None:
            raise error
        expected = f"{operation}Response"
        found = next(self.body.iterchildren("*"), None) if self.body is not None else None
        if found is None:
            return etree.Element(expected)
        if etree.QName(found).localname != expected:
            raise GarbledError("The device answered something that was not asked", "Try again.")
        return found

    def _error(self, operation: str) -> DeviceError | None:
        if self.status in _MISSING:
            return UnsupportedError(f"The device does not offer {operation} at this address", _missing_hint(self))
        if self.fault is not None:
            return to_error(self.fault, operation)
        if 300 <= self.status < 400:
            return _redirect(self.headers.get("location", ""))
        if self.closed:
            return GarbledError(f"The device forbids the request (HTTP {self.status})", _CLOSED_HINT)
        if self.status >= 400:
            return GarbledError(f"The device could not handle the request (HTTP {self.status})", _busy_hint(self))
        return self.problem


def read(status: int, headers: httpx.Headers, content: bytes) -> Answer:
    """Return the answer. Never raises: what is unreadable is a `problem`, which only matters if the status is good."""
    # No more than is looked at again: answers are long at times, and errors that are kept hold on to them.
    start = content[:_MOST_SEARCHED]
    try:
        body = read_body(content)
    except GarbledError as problem:
        return Answer(status, headers, start, None, None, problem.with_traceback(None))
    return Answer(status, headers, start, body, read_fault(body), None)


def _missing_hint(answer: Answer) -> str:
    said = f"It says: “{answer.fault.words}” " if answer.fault and answer.fault.words else ""
    return f"{said}ONVIF may be switched off on the device, or its firmware may be too old."


def _busy_hint(answer: Answer) -> str:
    return "It may be busy or restarting. Try again in a minute." if answer.status >= 500 else "Check the port."


def _redirect(location: str) -> GarbledError:
    if location.lower().startswith("https:"):
        return GarbledError("The device wants to be called over HTTPS", "Add it by its HTTPS address and port.")
    return GarbledError("The device redirects to another address", "Add it by the address that it really answers at.")
