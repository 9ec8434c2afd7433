"""Who is let in to an operation, and what those get who are not."""

import time
from dataclasses import dataclass

from core.simulator import faults, soap
from core.simulator.device import Device
from core.simulator.dialect import Dialect
from core.simulator.digest import Outcome
from core.simulator.http_server import HttpAnswer, HttpRequest
from core.simulator.login import Access, Doorkeeper, Verdict
from core.simulator.operations import Operation


@dataclass(frozen=True, slots=True)
class Admission:
    """The decision about one request. `login` is the way that was accepted, `refusal` the answer to a refused one.

    `outcome` is what became of a refused one, as the log has it.
    """

    login: str = ""
    refusal: HttpAnswer | None = None
    outcome: str = ""


class Gate:
    """Decides for one camera, from when it is switched on until it is switched off."""

    def __init__(self, device: Device, dialect: Dialect) -> None:
        self._device = device
        self._settings = device.settings
        self._dialect = dialect
        self._doorkeeper = Doorkeeper(device.settings)

    def admit(self, request: HttpRequest, message: soap.Request, operation: Operation) -> Admission:
        """Decide about a request. Raises `OnvifFault` where the user may not do that."""
        if not self._needs_login(message.operation, operation.access):
            return Admission()
        verdict = self._doorkeeper.judge(request, message.security, time.monotonic(), self._device.clock.now())
        if verdict.outcome is Outcome.GOOD:
            if not operation.access.open_to(self._settings.level):
                raise faults.not_authorized("The user level does not allow this")
            return Admission(verdict.way)
        if operation.access is Access.PRE_AUTH and self._settings.quirks.empty_until_digest:
            return Admission("", self._dialect.nothing(), "200")
        raised = faults.not_authorized(self._reason(verdict))
        challenges = self._doorkeeper.challenges(verdict, request.scheme, time.monotonic())
        return Admission("", self._dialect.unauthorized(raised, challenges), raised.code)

    def _needs_login(self, operation: str, access: Access) -> bool:
        quirks = self._settings.quirks
        if access is not Access.PRE_AUTH:
            return not (quirks.tells_strangers and operation == "GetDeviceInformation")
        return quirks.empty_until_digest or (quirks.clock_needs_login and operation == "GetSystemDateAndTime")

    def _reason(self, verdict: Verdict) -> str:
        if verdict.locked:
            return "The account is locked"
        if verdict.left is not None and self._settings.quirks.tells_attempts:
            return f"Wrong user or password. You still have {verdict.left} attempt(s)"
        return "The sender is not authorized"
