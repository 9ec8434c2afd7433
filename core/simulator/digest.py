"""HTTP Digest access authentication, the camera's side (RFC 7616)."""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum, auto

from core.simulator.settings import Way

_LIFETIME = 300.0
_MOST_NONCES = 256
_PARAMETER = re.compile(r'([a-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|\Z)', re.IGNORECASE)
_NAMES = {Way.DIGEST_SHA256: "SHA-256", Way.DIGEST_MD5: "MD5"}


class Outcome(Enum):
    """What became of a login. `STALE` is right, but made for a nonce that is not to be used any more."""

    ABSENT = auto()
    GOOD = auto()
    WRONG = auto()
    STALE = auto()


class Digest:
    """Hands out challenges and checks the answers. A nonce lives five minutes, and each of its counts is good once.

    With `nonce_once` only one of its counts is.
    """

    def __init__(self, user: str, password: str, realm: str, ways: tuple[Way, ...], nonce_once: bool = False) -> None:
        self._user = user
        self._password = password
        self._realm = realm
        self._names = tuple(_NAMES[way] for way in ways if way in _NAMES)
        self._nonce_once = nonce_once
        self._nonces: OrderedDict[str, tuple[float, set[int]]] = OrderedDict()

    @property
    def offered(self) -> bool:
        """Whether the camera takes digests at all."""
        return bool(self._names)

    def challenges(self, now: float, stale: bool = False) -> list[str]:
        """Return a WWW-Authenticate header for each algorithm, the camera's preferred one first."""
        return [self._challenge(name, now, stale) for name in self._names]

    def check(self, header: str, method: str, target: str, now: float) -> Outcome:
        """Judge an Authorization header."""
        scheme, _, rest = header.partition(" ")
        if scheme.lower() != "digest" or not self.offered:
            return Outcome.ABSENT if not header else Outcome.WRONG
        given = _parameters(rest)
        if not self._fits(given, method, target):
            return Outcome.WRONG
        return self._use(given["nonce"], int(given["nc"], 16), now)

    def _challenge(self, name: str, now: float, stale: bool) -> str:
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = (now, set())
        while len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)
        again = ", stale=true" if stale else ""
        return f'Digest realm="{self._realm}", qop="auth", algorithm={name}, nonce="{nonce}"{again}'

    def _fits(self, given: dict[str, str], method: str, target: str) -> bool:
        algorithm = given.get("algorithm", "MD5").upper()
        if algorithm not in self._names or given.get("qop") != "auth" or given.get("realm") != self._realm:
            return False
        counted = re.fullmatch("[0-9a-f]{8}", given.get("nc", ""), re.IGNORECASE)
        if not counted or given.get("uri") != target or not given.get("cnonce"):
            return False
        expected = self._response(_hash(algorithm), given, method)
        right_user = hmac.compare_digest(given.get("username", "").encode(), self._user.encode())
        return hmac.compare_digest(given.get("response", "").lower().encode(), expected.encode()) and right_user

    def _response(self, hashed: Callable[[str], str], given: dict[str, str], method: str) -> str:
        secret = hashed(f"{self._user}:{self._realm}:{self._password}")
        request = hashed(f"{method}:{given['uri']}")
        return hashed(f"{secret}:{given.get('nonce')}:{given['nc']}:{given['cnonce']}:auth:{request}")

    def _use(self, nonce: str, count: int, now: float) -> Outcome:
        made, used = self._nonces.get(nonce, (now - _LIFETIME, set[int]()))
        if now - made >= _LIFETIME or count in used or (used and self._nonce_once):
            return Outcome.STALE
        used.add(count)
        return Outcome.GOOD


def _parameters(text: str) -> dict[str, str]:
    """Return the parameters by name; empty where the header is not well-formed or names one twice."""
    found: dict[str, str] = {}
    position = 0
    text = text.strip()
    while position < len(text):
        match = _PARAMETER.match(text, position)
        if match is None or match[1].lower() in found:
            return {}
        found[match[1].lower()] = re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        position = match.end()
        position += len(text[position:]) - len(text[position:].lstrip())
    return found


def _hash(name: str) -> Callable[[str], str]:
    made = hashlib.sha256 if name == "SHA-256" else hashlib.md5
    return lambda text: made(text.encode(), usedforsecurity=False).hexdigest()
