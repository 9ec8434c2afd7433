"""Who may call what (ONVIF Core, 5.9): login by digest or token, access classes, and the lock after wrong logins."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from lxml import etree

from core.simulator.digest import Digest, Outcome
from core.simulator.http_server import HttpRequest
from core.simulator.settings import CameraSettings, Way
from core.simulator.tokens import Tokens


class Access(Enum):
    """Access classes of operations (ONVIF Core, 5.9)."""

    PRE_AUTH = auto()
    READ_SYSTEM = auto()
    READ_SYSTEM_SECRET = auto()
    WRITE_SYSTEM = auto()
    UNRECOVERABLE = auto()

    def open_to(self, level: str) -> bool:
        """Tell whether the default access policy lets users of that level in."""
        return level == "Administrator" or self in (Access.PRE_AUTH, Access.READ_SYSTEM)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a login. `way` is how: `Digest`, `Basic` or `token`.

    `left` is how many wrong ones are still allowed.
    """

    outcome: Outcome
    way: str = ""
    locked: bool = False
    left: int | None = None


class Doorkeeper:
    """Judges the login of a request. Times: `now` is monotonic seconds, `device_now` the camera's own time."""

    def __init__(self, settings: CameraSettings) -> None:
        self._settings = settings
        realm = f"{settings.maker} {settings.serial}"
        quirks = settings.quirks
        self._realm = realm
        self._digest = Digest(settings.user, settings.password, realm, settings.login, quirks.nonce_once)
        self._tokens = Tokens(settings.user, settings.password, settings.token_window, quirks.token_needs_z)
        self._wrong = 0
        self._locked_until = 0.0

    def judge(self, request: HttpRequest, security: etree._Element | None, now: float, device_now: datetime) -> Verdict:
        """Return the verdict, and count a wrong login. While locked, a right one is not taken either."""
        outcome, way = self._check(request, security, now, device_now)
        if outcome is Outcome.ABSENT:
            return Verdict(outcome)
        if now < self._locked_until:
            return Verdict(Outcome.WRONG, way, locked=True, left=0)
        if outcome is Outcome.GOOD:
            self._wrong = 0
        if outcome is Outcome.WRONG:
            return self._refuse(way, now)
        return Verdict(outcome, way)

    def challenges(self, verdict: Verdict, scheme: str, now: float) -> list[str]:
        """Return the WWW-Authenticate headers for somebody who was not let in; none for whoever sent a token."""
        if verdict.way == "token":
            return []
        basic = [f'Basic realm="{self._realm}"'] if self._takes_basic(scheme) else []
        return basic + self._digest.challenges(now, stale=verdict.outcome is Outcome.STALE)

    def _check(
        self, request: HttpRequest, security: etree._Element | None, now: float, device_now: datetime
    ) -> tuple[Outcome, str]:
        header = request.header("authorization")
        if header.startswith("Basic ") and self._takes_basic(request.scheme):
            return self._basic(header), "Basic"
        if header:
            return self._digest.check(header, request.method, request.target, now), "Digest"
        if Way.TOKEN not in self._settings.login:
            return Outcome.ABSENT, ""
        return self._tokens.check(security, device_now), "token"

    def _takes_basic(self, scheme: str) -> bool:
        return self._settings.quirks.offers_basic and scheme == "https"

    def _basic(self, header: str) -> Outcome:
        right = f"{self._settings.user}:{self._settings.password}".encode()
        given = header.partition(" ")[2].strip().encode()
        return Outcome.GOOD if hmac.compare_digest(given, base64.b64encode(right)) else Outcome.WRONG

    def _refuse(self, way: str, now: float) -> Verdict:
        limit = self._settings.lockout_after
        if not limit:
            return Verdict(Outcome.WRONG, way)
        self._wrong += 1
        if self._wrong < limit:
            return Verdict(Outcome.WRONG, way, left=limit - self._wrong)
        self._wrong = 0
        self._locked_until = now + self._settings.lockout_time
        return Verdict(Outcome.WRONG, way, locked=True, left=0)
