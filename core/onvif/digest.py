"""HTTP Digest (RFC 7616, and RFC 2069 where a device knows no `qop`).

Written out because a stranger chooses the challenge: whatever it says must lead to an answer or to a clear refusal
(rule R18).
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core.model.records import Login

_LONGEST = 8192
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105 - the word `token` of HTTP's grammar
_PIECE = re.compile(
    rf'(?P<key>{_TOKEN})\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^",\s]*))|(?P<scheme>{_TOKEN})', re.DOTALL
)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# Best last.
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5-SESS": _md5,
    "MD5": _md5,
    "SHA-256-SESS": _sha256,
    "SHA-256": _sha256,
}
_RANKS = {name: rank for rank, name in enumerate(_HASHES)}


@dataclass(frozen=True)
class Challenge:
    """One way to log in that a 401 offers. Parameters are as sent, names in lower case."""

    scheme: str
    parameters: dict[str, str]

    @property
    def algorithm(self) -> str:
        """The name of the hash, in upper case."""
        return self.parameters.get("algorithm", "MD5").upper()

    @property
    def stale(self) -> bool:
        """Whether only the nonce was too old (RFC 7616, 3.3)."""
        return self.parameters.get("stale", "").lower() == "true"

    @property
    def quality(self) -> str | None:
        """`auth` where offered, "" where the device knows no quality of protection, None where it wants another."""
        offered = self.parameters.get("qop", "").lower().replace(",", " ").split()
        return "" if not offered else "auth" if "auth" in offered else None

    @property
    def usable(self) -> bool:
        """Whether it can be answered here: a known hash, a nonce, and no protection of the body."""
        known = self.scheme == "digest" and self.algorithm in _HASHES
        return known and bool(self.parameters.get("nonce")) and self.quality is not None


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return the challenges of all WWW-Authenticate headers, of which one may hold several (RFC 9110, 11.6.1)."""
    challenges: list[Challenge] = []
    for header in headers:
        for piece in _PIECE.finditer(header[:_LONGEST]):
            if piece["scheme"]:
                challenges.append(Challenge(piece["scheme"].lower(), {}))
            elif challenges:
                challenges[-1].parameters.setdefault(piece["key"].lower(), _value(piece))
    return challenges


def best(challenges: Iterable[Challenge]) -> Challenge | None:
    """Return the usable Digest challenge with the strongest hash."""
    usable = [challenge for challenge in challenges if challenge.usable]
    return max(usable, key=lambda challenge: _RANKS[challenge.algorithm], default=None)


class Digest:
    """Answers one challenge for one login, again and again, counting as the server expects."""

    def __init__(self, challenge: Challenge, login: Login) -> None:
        self._nonce = challenge.parameters["nonce"]
        self._challenge = challenge
        self._login = login
        self._count = 0

    def is_used_up(self, challenge: Challenge) -> bool:
        """Whether a challenge to the last request wants another nonce than the one which served more than once."""
        return self._count > 1 and challenge.parameters.get("nonce") != self._nonce

    def header(self, method: str, target: str, client_nonce: str = "") -> bytes:
        """Return the value of the Authorization header for a request of `target`, the path as sent.

        The client's nonce is a new one unless given.
        """
        self._count += 1
        given = self._challenge.parameters
        quality, count, ours = self._challenge.quality, f"{self._count:08x}", client_nonce or secrets.token_hex(16)
        counted = f"{count}:{ours}:{quality}:" if quality else ""
        proof = self._hash(f"{self._secret(ours)}:{self._nonce}:{counted}{self._hash(f'{method}:{target}')}")
        fields = [f'username="{_escaped(_wire(self._login.user))}"', f'realm="{_escaped(given.get("realm", ""))}"']
        fields += [f'nonce="{_escaped(self._nonce)}"', f'uri="{target}"', f'response="{proof}"']
        if "algorithm" in given:
            fields.append(f"algorithm={given['algorithm']}")
        if "opaque" in given:
            fields.append(f'opaque="{_escaped(given["opaque"])}"')
        if quality:
            fields.append(f'qop={quality}, nc={count}, cnonce="{ours}"')
        elif self._is_session:
            fields.append(f'cnonce="{ours}"')
        return f"Digest {', '.join(fields)}".encode("latin-1")

    @property
    def _is_session(self) -> bool:
        return self._challenge.algorithm.endswith("-SESS")

    def _secret(self, ours: str) -> str:
        realm = self._challenge.parameters.get("realm", "")
        secret = self._hash(f"{_wire(self._login.user)}:{realm}:{_wire(self._login.password.reveal())}")
        return self._hash(f"{secret}:{self._nonce}:{ours}") if self._is_session else secret

    def _hash(self, text: str) -> str:
        return _HASHES[self._challenge.algorithm](text.encode("latin-1"))


def _value(piece: re.Match[str]) -> str:
    quoted: str | None = piece["quoted"]
    return piece["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


def _escaped(text: str) -> str:
    return re.sub(r'(["\\])', r"\\\1", text)


def _wire(text: str) -> str:
    """Spell UTF-8 in Latin-1, one character a byte: headers of strangers come that way, and must go back unchanged."""
    return text.encode().decode("latin-1")
