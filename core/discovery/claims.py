"""What strangers claim, checked: of an address the port and path, never the host (rule R20), and MAC addresses."""

import re
from typing import NamedTuple

from core.decide.ports import NEVER

_LONGEST_PATH = 256

# Lenient on purpose: some devices write `host:port:port`, and no host is believed anyway.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[^\]/]*\]|[^/:?#]*)(?::(?P<port>[0-9]{1,5}))?(?::[0-9]*)?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?(?:#|\Z)",
    re.IGNORECASE,
)
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%+=,;:@!$&'()*-]*")
_QUERY = re.compile(r"\?[A-Za-z0-9/_.~%+=,;:@!$&'()*?-]*")
_MAC = re.compile(r"[0-9a-f]{12}", re.IGNORECASE)


class Url(NamedTuple):
    """A claimed address. `host` is never connected to; `path` and `query` are empty where they are not sane."""

    scheme: str
    host: str
    port: int
    path: str = ""
    query: str = ""

    def names(self, address: str) -> bool:
        """Tell whether the claimed host is this address; zones are left out, each side has its own (RFC 4007, 6)."""
        return _without_zone(self.host.strip("[]")) == _without_zone(address)


def parse_url(text: str) -> Url | None:
    """Return the parts of an HTTP address; None for what is none, and for ports that no device is asked at."""
    match = _URL.match(text)
    if not match:
        return None
    scheme = match["scheme"].lower()
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not is_usable(port):
        return None
    path = _sane(_PATH, match["path"])
    return Url(scheme, match["host"], port, path, _sane(_QUERY, match["query"]) if path else "")


def is_usable(port: int) -> bool:
    """Tell whether a claimed port may be tried: a stranger must not send us to another service (rule R28)."""
    return 0 < port < 65536 and port not in NEVER


def mac_of(text: str) -> str:
    """Return the MAC address of one interface as `00:40:8c:…`; empty for what is none, or one that many share."""
    digits = text.translate({ord(":"): None, ord("-"): None}).lower()
    if not _MAC.fullmatch(digits) or digits == "0" * 12 or int(digits[1], 16) & 1:
        return ""
    return ":".join(digits[start : start + 2] for start in range(0, 12, 2))


def _without_zone(host: str) -> str:
    return host.partition("%")[0].lower()


def _sane(pattern: re.Pattern[str], text: str | None) -> str:
    sane = text and len(text) <= _LONGEST_PATH and pattern.fullmatch(text) and ".." not in text
    return text if text and sane else ""
