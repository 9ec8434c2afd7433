"""WS-UsernameToken with a password digest, the camera's side (WSS UsernameToken Profile 1.0)."""

import base64
import hashlib
import hmac
import re
from collections import OrderedDict
from datetime import UTC, datetime, timedelta

from lxml import etree

from core.simulator.digest import Outcome
from core.simulator.soap import WSSE, WSU

_DIGEST_TYPE = "#PasswordDigest"
_MOST_NONCES = 1024
_TIME = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")


class Tokens:
    """Checks tokens. One is good within `window` seconds of the camera's own clock, and once."""

    def __init__(self, user: str, password: str, window: float, needs_z: bool) -> None:
        self._user = user
        self._password = password
        self._window = timedelta(seconds=window)
        self._needs_z = needs_z
        self._used: OrderedDict[bytes, datetime] = OrderedDict()

    def check(self, security: etree._Element | None, now: datetime) -> Outcome:
        """Judge a WS-Security header at the camera's time `now`. `STALE` is right, but too old or seen before."""
        token = security.find(f"{{{WSSE}}}UsernameToken") if security is not None else None
        if token is None:
            return Outcome.ABSENT
        nonce, created = _nonce(token), _text(token, WSU, "Created")
        if nonce is None or not self._fits(token, nonce, created):
            return Outcome.WRONG
        return self._use(nonce, created, now)

    def _fits(self, token: etree._Element, nonce: bytes, created: str) -> bool:
        password = token.find(f"{{{WSSE}}}Password")
        if password is None or not password.get("Type", "").endswith(_DIGEST_TYPE):
            return False
        hashed = hashlib.sha1(nonce + created.encode() + self._password.encode(), usedforsecurity=False).digest()
        right_user = hmac.compare_digest(_text(token, WSSE, "Username").encode(), self._user.encode())
        given = (password.text or "").strip().encode()
        return hmac.compare_digest(given, base64.b64encode(hashed)) and right_user

    def _use(self, nonce: bytes, created: str, now: datetime) -> Outcome:
        at = _time(created, self._needs_z)
        self._forget(now)
        if at is None or abs(at - now) > self._window or nonce in self._used:
            return Outcome.STALE
        self._used[nonce] = now
        return Outcome.GOOD

    def _forget(self, now: datetime) -> None:
        # A token can come back as long as its time of making is within the window, on either side of now.
        while self._used:
            nonce, used = next(iter(self._used.items()))
            if now - used <= 2 * self._window and len(self._used) < _MOST_NONCES:
                return
            del self._used[nonce]


def _nonce(token: etree._Element) -> bytes | None:
    try:
        nonce = base64.b64decode(_text(token, WSSE, "Nonce"), validate=True)
    except ValueError:
        return None
    return nonce or None


def _text(token: etree._Element, namespace: str, name: str) -> str:
    return (token.findtext(f"{{{namespace}}}{name}") or "").strip()


def _time(text: str, needs_z: bool) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None or (needs_z and match[2] != "Z"):
        return None
    try:
        return datetime.fromisoformat(match[1] + match[2]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
