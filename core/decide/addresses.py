"""Addresses as technicians type them: what is meant, or which part of it is wrong."""

import ipaddress
import re
from dataclasses import dataclass
from typing import NoReturn

from core.model.errors import UsageError
from core.model.text import clean

HTTP_PORT = 80

_URL = re.compile(r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?(?P<place>[^/?#]*)(?P<rest>[/?#].*)?", re.DOTALL)
_PLACE = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>[^:]*))?")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_LONGEST = 512
_EXAMPLES = (
    "Examples: 192.168.20.1, 192.168.20.1:4443, https://cam-7.local:8443, http://192.168.20.1, [fe80::1%eth1]:443."
)


@dataclass(frozen=True, slots=True)
class Target:
    """One device to connect to. `scheme` is `http` or `https` where the address says which, else empty."""

    host: str
    port: int | None = None
    scheme: str = ""

    @property
    def is_name(self) -> bool:
        """Whether `host` still has to be resolved."""
        return _parsed_ip(self.host) is None

    def __str__(self) -> str:
        return show_address(self.host, self.port, self.scheme)


def show_address(host: str, port: int | None, scheme: str = "") -> str:
    """Return `host:port` as people write it: without the port that the scheme implies, IPv6 in brackets."""
    usual = {"http": 80, "https": 443}.get(scheme)
    place = f"[{host}]" if ":" in host else host
    return place if port in (None, usual) else f"{place}:{port}"


def parse_address(text: str) -> Target:
    """Read what a technician typed. `http://` or port 80 means HTTP; `https://` means HTTPS and nothing else.

    Raises `UsageError` naming the part that is wrong. A path is allowed and not used: devices tell their own.
    """
    stripped = text.strip()
    url = _URL.fullmatch(stripped)
    if not stripped or len(stripped) > _LONGEST or url is None:
        _refuse(text, "it is empty" if not stripped else "it is too long")
    if "@" in url["place"]:
        # Only the end of it is told again: what stands before may be a password.
        _refuse("…@" + url["place"].rpartition("@")[2], "a user name and a password are given on their own")
    place = _PLACE.fullmatch(_bracketed(url["place"]))
    if place is None:
        _refuse(text, "there is more than one ':' (put an IPv6 address in brackets)")
    scheme = _scheme(text, url["scheme"])
    port = _port(text, place["port"])
    host = _host(text, place["host"])
    return Target(host, port, scheme or ("http" if port == HTTP_PORT else ""))


def _bracketed(place: str) -> str:
    return f"[{place}]" if place.count(":") > 1 and _parsed_ip(place) is not None else place


def _scheme(text: str, scheme: str | None) -> str:
    lowered = (scheme or "").lower()
    if lowered not in ("", "http", "https"):
        _refuse(text, f"'{clean(lowered)}://' is neither http:// nor https://")
    return lowered


def _port(text: str, port: str | None) -> int | None:
    if port is None:
        return None
    if not (port.isascii() and port.isdigit()):
        _refuse(text, f"the port '{clean(port)}' is not a number")
    if len(port) > 5 or not 1 <= int(port) <= 65535:
        _refuse(text, f"the port {clean(port)} is not between 1 and 65535")
    return int(port)


def _host(text: str, host: str) -> str:
    if not host:
        _refuse(text, "the host is missing")
    if host.startswith("["):
        return _ip_host(text, host[1:-1], "is not an IPv6 address", 6)
    if re.fullmatch(r"[0-9.]+", host):
        return _ip_host(text, host, "is not an IPv4 address", 4)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.removesuffix(".").split(".")):
        _refuse(text, f"'{clean(host)}' is not a host name")
    return host.removesuffix(".").lower()


def _ip_host(text: str, host: str, complaint: str, version: int) -> str:
    address = _parsed_ip(host)
    if address is None or address.version != version:
        _refuse(text, f"'{clean(host)}' {complaint}")
    if address.is_multicast or address.is_unspecified or host == "255.255.255.255":
        _refuse(text, f"{address} is not the address of one device")
    return str(address)


def _parsed_ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _refuse(text: str, why: str) -> NoReturn:
    raise UsageError(f"'{clean(text)}' is no address of a device: {why}.", _EXAMPLES)
